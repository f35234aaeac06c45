--- Stopping: what is in flight is finished, what comes then is refused, and nothing hangs.
local client = require "support.client"
local server = require "support.server"

local EDGE <const> = server.source("tests/http/apps/edge")

describe("a graceful stop", function()
  local host

  before_each(function()
    host = server.start { scripts = EDGE }
  end)

  after_each(function()
    host:forget()
  end)

  --- Sends requests that work for a second, and returns their connections once all of them run.
  local function begin(count)
    local connections = {}
    for index = 1, count do
      connections[index] = client.open(host)
      connections[index]:send(client.serialize(host, { path = ("/work/%d/"):format(index) }))
    end
    for index = 1, count do
      host:eventually("work has begun", function()
        return client.get(host, ("/work/%d/begun/"):format(index)).json().begun
      end)
    end
    return connections
  end

  for _, signal in ipairs { "TERM", "INT" } do
    it("by SIG" .. signal .. " finishes what is in flight", function()
      local connections = begin(2)
      host:signal(signal)
      for index, connection in ipairs(connections) do
        local response = assert(connection:receive("GET"))
        assert.are.equal(200, response.status)
        assert.are.equal(tostring(index), response.json().done)
        assert.is_true(connection:ended())
        connection:close()
      end
      assert.are.equal(0, host:wait(), host:log())
      server.assert_clean(host:log())
    end)
  end

  it("refuses what comes meanwhile, in words or at the door", function()
    local connections = begin(1)
    local idle = client.open(host)
    assert.are.equal(200, idle:request { path = "/text/a/" }.status)
    host:signal("TERM")
    -- Until the signal has been seen, requests are served as ever.
    host:eventually("a request is refused", function()
      local connection = client.open(host)
      if not connection then
        return true
      end
      connection:send(client.serialize(host, { path = "/text/late/" }, true))
      local response = connection:receive("GET")
      connection:close()
      if response and response.status == 503 then
        assert.is_true(#response.body > 0)
        assert.are.equal("close", response.headers.connection:lower())
      end
      return not response or response.status == 503
    end)
    idle:send(client.serialize(host, { path = "/text/late/" }, true))
    local late = idle:receive("GET")
    assert.is_true(not late or late.status == 503)
    idle:close()
    assert.are.equal(200, connections[1]:receive("GET").status)
    connections[1]:close()
    assert.are.equal(0, host:wait(), host:log())
  end)

  it("ends, though clients hold on to it that ask for nothing, or for half of something", function()
    host:stop()
    host = server.start { scripts = EDGE, env = { MULLIGAN_DRAIN_TIMEOUT = 0.2 } }
    local quiet, half, unread = client.open(host), client.open(host), client.open(host)
    quiet:request { path = "/text/a/" }
    half:send("POST /echo/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")
    unread:send("GET /big/ HTTP/1.1\r\nHost: x\r\n\r\n")
    host:signal("TERM")
    assert.are.equal(0, host:wait(), host:log())
    quiet:close()
    half:close()
    unread:close()
  end)

  it("frees the port for the next one", function()
    local port = host.port
    client.get(host, "/text/a/")
    host:stop()
    local started, next_one = pcall(server.start, { scripts = EDGE, args = { "--port", tostring(port) } })
    if not started then -- a program of somebody else's may just have been given that port: another is tried
      assert.is_truthy(next_one:find(tostring(port), 1, true), next_one)
      host = server.start { scripts = EDGE }
      port = host.port
      client.get(host, "/text/a/")
      host:stop()
      next_one = server.start { scripts = EDGE, args = { "--port", tostring(port) } }
    end
    assert.are.equal(port, next_one.port)
    assert.are.equal(200, client.get(next_one, "/text/a/").status)
    next_one:stop()
  end)

  it("ends a handler that outlasts the wait", function()
    local stubborn = server.start {
      scripts = server.source("tests/http/apps/runaway"),
      env = { MULLIGAN_DRAIN_TIMEOUT = 0.2, MULLIGAN_DEADLINE = 3600 },
    }
    local connection = client.open(stubborn)
    connection:send(client.serialize(stubborn, { path = "/runaway/loop/" }))
    assert.are.equal(200, client.get(stubborn, "/alive/").status)
    stubborn:signal("TERM")
    assert.are.equal(0, stubborn:wait(), stubborn:log()) -- and not in the hour that the handler would have had
    connection:close()
    server.assert_clean(stubborn:log())
    stubborn:forget()
  end)

  it("asked for twice does not wait for what is in flight", function()
    local stubborn = server.start {
      scripts = server.source("tests/http/apps/runaway"),
      env = { MULLIGAN_DRAIN_TIMEOUT = 3600, MULLIGAN_DEADLINE = 3600 },
    }
    local connection = client.open(stubborn)
    connection:send(client.serialize(stubborn, { path = "/runaway/loop/" }))
    assert.are.equal(200, client.get(stubborn, "/alive/").status)
    stubborn:signal("TERM")
    stubborn:eventually("the first signal was seen", function()
      return stubborn:log():find("stopping", 1, true)
    end)
    stubborn:signal("TERM")
    assert.are.equal(128 + 15, stubborn:wait(), stubborn:log())
    connection:close()
    server.assert_clean(stubborn:log())
    stubborn:forget()
  end)
end)
