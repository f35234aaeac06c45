--- Becoming a participant as well: POST user/participant/.
local client = require "support.client"
local expect = require "support.expect"
local server_support = require "support.server"
local service = require "support.service"

local PATH <const> = "/api/v1/user/participant/"

describe("an instructor who becomes a participant", function()
  local server

  setup(function()
    server = server_support.start {}
  end)

  teardown(function()
    server:stop()
  end)

  for _, encoding in ipairs(service.ENCODINGS) do
    it("has both profiles, as " .. encoding, function()
      local who <const> = service.instructor(server)
      local response <const> = client[encoding](server, "POST", PATH, { university = "KAIST", accepted = "False" },
        who.headers)
      assert.are.equal(201, response.status, response.body)
      local user <const> = response.json()
      assert.are.equal("KAIST", user.participant.university)
      assert.is_false(user.participant.accepted)
      assert.are.equal(0, #user.participant.seminars)
      assert.is_table(user.instructor)
      assert.are.same(user, service.me(server, who))
    end)
  end

  it("needs to say nothing", function()
    local who <const> = service.instructor(server)
    local response <const> = client.request(server, { method = "POST", path = PATH, headers = who.headers })
    assert.are.equal(201, response.status, response.body)
    local profile <const> = response.json().participant
    assert.are.equal("", profile.university)
    assert.is_true(profile.accepted)
  end)

  it("is refused for bad fields, by their names", function()
    local who <const> = service.instructor(server)
    local body <const> = expect.refusal(client.json(server, "POST", PATH, {
      university = ("x"):rep(151), accepted = "maybe",
    }, who.headers), 400)
    assert.is_table(body.university)
    assert.is_table(body.accepted)
  end)

  it("is refused to who is one already", function()
    local participant <const>, both <const> = service.signup(server), service.instructor(server)
    assert.are.equal(201, client.json(server, "POST", PATH, {}, both.headers).status)
    for _, who in ipairs { participant, both } do
      for _, fields in ipairs { {}, { accepted = "maybe" } } do
        assert.are.equal(2003, expect.refusal(client.json(server, "POST", PATH, fields, who.headers), 400).app_code)
      end
    end
  end)

  it("is made once, however often it is asked for at once", function()
    local who <const> = service.instructor(server)
    local requests <const> = {}
    for index = 1, 10 do
      requests[index] = { method = "POST", path = PATH, headers = who.headers }
    end
    local made = 0
    for _, response in ipairs(client.many(server, requests)) do
      made = made + (response.status == 201 and 1 or 0)
      assert.truthy(response.status == 201 or response.status == 400, response.body)
    end
    assert.are.equal(1, made)
  end)

  it("is asked for by POST only", function()
    local who <const> = service.instructor(server)
    for _, method in ipairs { "GET", "PUT", "PATCH", "DELETE" } do
      local response <const> = client.request(server, { method = method, path = PATH, headers = who.headers })
      expect.refusal(response, 405)
      assert.are.equal("POST, OPTIONS", response.headers.allow)
    end
  end)
end)
