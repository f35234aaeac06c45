--- Handlers that would run, recurse or grow for ever: each ends in a failure on record that names its route and line,
-- and the host serves others meanwhile.
local client = require "support.client"
local errorlog = require "support.errorlog"
local expect = require "support.expect"
local server = require "support.server"
local shell = require "support.shell"

--- How many run away at a time, of four states.
local AT_ONCE <const> = 3
--- How often one is run that was stopped before it ran away.
local ATTEMPTS <const> = 5

--- What each kind ends as.
local OUTCOMES <const> = {
  endless = { status = 503, code = "deadline_exceeded", exc_type = "DeadlineExceeded" },
  greedy = { status = 500, code = "memory_exceeded", exc_type = "MemoryExceeded" },
  deep = { status = 500, code = "error", exc_type = "LuaError" },
  ["endless/close-error"] = { status = 500, code = "error", exc_type = "LuaError" },
}

--- The kinds' names have to be known when the tests are named, so they are read from the source.
local function read_names()
  local source <const> = assert(io.open(server.source("tests/http/apps/runaway/routes/runaway.lua"))):read("a")
  local names <const> = {}
  for kind, name in source:gmatch('\n(%l+)%["([%l-]+)"%] = function') do
    names[#names + 1] = kind .. "/" .. name
  end
  for name in source:gmatch("\n  __(%l+) = function") do
    names[#names + 1] = "endless/metamethod-" .. name
  end
  return names
end

--- The line at which a script was stopped: the innermost frame's, and its number.
local function stopped_at(row)
  for _, frame in ipairs(row.frames) do
    if frame.in_app then
      return frame.source[tostring(frame.line)] or "", frame.line
    end
  end
  return "there is no frame of a script"
end

describe("the host", function()
  local host
  local responses, rows, served <const> = {}, {}, { others = 0, failed = 0 }
  local names <const> = read_names()

  --- Runs some away at once, and asks for another page meanwhile.
  local function run_away(paths)
    local connections <const> = {}
    for index, path in ipairs(paths) do
      connections[index] = client.open(host)
      connections[index]:send(client.serialize(host, { path = path }))
    end
    for _ = 1, 5 do
      served.others = served.others + 1
      if client.get(host, "/alive/").status ~= 200 then
        served.failed = served.failed + 1
      end
    end
    for index, path in ipairs(paths) do
      responses[path] = connections[index]:receive("GET")
      connections[index]:close()
    end
  end

  --- Was the handler of this path stopped by its deadline before it came to what it does for ever? It may be, on a
  -- machine that is busy.
  local function came_too_late(path)
    local reference <const> = responses[path].status == 503 and responses[path].json().error_id
    return reference and rows[reference] and not stopped_at(rows[reference]):find("%-%- here$")
  end

  --- Runs these away, some at once, and takes up what is on record of them.
  local function run_all_away(paths)
    for first = 1, #paths, AT_ONCE do
      run_away { table.unpack(paths, first, math.min(first + AT_ONCE - 1, #paths)) }
    end
    for _, row in ipairs(errorlog.list(host, "--limit", "1000")) do
      rows[row.ref] = row
    end
  end

  setup(function()
    host = server.start { scripts = server.source("tests/http/apps/runaway"), env = { MULLIGAN_BUNDLES = 4 } }
    local paths = {}
    for index, name in ipairs(names) do
      paths[index] = "/" .. name .. "/"
    end
    for _ = 1, ATTEMPTS do
      run_all_away(paths)
      local late <const> = {}
      for _, path in ipairs(paths) do
        late[#late + 1] = came_too_late(path) and path or nil
      end
      paths = late
    end
  end)

  teardown(function()
    host:stop()
  end)

  it("runs every kind that there is", function()
    local count = 0
    for kind, of_kind in pairs(client.get(host, "/kinds/").json()) do
      count = count + #of_kind
      for _, name in ipairs(of_kind) do
        assert.is_truthy(responses[("/%s/%s/"):format(kind, name)], name)
      end
    end
    assert.are.equal(count, #names)
  end)

  for _, name in ipairs(names) do
    it("ends " .. name .. ", and says at which line", function()
      local path <const> = "/" .. name .. "/"
      local outcome <const> = OUTCOMES[name] or OUTCOMES[name:match("^%l+")]
      local response <const> = assert(responses[path])
      local reference <const>, body <const> = expect.failure(response, outcome.status)
      assert.are.equal(outcome.code, body.code)
      if outcome.status == 503 then
        assert.is_true(tonumber(response.headers["retry-after"]) >= 1)
      end

      local row <const> = assert(rows[reference], "there is no row")
      assert.are.equal(outcome.exc_type, row.exc_type)
      assert.are.equal(path, row.route)
      local line <const>, number <const> = stopped_at(row)
      assert.is_truthy(line:find("%-%- here$"), ("line %s: %s"):format(number, line))
    end)
  end

  it("answers others meanwhile", function()
    assert.is_true(served.others > 50)
    assert.are.equal(0, served.failed)
  end)

  it("takes back what a stopped handler wrote", function()
    assert.are.equal(0, client.get(host, "/notes/").json().count)
  end)

  it("has made its states anew, and each has the same routes", function()
    local requests <const> = {}
    for index = 1, 40 do
      requests[index] = { path = ("/named/%s/"):format(("abcdefgh"):sub(index % 8 + 1, index % 8 + 1)) }
    end
    for index, response in ipairs(client.many(host, requests)) do
      assert.are.equal(requests[index].path, ("/named/%s/"):format(response.json().name))
    end
  end)

  it("ends as many at once as there are states, and recovers", function()
    local requests <const> = {}
    for index, name in ipairs {
      "endless/loop", "endless/loop-pcall", "endless/loop-sort", "deep/gsub", "greedy/table", "endless/loop-coroutine",
      "greedy/string", "endless/loop-close",
    } do
      requests[index] = { path = "/" .. name .. "/" }
    end
    for _, response in ipairs(client.many(host, requests)) do
      assert.is_truthy(response.status == 500 or response.status == 503, "got " .. response.status)
      expect.failure(response, response.status)
    end
    host:eventually("a state is free again", function()
      return client.get(host, "/alive/").status == 200
    end)
  end)

  it("stops a handler that waits for its turn to write, and writes again after", function()
    -- Another program holds the lock until its input ends.
    local hold <const> = "touch " .. shell.quote(host.folder .. "/held") .. "; cat >/dev/null"
    local holder <close> = assert(io.popen("exec " .. shell.join {
      "setpriv", "--pdeathsig", "KILL", "flock", host.data .. "/write.lock", "sh", "-c", hold,
    }, "w"))
    host:eventually("another program has the lock", function()
      return shell.read(host.folder .. "/held")
    end)
    local response <const> = client.request(host, { method = "POST", path = "/notes/" })
    local reference <const> = expect.failure(response, 503)
    assert.are.equal("DeadlineExceeded", errorlog.row(host, reference).exc_type)
    holder:close()
    assert.are.equal(201, client.request(host, { method = "PUT", path = "/notes/" }).status)
    assert.are.equal(1, client.get(host, "/notes/").json().count)
  end)
end)
