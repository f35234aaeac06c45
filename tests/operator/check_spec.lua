-- `mulligan check`: what a developer is told about scripts before anybody meets them.
local json = require "mulligan.json"
local server = require "support.server"
local shell = require "support.shell"
local socket = require "socket"

describe("mulligan check", function()
  local folder

  before_each(function()
    folder = shell.temporary_folder() .. "/scripts"
    shell.write(folder .. "/routes/fine.lua", 'local route = require "mulligan.route"\n'
      .. 'route.get("/fine/", function() return 200, {} end)\n')
  end)
  after_each(function()
    shell.remove(folder:match("^(.*)/"))
  end)

  local function write(name, ...)
    shell.write(folder .. "/" .. name, table.concat({ ... }, "\n") .. "\n")
  end

  local function check(...)
    return server.run { "check", "--scripts", folder, ... }
  end

  -- The findings as lines of a compiler.
  local function findings()
    local result = check()
    local lines = {}
    for line in result.stderr:gmatch("[^\n]+") do
      lines[#lines + 1] = line
    end
    return lines, result
  end

  -- The scripts have exactly these mistakes, in this order; each expectation is the beginning of a line.
  local function assert_errors(expected)
    local lines, result = findings()
    assert.are.equal(1, result.status, result.stdout)
    for index, beginning in ipairs(expected) do
      assert.are.equal(beginning, (lines[index] or "(nothing)"):sub(1, #beginning), result.stderr)
    end
    assert.are.equal(#expected, #lines, result.stderr)
  end

  it("has nothing to say about scripts that are fine", function()
    local result = check()
    assert.are.equal(0, result.status, result.stderr)
    assert.are.equal("", result.stderr)
    assert.are.equal("every script in " .. folder .. " loads\n", result.stdout)
  end)

  it("has nothing to say about the service's own scripts, not even a warning", function()
    local result = server.run { "check", "--scripts", server.source("scripts") }
    assert.are.equal(0, result.status, result.stderr)
    assert.are.equal("", result.stderr)
  end)

  it("prints a list of findings for programs", function()
    write("routes/a.lua", "local fine = 1", "return fine + undeclared")
    write("messages/ko.lua", 'return {', '  ["Nobody says this."] = "x",', "}")
    local result = check("--json")
    assert.are.equal(1, result.status)
    assert.are.equal("", result.stderr)
    assert.are.same({
      { file = "scripts/messages/ko.lua", line = 2, level = "warning",
        message = 'nothing says this text any more: "Nobody says this."' },
      { file = "scripts/routes/a.lua", line = 2, level = "error",
        message = "undeclared global 'undeclared' was read" },
    }, json.decode(result.stdout))
  end)

  it("names every file that does not compile, not only the first", function()
    write("routes/a.lua", "local = 1")
    write("lib/b.lua", "return {", "return")
    assert_errors { "scripts/lib/b.lua:2: unexpected symbol", "scripts/routes/a.lua:1: <name> expected" }
  end)

  describe("finds undeclared globals", function()
    it("that are read, also where nothing runs, with the nearest name there is", function()
      write("lib/list.lua", "local function never(items)", "  local total = 0",
        "  for _, item in ipars(items) do", "    total = totl + item", "  end", "  return total", "end", "return never")
      assert_errors {
        "scripts/lib/list.lua:3: undeclared global 'ipars' was read; is 'ipairs' meant?",
        "scripts/lib/list.lua:4: undeclared global 'totl' was read; is 'total' meant?",
      }
    end)

    it("that are written", function()
      write("lib/count.lua", "local count = 0", "return function()", "  cuont = count + 1", "end")
      write("lib/named.lua", "function helper() end")
      assert_errors {
        "scripts/lib/count.lua:3: undeclared global 'cuont' was written: declare it with 'local'; is 'count' meant?",
        "scripts/lib/named.lua:1: undeclared global 'helper' was written: declare it with 'local'",
      }
    end)

    it("by Lua's own rules of scope", function()
      write("lib/scope.lua",
        "local x <const>, y = 1, 2", "do local z = x end", "for i = 1, y do local _ = i end",
        "repeat local done = true until done", "local function again(n) return n == 0 or again(n - 1) end",
        "local object = {}", "function object:method(a, ...) return self, a, ... end",
        "goto out", "::out::", "local t = { name = x, [y] = 'z', f = function(q) return q end }",
        "local text = 'oops' --[[ oops ]] .. [==[ oops ]==] -- oops",
        "local _ENV = { own = 1 }", "own = own + other",
        "return { x, y, again, object, t, text }")
      assert.are.equal(0, check().status, check().stderr)
      write("lib/scope.lua", "do local inner = 1 end", "local late = late", "return inner, late")
      assert_errors {
        "scripts/lib/scope.lua:2: undeclared global 'late' was read",
        "scripts/lib/scope.lua:3: undeclared global 'inner' was read",
      }
    end)

    it("on the line where they stand, however the lines end", function()
      shell.write(folder .. "/lib/lines.lua",
      "local a = 'x\\z\r\n   y'\r\n\r\nlocal b = [[\r\n\r\n]]\r\nreturn a, b, oops\r\n")
      assert_errors { "scripts/lib/lines.lua:7: undeclared global 'oops' was read" }
    end)
  end)

  it("finds requires that lead nowhere, also inside functions", function()
    write("models/people.lua", "return {}")
    write("lib/late.lua", "local people = require 'models.people'", "return function()",
      "  return people, require('models.peple'), require [[mulligan.jsn]]", "end")
    assert_errors {
      "scripts/lib/late.lua:3: module 'models.peple' not found: there is no such file in the scripts folder"
        .. " (dots are slashes); is 'models.people' meant?",
      "scripts/lib/late.lua:3: module 'mulligan.jsn' not found: the standard library has none of this name;"
        .. " is 'mulligan.json' meant?",
    }
  end)

  describe("prepares SQL against the migrated schema", function()
    before_each(function()
      write("migrations/0001_a.sql", "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT);")
      write("migrations/0002_b.sql", "ALTER TABLE person ADD COLUMN age INTEGER;")
    end)

    it("and names what is wrong in SQLite's words", function()
      write("models/people.lua",
        'local db = require "mulligan.db"',
        "local SELECT <const> = 'SELECT id, age FROM person '",
        "local query = db.query",
        "return {",
        "  fine = function(id) return db.one(SELECT .. 'WHERE id = ?', id) end,",
        "  built = function(column) return db.query('SELECT ' .. column .. ' FROM nowhere') end,",
        "  clause = function(id) return db.one(SELECT .. 'WHERE nme = ?', id) end,",
        "  either = function(up) return query(up and SELECT or 'SELECT 1 FROM persn') end,",
        "  worse = function() db.exec([[",
        "    DELETE FORM person]]) end,",
        "  begin = function() db.exec 'BEGIN' end,",
        "}")
      local lines, result = findings()
      assert.are.equal(1, result.status)
      assert.are.equal(4, #lines, result.stderr)
      for index, expected in ipairs {
        { ":7:", "no such column: nme" }, { ":8:", "no such table: persn" }, { ":9:", 'near "FORM": syntax error' },
        { ":11:", "transaction" },
      } do
        assert.is_truthy(lines[index]:find("^scripts/models/people%.lua" .. expected[1]), result.stderr)
        assert.is_truthy(lines[index]:find(expected[2], 1, true), lines[index])
      end
    end)

    it("and never runs it", function()
      write("models/people.lua", 'local db = require "mulligan.db"',
        "return function()", "  db.exec 'DROP TABLE person'", "  return db.query 'SELECT name FROM person'", "end")
      assert.are.equal(0, check().status, check().stderr)
      assert.is_nil(shell.read(folder:match("^(.*)/") .. "/data/app.db"))
    end)

    it("that an operator's choices come from, too", function()
      write("operators/pick.lua", "return { title = 'Pick', params = {",
        "  { name = 'who', type = 'integer', choices_sql = 'SELECT id, nam FROM person' },",
        "}, run = function() end }")
      assert_errors { "scripts/operators/pick.lua:2: no such column: nam" }
    end)

    it("unless a migration is wrong, which it names", function()
      write("migrations/0003_c.sql", "ALTER TABLE persons ADD COLUMN x;")
      write("models/people.lua", 'return require("mulligan.db").one "SELECT nonsense"')
      assert_errors { "scripts/migrations/0003_c.sql: no such table: persons" }
      write("migrations/0003_c.sql", "SELECT 1;")
      write("migrations/0005_e.sql", "SELECT 1;")
      local lines = findings()
      assert.is_truthy(lines[1]:find("0005_e.sql: there is no step 0004 before it", 1, true), lines[1])
    end)
  end)

  it("finds every setting that is misspelt or has a wrong value", function()
    write("settings.lua", "return {", "  deadlin = 3,", "  report_to = 'us',", "  rendrers = { 'json' },",
      "  port = 'many',", "}")
    assert_errors {
      "scripts/settings.lua:2: there is no setting 'deadlin'; is 'deadline' meant?",
      "scripts/settings.lua:4: there is no setting 'rendrers'; is 'renderers' meant?",
      'scripts/settings.lua:5: port must be a whole number from 0 to 65535, not "many"',
    }
    write("settings.lua", "return {", "  report_to = nil .. 'x',", "}")
    assert_errors { "scripts/settings.lua:2: attempt to concatenate a nil value" }
  end)

  it("finds every route that is registered twice, and names both places", function()
    write("routes/one.lua", 'local route = require "mulligan.route"', 'route.get("/a/{x}/", function() end)',
      'route.post("/b/", function() end)')
    write("routes/two.lua", 'local route = require "mulligan.route"', 'route.post("/b/", function() end)', "",
      'route.get("/a/{y}/", function() end)', 'route.get("/b/", function() end)')
    assert_errors {
      'scripts/routes/two.lua:2: route POST "/b/" is registered twice: at scripts/routes/one.lua:3 and at '
        .. "scripts/routes/two.lua:2",
      'scripts/routes/two.lua:4: route "/a/{y}/" at scripts/routes/two.lua:4 and "/a/{x}/" at scripts/routes/one.lua:2',
    }
  end)

  it("takes the same route in either branch of an if", function()
    write("routes/either.lua", 'local route = require "mulligan.route"', "if os.time() > 0 then",
      '  route.get("/a/", function() end)', "else", '  route.get("/a/", function() end)', "end")
    assert.are.equal(0, check().status, check().stderr)
  end)

  it("warns of texts in a catalogue that nothing says", function()
    write("lib/texts.lua", 'local i18n = require "mulligan.i18n"',
      "return { i18n.t('Said.'), 'Put ' .. 'together.', [[<p>{{In a page}}</p>]] }")
    write("messages/ko.lua", "return {", '  ["Said."] = "1",', '  ["Put together."] = "2",', '  ["In a page"] = "3",',
      '  ["Not found."] = "4",', '  ["Sai"] = "5",', '  Forgotten = "6",', "}")
    local lines, result = findings()
    assert.are.equal(0, result.status, result.stderr)
    assert.are.same({
      'scripts/messages/ko.lua:6: warning: nothing says this text any more: "Sai"',
      'scripts/messages/ko.lua:7: warning: nothing says this text any more: "Forgotten"',
    }, lines)
    assert.is_truthy(result.stdout:find("every script", 1, true))
  end)

  it("refuses what is no script by its nature", function()
    assert(os.execute("mkdir -p " .. shell.quote(folder .. "/lib/folder.lua")))
    shell.write(folder .. "/lib/bytes.lua", string.dump(function() end))
    shell.write(folder .. "/lib/latin.lua", "local fine = 1\nreturn 'caf\xe9'\n")
    assert_errors {
      "scripts/lib/bytes.lua: this is a compiled chunk",
      "scripts/lib/folder.lua: this is a folder, and no script",
      "scripts/lib/latin.lua:2: not a text in UTF-8",
    }
  end)

  it("refuses a huge file without reading it, and links that lead in a circle", function()
    shell.write(folder .. "/lib/huge.lua", "return 1\n")
    -- Nobody could read so much before the test's time is up; the file takes no room.
    assert(os.execute("truncate -s 1T " .. shell.quote(folder .. "/lib/huge.lua")))
    local lines, result = findings()
    assert.are.equal(1, result.status)
    assert.is_truthy(lines[1]:find("^scripts/lib/huge%.lua: .*larger than"), result.stderr)
    assert.are.equal(1, #lines)

    assert(os.remove(folder .. "/lib/huge.lua"))
    assert(os.execute("ln -s ../lib " .. shell.quote(folder .. "/lib/again")))
    lines, result = findings()
    assert.are.equal(1, result.status)
    assert.is_truthy(lines[1]:find("^scripts/lib/again: .*leads back"), result.stderr)
  end)

  it("names the script that loops while it loads", function()
    write("routes/loop.lua", "local n = 0", "while true do n = n + 1 end")
    -- A busy machine may need longer than a second until it comes to the loop.
    local result
    for _, deadline in ipairs { 1, 5, 60 } do
      result = server.run({ "check", "--scripts", folder }, { environment = { MULLIGAN_LOAD_DEADLINE = deadline } })
      assert.are.equal(1, result.status)
      if result.stderr:find("scripts/routes/loop.lua:2", 1, true) then
        break
      end
    end
    assert.is_truthy(result.stderr:find("scripts/routes/loop.lua:2", 1, true), result.stderr)
  end)

  it("checks again at each save", function()
    local log <const> = folder:match("^(.*)/") .. "/log"
    local pipe = assert(io.popen(("echo $$; exec setpriv --pdeathsig KILL %s >%s 2>&1"):format(
      shell.join { server.binary(), "check", "--watch", "--scripts", folder }, shell.quote(log))))
    local pid <const> = pipe:read("l")
    local function said(text)
      local deadline <const> = socket.gettime() + 240
      while not (shell.read(log) or ""):find(text, 1, true) do
        assert(socket.gettime() < deadline, "not said: " .. text .. "\n" .. (shell.read(log) or ""))
        socket.sleep(0.02)
      end
    end
    local ok, message = pcall(function()
      said("every script in")
      write("lib/late.lua", "return oops")
      said("scripts/lib/late.lua:1: undeclared global 'oops' was read")
      assert(os.execute("rm -r " .. shell.quote(folder)))
      said("cannot list")
      write("lib/back.lua", "return oh_no")
      said("scripts/lib/back.lua:1: undeclared global 'oh_no' was read")
    end)
    os.execute("kill -INT " .. pid)
    local _, how, signal = pipe:close()
    assert(ok, message)
    assert.are.same({ "signal", 2 }, { how, signal })
    server.assert_clean(shell.read(log))
  end)
end)
