--- Joining a seminar: POST seminar/{id}/user/.
local client = require "support.client"
local expect = require "support.expect"
local json = require "mulligan.json"
local server_support = require "support.server"
local service = require "support.service"

describe("joining", function()
  local server

  setup(function()
    server = server_support.start {}
  end)

  teardown(function()
    server:stop()
  end)

  local function path(seminar)
    return ("/api/v1/seminar/%s/user/"):format(seminar.id)
  end

  local function open(more)
    return service.seminar(server, service.instructor(server), more)
  end

  local function refused(status, app_code, response)
    assert.are.equal(app_code, expect.refusal(response, status).app_code, response.body)
  end

  local function both_profiles()
    local who <const> = service.instructor(server)
    assert.are.equal(201, client.json(server, "POST", "/api/v1/user/participant/", {}, who.headers).status)
    return who
  end

  for _, encoding in ipairs(service.ENCODINGS) do
    it("makes a participant, as " .. encoding, function()
      local seminar <const>, who <const> = open(), service.signup(server)
      local response <const> = client[encoding](server, "POST", path(seminar), { role = "participant" }, who.headers)
      assert.are.equal(201, response.status, response.body)
      local people <const> = response.json().participants
      assert.are.equal(1, #people)
      assert.are.equal(who.id, people[1].id)
      assert.is_true(people[1].is_active)
      assert.are.equal(json.null, people[1].dropped_at)
      assert.are.same(response.json(), service.show(server, who, seminar))
    end)

    it("makes a second instructor, as " .. encoding, function()
      local seminar <const>, who <const> = open { capacity = 1 }, service.instructor(server)
      service.join(server, service.signup(server), seminar) -- instructors take no place
      local response <const> = client[encoding](server, "POST", path(seminar), { role = "instructor" }, who.headers)
      assert.are.equal(201, response.status, response.body)
      assert.are.equal(2, #response.json().instructors)
      assert.are.equal(seminar.id, service.me(server, who).instructor.charge.id)
    end)

    it("is refused for a role that is none, as " .. encoding, function()
      local seminar <const>, who <const> = open(), service.signup(server)
      for _, fields in ipairs { {}, { role = "" }, { role = "listener" }, { role = "PARTICIPANT" } } do
        local response <const> = client[encoding](server, "POST", path(seminar), fields, who.headers)
        assert.is_table(expect.refusal(response, 400).role, response.body)
      end
    end)
  end

  it("lets the new instructor change the seminar", function()
    local seminar <const>, who <const> = open(), service.instructor(server)
    service.join(server, who, seminar, "instructor")
    local response <const> = client.json(server, "PUT", "/api/v1/seminar/" .. seminar.id .. "/", { count = 9 },
      who.headers)
    assert.are.equal(9, response.json().count)
  end)

  it("is refused for a seminar that is not there, before the role is looked at", function()
    local who <const> = service.signup(server)
    for _, id in ipairs { "999999", "one", "99999999999999999999" } do
      refused(404, 3001, client.json(server, "POST", path { id = id }, { role = "listener" }, who.headers))
    end
  end)

  it("is refused to who dropped it, whatever else is true", function()
    local seminar <const>, who <const> = open { capacity = 1 }, service.signup(server)
    service.join(server, who, seminar)
    service.drop(server, who, seminar)
    refused(400, 4001, service.join(server, who, seminar))
    refused(400, 4001, service.join(server, who, seminar, "instructor"))
    service.join(server, service.signup(server), seminar)
    refused(400, 4001, service.join(server, who, seminar))
    -- The role is looked at first.
    assert.is_table(expect.refusal(service.join(server, who, seminar, "listener"), 400).role)
  end)

  it("is refused to who is in it, in any role", function()
    local seminar <const>, who <const> = open { capacity = 1 }, service.signup(server)
    service.join(server, who, seminar)
    refused(400, 4002, service.join(server, who, seminar))
    -- Also where the profile that the role needs is missing.
    refused(400, 4002, service.join(server, who, seminar, "instructor"))
    local instructor <const> = both_profiles()
    local own <const> = service.seminar(server, instructor)
    refused(400, 4002, service.join(server, instructor, own))
    refused(400, 4002, service.join(server, instructor, own, "instructor"))
  end)

  it("is refused to who lacks the profile, before places are counted", function()
    local seminar <const> = open { capacity = 1 }
    refused(403, 3003, service.join(server, service.signup(server), seminar, "instructor"))
    service.join(server, service.signup(server), seminar)
    local instructor <const> = service.instructor(server)
    refused(403, 4003, service.join(server, instructor, seminar))
  end)

  it("is refused to a participant who is not accepted, before places are counted", function()
    local seminar <const>, who <const> = open { capacity = 1 }, service.signup(server, { accepted = "false" })
    refused(403, 4004, service.join(server, who, seminar))
    service.join(server, service.signup(server), seminar)
    refused(403, 4004, service.join(server, who, seminar))
  end)

  it("is refused when the seminar is full; a drop frees a place", function()
    local seminar <const> = open { capacity = 2 }
    local first <const>, second <const>, third <const> =
      service.signup(server), service.signup(server), service.signup(server)
    assert.are.equal(201, service.join(server, first, seminar).status)
    assert.are.equal(201, service.join(server, second, seminar).status)
    refused(400, 4005, service.join(server, third, seminar))
    service.drop(server, first, seminar)
    local response <const> = service.join(server, third, seminar)
    assert.are.equal(201, response.status, response.body)
    assert.are.equal(3, #response.json().participants)
    refused(400, 4005, service.join(server, service.signup(server), seminar))
  end)

  it("is refused to an instructor who is in charge of a seminar already", function()
    local seminar <const>, who <const> = open(), service.instructor(server)
    service.seminar(server, who)
    refused(400, 4006, service.join(server, who, seminar, "instructor"))
  end)

  it("is open as a participant to an instructor in charge of another", function()
    local who <const> = both_profiles()
    service.seminar(server, who)
    local seminar <const> = open()
    assert.are.equal(201, service.join(server, who, seminar).status)
    local me <const> = service.me(server, who)
    assert.are.equal(seminar.id, me.participant.seminars[1].id)
    assert.are_not.equal(seminar.id, me.instructor.charge.id)
  end)

  it("allows POST and DELETE only", function()
    local who <const> = service.signup(server)
    local response <const> = client.get(server, path(open()), who.headers)
    expect.refusal(response, 405)
    assert.are.equal("POST, DELETE, OPTIONS", response.headers.allow)
  end)
end)
