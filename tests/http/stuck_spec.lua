--- Calls that no hook can stop, since they are in a C function: the host says which and where, makes a fresh state in
-- place of the lost one, and knows when to make no more.
local client = require "support.client"
local errorlog = require "support.errorlog"
local expect = require "support.expect"
local server = require "support.server"

local APP <const> = "tests/http/apps/stuck"

local function start(environment)
  local env <const> = { MULLIGAN_STUCK_GRACE = 0.2, MULLIGAN_POOL_WAIT = 1, MULLIGAN_DRAIN_TIMEOUT = 0.1 }
  for name, value in pairs(environment) do
    env[name] = value
  end
  return server.start { scripts = server.source(APP), env = env }
end

--- The rows of calls that are stuck, the newest first.
local function stuck_rows(host)
  local rows <const> = {}
  for _, row in ipairs(errorlog.list(host)) do
    if row.exc_type == "StuckCall" then
      rows[#rows + 1] = row
    end
  end
  return rows
end

--- Sends a request that gets stuck, and waits until it is on record as the `count`th that did. On a busy machine the
-- deadline may strike before the call is in its C function, and on a fast one that may end too soon: then another is
-- sent, with a longer text.
-- @return the connection, and the rows
local function get_stuck(host, path, count)
  local length, connection, rows = 72, nil, nil
  host:eventually(("call %d is on record as stuck"):format(count), function()
    -- The row comes before the answer, so it is asked for after that.
    local is_over <const> = not connection or connection:has_answer()
    rows = stuck_rows(host)
    if #rows < count and is_over then
      length = length + length // 4
      connection = client.open(host)
      connection:send(client.serialize(host, { path = path .. "?length=" .. length }))
    end
    return #rows >= count
  end)
  return connection, rows
end

--- Fails unless the row names this route, and the innermost of its script's lines is one marked "here", called in this
-- C function; under ThreadSanitizer, which holds signals back, only the route's own line is known.
local function assert_placed(row, path, c_function)
  assert.are.equal(path, row.route)
  assert.are.equal(path, row.path)
  local frame <const> = row.frames[#row.frames]
  assert.are.equal("scripts/routes/stuck.lua", frame.file)
  local line <const> = frame.source[tostring(frame.line)]
  if row.message:find("its line is not known", 1, true) then
    assert.is_truthy(line:find(path, 1, true) or line:find("short)", 1, true), line)
    return
  end
  assert.is_truthy(line:find("%-%- here$"), line)
  assert.are.equal("[C]", row.frames[1].file)
  assert.are.equal(c_function, row.frames[1]["function"])
  local place <const> = ("at %s:%d in %s;"):format(frame.file, frame.line, c_function)
  assert.is_truthy(row.message:find(place, 1, true), row.message)
end

--- Waits until others are answered: who comes while a fresh state is being made may be told to come back.
local function await_alive(host)
  host:eventually("others are answered", function()
    return client.get(host, "/alive/").status == 200
  end)
end

describe("a call that cannot be stopped", function()
  it("is on record while it lasts, and fails at its end like any other", function()
    local host <const> = start { MULLIGAN_BUNDLES = 1, MULLIGAN_LOST_BUNDLES = 1 }
    finally(function() host:stop() end)
    local connection <const>, rows <const> = get_stuck(host, "/stuck/pattern/", 1)
    local stuck <const> = rows[1]
    assert_placed(stuck, "/stuck/pattern/", "find")
    assert.are.equal("stuck_call", stuck.code)

    local response <const> = assert(connection:receive("GET"))
    connection:close()
    local reference <const>, body <const> = expect.failure(response, 503)
    assert.are.equal("deadline_exceeded", body.code)
    assert.is_true(tonumber(response.headers["retry-after"]) >= 1)
    local row <const> = errorlog.row(host, reference)
    assert.are.equal("DeadlineExceeded", row.exc_type)
    assert.are.equal(stuck.request_id, row.request_id)
    assert.are.equal(1, #stuck_rows(host))
    host:eventually("the log says that it has ended", function()
      return host:log():find("has ended; still under way: 0", 1, true)
    end)
    await_alive(host)
  end)

  it("is replaced by a fresh state, even the only one", function()
    local host <const> = start { MULLIGAN_BUNDLES = 1, MULLIGAN_LOST_BUNDLES = 1 }
    finally(function() host:forget() end)
    local connection <const>, rows <const> = get_stuck(host, "/stuck/coroutine/", 1)
    local row <const> = rows[1]
    assert_placed(row, "/stuck/coroutine/", "insert")
    assert.is_truthy(row.message:find("1 of at most 1 are lost", 1, true), row.message)
    host:eventually("it is in the log", function()
      return host:log():find(row.request_id, 1, true)
    end)
    await_alive(host)
    connection:close()

    -- It has no end, and the process must have one all the same; what was on its way to ErrorLog arrives.
    host:signal("TERM")
    assert.are.equal(1, host:wait())
    server.assert_clean(host:log())
    assert.is_truthy(errorlog.list(host)[1].message:find("while 1 call could not be stopped", 1, true))
  end)

  it("is replaced as often as lost_bundles says; then the pool shrinks, and says so", function()
    local host <const> = start { MULLIGAN_BUNDLES = 2, MULLIGAN_LOST_BUNDLES = 1 }
    finally(function() host:forget() end)
    local connections <const>, rows = {}, nil
    for index = 1, 2 do
      connections[index], rows = get_stuck(host, "/stuck/for-ever/", index)
    end
    assert.is_truthy(rows[1].message:find("no fresh Lua state takes its place", 1, true), rows[1].message)
    assert.is_truthy(rows[1].message:find("lost_bundles", 1, true), rows[1].message)
    assert_placed(rows[2], "/stuck/for-ever/", "insert")
    await_alive(host)

    -- The last place goes too: now there is nobody left to answer, and who asks is told when to ask again.
    connections[3] = get_stuck(host, "/stuck/for-ever/", 3)
    local response <const> = client.get(host, "/alive/")
    local _, body <const> = expect.failure(response, 503)
    assert.are.equal("busy", body.code)
    assert.are.equal("1", response.headers["retry-after"])
    for _, connection in ipairs(connections) do
      connection:close()
    end
  end)

  it("is not made of what Lua would only count through", function()
    local host <const> = start {}
    finally(function() host:stop() end)
    local body <const> = client.get(host, "/idle/").json()
    assert.are.equal("", body.repeated)
    assert.is_false(body.moved)
    assert.is_truthy(body.message:find("too many elements to move", 1, true), body.message)
    assert.are.equal(3, body.sum)
  end)
end)
