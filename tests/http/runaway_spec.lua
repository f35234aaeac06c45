--- Handlers that would run, recurse or grow for ever: each ends in a failure on record, and the host serves others
-- meanwhile.
local client = require "support.client"
local expect = require "support.expect"
local server = require "support.server"

describe("the host", function()
  local host

  setup(function()
    host = server.start {
      scripts = server.source("tests/http/apps/runaway"), env = { MULLIGAN_DEADLINE = 3, MULLIGAN_BUNDLES = 4 },
    }
  end)

  teardown(function()
    host:stop()
  end)

  for _, name in ipairs {
    "gsub", "pcall", "recursion", "loop", "loop-pcall", "loop-xpcall", "loop-coroutine", "loop-wrap", "loop-metamethod",
    "loop-tostring", "loop-close", "sort", "string", "string-pcall", "table",
  } do
    it("ends " .. name .. " and answers others meanwhile", function()
      local connection = client.open(host)
      connection:send(client.serialize(host, { path = "/runaway/" .. name .. "/" }))
      for _ = 1, 10 do
        assert.are.equal(200, client.get(host, "/alive/").status)
      end
      local response = assert(connection:receive("GET"))
      connection:close()
      assert.is_truthy(response.status == 500 or response.status == 503, "got " .. response.status)
      local reference = expect.failure(response, response.status)

      local shown = host:cli("errors", "show", reference, "--json")
      assert.are.equal(0, shown.status, shown.stderr)
      assert.is_truthy(shown.stdout:find("/runaway/" .. name .. "/", 1, true), shown.stdout)
    end)
  end

  it("ends as many at once as there are states, and recovers", function()
    local requests = {}
    for index, name in ipairs {
      "loop", "loop-pcall", "sort", "gsub", "table", "loop-coroutine", "string", "loop-close",
    } do
      requests[index] = { path = "/runaway/" .. name .. "/" }
    end
    for _, response in ipairs(client.many(host, requests)) do
      assert.is_truthy(response.status == 500 or response.status == 503, "got " .. response.status)
      expect.failure(response, response.status)
    end
    host:eventually("a state is free again", function()
      return client.get(host, "/alive/").status == 200
    end)
  end)
end)
