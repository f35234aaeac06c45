--- Which failed requests are kept for the debug page's console, and what becomes of the others.
local client = require "support.client"
local console = require "support.debug_console"
local server = require "support.server"
local shell = require "support.shell"

local KEPT <const> = 50

describe("what is kept", function()
  local host

  local function stop()
    if host then
      host:stop()
    end
    host = nil
  end

  after_each(stop)

  local function evaluate(id, code)
    return console.post(host, "evaluate", { request = id, level = 1, code = code or "1" })
  end

  it("are the fifty used last; what goes closes what it has to; where that never ends it costs a state", function()
    host = console.start { env = { MULLIGAN_BUNDLES = 1 } }
    console.unlock(host)
    local closing, for_ever = console.fail(host, "/closing/"), console.fail(host, "/closing-for-ever/")
    local ids = {}
    for index = 1, KEPT - 2 do
      ids[index] = console.fail(host, "/order/5/")
    end
    assert.are.equal(0, client.get(host, "/closed/").json().closed)
    assert.are.equal(200, evaluate(closing).status)
    assert.are.equal(200, evaluate(for_ever).status) -- so the first order is now the one used longest ago
    ids[#ids + 1] = console.fail(host, "/order/5/")
    local body = console.refused(evaluate(ids[1]), 410, "crowded_out")
    assert.is_truthy(body.detail:find("last 50", 1, true))
    for index = 2, #ids do
      assert.are.equal(200, evaluate(ids[index]).status)
    end

    assert.are.equal(0, client.get(host, "/closed/").json().closed)
    console.fail(host, "/order/5/")
    console.refused(evaluate(closing), 410, "crowded_out")
    assert.are.equal(1, client.get(host, "/closed/").json().closed)
    assert.are.equal(200, evaluate(ids[2]).status)

    console.fail(host, "/order/5/")
    assert.are.equal(200, client.get(host, "/closed/").status)
    console.refused(evaluate(for_ever), 410, "crowded_out")
    assert.is_truthy(({ retired = true, crowded_out = true })[evaluate(ids[2]).json().code])
  end)

  -- Starts the host on scripts of the test's own, and returns their folder.
  local function start_on_copy()
    local scripts <const> = shell.temporary_folder()
    finally(function()
      stop()
      shell.remove(scripts)
    end)
    shell.run { "cp", "-r", server.source("tests/http/apps/frames/."), scripts }
    host = console.start { scripts = scripts }
    console.unlock(host)
    return scripts
  end

  it("is dropped by a reload, and the console says so", function()
    local scripts <const> = start_on_copy()
    local id = console.fail(host, "/order/5/")
    shell.write(scripts .. "/lib/later.lua", "return {}\n")
    host:signal("HUP")
    local response = host:eventually("the scripts are loaded anew", function()
      local response = evaluate(id)
      return response.status ~= 200 and response
    end)
    assert.is_truthy(console.refused(response, 410, "reloaded").detail:find("loaded anew", 1, true))
    assert.are.equal(200, evaluate((console.fail(host, "/order/5/"))).status)
  end)

  it("does not hold up a reload, nor the stop, whatever it has to close", function()
    local scripts <const> = start_on_copy()
    local id = console.fail(host, "/closing-for-ever/")
    shell.write(scripts .. "/lib/later.lua", "return {}\n")
    host:signal("HUP")
    host:eventually("the scripts are loaded anew", function()
      return evaluate(id).status ~= 200
    end)
    shell.write(scripts .. "/lib/later.lua", "return { later = true }\n")
    id = console.fail(host, "/closing-for-ever/")
    host:signal("HUP")
    host:eventually("the scripts are loaded anew, again", function()
      return evaluate(id).status ~= 200
    end)
    console.fail(host, "/closing-for-ever/") -- for the stop
  end)

  it("gives way where it takes up half of a Lua state's memory", function()
    host = console.start { env = { MULLIGAN_BUNDLES = 1, MULLIGAN_MEMORY_LIMIT = 32 * 1024 * 1024 } }
    console.unlock(host)
    local first, second = console.fail(host, "/large/6/"), console.fail(host, "/large/6/")
    assert.are.equal(200, evaluate(first).status)
    local third = console.fail(host, "/large/6/")
    console.refused(evaluate(first), 410, "too_large")
    assert.are.equal(200, evaluate(second).status)
    assert.are.equal(200, evaluate(third).status)
  end)

  it("is not kept if it alone takes up half of that", function()
    host = console.start { env = { MULLIGAN_BUNDLES = 1, MULLIGAN_MEMORY_LIMIT = 32 * 1024 * 1024 } }
    console.unlock(host)
    console.refused(evaluate((console.fail(host, "/large/17/"))), 410, "too_large")
    assert.are.equal(200, client.get(host, "/closed/").status)
  end)

  it("is lost with its Lua state when the console's code runs for ever, and everything else goes on", function()
    host = console.start { env = { MULLIGAN_BUNDLES = 1, MULLIGAN_DEADLINE = 1 } }
    console.unlock(host)
    for _, code in ipairs {
      "while true do end", "repeat pcall(error) until false", "coroutine.wrap(function() while true do end end)()",
      [[require "mulligan.db".query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) " ..
        "SELECT max(i) FROM n")]],
    } do
      local id, other = console.fail(host, "/order/5/"), console.fail(host, "/order/6/")
      local answer = evaluate(id, code).json()
      assert.is_truthy(answer.error:find("it ran for too long", 1, true), answer.error)
      assert.is_false(answer.kept)
      console.refused(evaluate(id), 410, "retired")
      console.refused(evaluate(other), 410, "retired")
      assert.are.equal(200, client.get(host, "/closed/").status)
    end
  end)

  it("is lost the same way when the code eats all memory", function()
    host = console.start { env = { MULLIGAN_BUNDLES = 1, MULLIGAN_MEMORY_LIMIT = 16 * 1024 * 1024 } }
    console.unlock(host)
    local id = console.fail(host, "/order/5/")
    local answer = evaluate(id, "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1e6) .. i end").json()
    assert.is_truthy(answer.error:find("too much memory", 1, true), answer.error)
    console.refused(evaluate(id), 410, "retired")
    assert.are.equal(200, client.get(host, "/closed/").status)
  end)

  it("waits its turn while its Lua state serves a request, and says so when that takes too long", function()
    host = console.start { env = { MULLIGAN_BUNDLES = 1, MULLIGAN_POOL_WAIT = 0.2 } }
    console.unlock(host)
    -- A machine that is so busy that a request held for a second is over before the console asks needs a longer one.
    local id, response
    for _, path in ipairs { "/hold/", "/hold/longer/" } do
      id = console.fail(host, "/order/5/")
      local connection = assert(client.open(host))
      connection:send(client.serialize(host, { path = path }))
      host:eventually("the request runs", function()
        return host:log():find("holding " .. path, 1, true)
      end)
      response = evaluate(id)
      assert.are.equal(503, connection:receive("GET").status) -- stopped at its deadline, and its state with it
      connection:close()
      if response.status == 503 then
        break
      end
    end
    console.refused(response, 503, "busy")
    assert.is_truthy(response.headers["retry-after"])
    console.refused(evaluate(id), 410, "retired")
  end)

  it("answers many at once, while requests are served", function()
    host = console.start { env = { MULLIGAN_BUNDLES = 2 } }
    console.unlock(host)
    local ids = {}
    for index = 1, 4 do
      ids[index] = console.fail(host, ("/order/%d/"):format(10 + index))
    end
    local requests = {}
    for round = 0, 5 do
      for index, id in ipairs(ids) do
        local question = { request = id, level = 1, code = "order.amount" }
        requests[round * 8 + index] = console.request(host, "evaluate", question)
        requests[round * 8 + 4 + index] = { path = index == 1 and "/order/7/" or "/orders/" }
      end
    end
    for position, response in ipairs(client.many(host, requests)) do
      local index = (position - 1) % 8 + 1
      if index <= 4 then
        assert.are.equal(200, response.status, response.body)
        assert.are.same({ tostring(10 + index) }, response.json().values)
      else
        assert.are.equal(index == 5 and 500 or 200, response.status)
      end
    end
  end)
end)
