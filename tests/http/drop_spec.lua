--- Dropping a seminar: DELETE seminar/{id}/user/.
local client = require "support.client"
local expect = require "support.expect"
local server_support = require "support.server"
local service = require "support.service"

describe("dropping", function()
  local server

  setup(function()
    server = server_support.start {}
  end)

  teardown(function()
    server:stop()
  end)

  it("leaves the row, inactive, and says when", function()
    local seminar <const> = service.seminar(server, service.instructor(server))
    local who <const> = service.signup(server)
    local joined <const> = service.join(server, who, seminar).json().participants[1]
    local response <const> = service.drop(server, who, seminar)
    assert.are.equal(200, response.status, response.body)
    local dropped <const> = response.json().participants[1]
    assert.are.equal(who.id, dropped.id)
    assert.is_false(dropped.is_active)
    assert.are.equal(joined.joined_at, dropped.joined_at)
    assert.truthy(dropped.dropped_at >= dropped.joined_at)
    assert.are.same(response.json(), service.show(server, who, seminar))
  end)

  it("changes nothing the second time", function()
    local seminar <const> = service.seminar(server, service.instructor(server))
    local who <const> = service.signup(server)
    service.join(server, who, seminar)
    local first <const> = service.drop(server, who, seminar)
    local second <const> = service.drop(server, who, seminar)
    assert.are.equal(200, second.status)
    assert.are.equal(first.body, second.body)
  end)

  it("is fine for who is not in the seminar", function()
    local seminar <const> = service.seminar(server, service.instructor(server))
    for _, who in ipairs { service.signup(server), service.instructor(server) } do
      local response <const> = service.drop(server, who, seminar)
      assert.are.equal(200, response.status, response.body)
      assert.are.same(seminar, response.json())
    end
  end)

  it("ignores a body, whatever it is", function()
    local seminar <const> = service.seminar(server, service.instructor(server))
    for content_type, body in pairs {
      ["application/json"] = '{"role": ', ["text/plain"] = "please", ["multipart/form-data"] = "x",
    } do
      local who <const> = service.signup(server)
      service.join(server, who, seminar)
      local response <const> = client.request(server, {
        method = "DELETE", path = ("/api/v1/seminar/%d/user/"):format(seminar.id), body = body,
        headers = { ["Content-Type"] = content_type, Authorization = who.headers.Authorization },
      })
      assert.are.equal(200, response.status, response.body)
      assert.is_false(service.by_id(response.json().participants, who.id).is_active)
    end
  end)

  it("is refused for a seminar that is not there", function()
    local who <const> = service.signup(server)
    for _, id in ipairs { "999999", "one", "99999999999999999999" } do
      local response <const> = client.request(server, {
        method = "DELETE", path = "/api/v1/seminar/" .. id .. "/user/", headers = who.headers,
      })
      assert.are.equal(3001, expect.refusal(response, 404).app_code)
    end
  end)

  it("is refused to an instructor of the seminar, and changes nothing", function()
    local owner <const>, second <const> = service.instructor(server), service.instructor(server)
    local seminar <const> = service.seminar(server, owner)
    service.join(server, second, seminar, "instructor")
    local before <const> = service.show(server, owner, seminar)
    for _, who in ipairs { owner, second } do
      assert.are.equal(4007, expect.refusal(service.drop(server, who, seminar), 403).app_code)
    end
    assert.are.same(before, service.show(server, owner, seminar))
  end)
end)
