--- Rules that hold when everybody comes at once.
local client = require "support.client"
local json = require "mulligan.json"
local server_support = require "support.server"
local service = require "support.service"

local CROWD <const> = 50

describe("a crowd", function()
  local server, crowd

  setup(function()
    server = server_support.start {}
    crowd = {}
    for index = 1, CROWD do
      crowd[index] = service.signup(server)
    end
  end)

  teardown(function()
    server:stop()
  end)

  local function join_request(who, seminar)
    return {
      method = "POST", path = ("/api/v1/seminar/%d/user/"):format(seminar.id),
      body = json.encode { role = "participant" },
      headers = { ["Content-Type"] = "application/json", Authorization = who.headers.Authorization },
    }
  end

  local function drop_request(who, seminar)
    return { method = "DELETE", path = ("/api/v1/seminar/%d/user/"):format(seminar.id), headers = who.headers }
  end

  local function count(responses, status)
    local number = 0
    for _, response in ipairs(responses) do
      number = number + (response.status == status and 1 or 0)
    end
    return number
  end

  local function active(seminar)
    local number = 0
    for _, person in ipairs(service.show(server, crowd[1], seminar).participants) do
      number = number + (person.is_active and 1 or 0)
    end
    return number
  end

  it("of fifty who join at once for one free place: one gets it", function()
    local seminar <const> = service.seminar(server, service.instructor(server), { capacity = 1 })
    local requests <const> = {}
    for index, who in ipairs(crowd) do
      requests[index] = join_request(who, seminar)
    end
    local responses <const> = client.many(server, requests)
    assert.are.equal(1, count(responses, 201))
    assert.are.equal(CROWD - 1, count(responses, 400))
    for _, response in ipairs(responses) do
      assert.truthy(response.status == 201 or response.json().app_code == 4005)
    end
    assert.are.equal(1, active(seminar))
  end)

  it("of one who joins fifty times at once: in it once", function()
    local seminar <const> = service.seminar(server, service.instructor(server), { capacity = CROWD })
    local requests <const> = {}
    for index = 1, CROWD do
      requests[index] = join_request(crowd[2], seminar)
    end
    local responses <const> = client.many(server, requests)
    assert.are.equal(1, count(responses, 201))
    assert.are.equal(CROWD - 1, count(responses, 400))
    assert.are.equal(1, #service.show(server, crowd[2], seminar).participants)
  end)

  it("who drop and join and a capacity that shrinks: never more than it holds", function()
    local owner <const> = service.instructor(server)
    local seminar <const> = service.seminar(server, owner, { capacity = CROWD // 2 })
    for index = 1, CROWD // 2 do
      assert.are.equal(201, service.join(server, crowd[index], seminar).status)
    end
    local requests <const> = {}
    for index = 1, CROWD // 2 do
      requests[#requests + 1] = drop_request(crowd[index], seminar)
      requests[#requests + 1] = join_request(crowd[CROWD // 2 + index], seminar)
      requests[#requests + 1] = {
        method = "PUT", path = ("/api/v1/seminar/%d/"):format(seminar.id), body = json.encode { capacity = index },
        headers = { ["Content-Type"] = "application/json", Authorization = owner.headers.Authorization },
      }
    end
    local responses <const> = client.many(server, requests)
    for _, response in ipairs(responses) do
      assert.truthy(response.status == 200 or response.status == 201 or response.status == 400, response.body)
    end
    local after <const> = service.show(server, owner, seminar)
    assert.truthy(active(seminar) <= after.capacity)
    -- Every drop is there, and nobody is in it who was told no.
    local joined = 0
    for index, response in ipairs(responses) do
      if index % 3 == 1 then
        assert.are.equal(200, response.status, response.body)
      elseif index % 3 == 2 then
        joined = joined + (response.status == 201 and 1 or 0)
      end
    end
    assert.are.equal(joined, active(seminar))
  end)

  it("of instructors who join at once: each in charge of one seminar", function()
    local instructor <const> = service.instructor(server)
    local requests <const> = {}
    for index = 1, 5 do
      local seminar <const> = service.seminar(server, service.instructor(server))
      requests[index] = join_request(instructor, seminar)
      requests[index].body = json.encode { role = "instructor" }
    end
    local responses <const> = client.many(server, requests)
    assert.are.equal(1, count(responses, 201))
    assert.are.equal(4, count(responses, 400))
  end)
end)
