--- Hot reload: what a developer sees who edits the scripts of a running host.
local client = require "support.client"
local errorlog = require "support.errorlog"
local hot = require "support.hot"
local json = require "mulligan.json"
local server = require "support.server"
local shell = require "support.shell"

describe("a running host", function()
  local edited, host

  before_each(function()
    edited = hot.new()
  end)

  after_each(function()
    edited:forget()
  end)

  it("runs what was saved, however it was saved", function()
    host = edited:start()
    edited:eventually_serves("/hello/", 1)
    shell.write(edited.scripts .. "/routes/hello.lua", hot.route("hello", 2)) -- in place
    edited:eventually_serves("/hello/", 2)

    edited:save("routes/.hello.lua.tmp", hot.route("hello", 3))
    edited:sh "mv scripts/routes/.hello.lua.tmp scripts/routes/hello.lua"
    edited:eventually_serves("/hello/", 3)

    edited:save("routes/deep/er/new.lua", hot.route("new", 1))
    edited:eventually_serves("/new/", 1)
    shell.write(edited.scripts .. "/routes/deep/er/new.lua", hot.route("new", 2))
    edited:eventually_serves("/new/", 2)

    edited:sh "mv scripts/routes/deep scripts/routes/moved"
    edited:save("routes/moved/er/new.lua", hot.route("newer", 1))
    edited:eventually_serves("/newer/", 1)
    assert.are.equal(404, client.get(host, "/new/").status)
    host:stop()
  end)

  it("has no route any more whose file is gone", function()
    edited:save("routes/extra.lua", hot.route("extra", 1))
    host = edited:start()
    assert.are.equal(1, edited:version("/extra/"))
    edited:sh "rm scripts/routes/extra.lua"
    host:eventually("the route is gone", function()
      return client.get(host, "/extra/").status == 404
    end)
    assert.are.equal(1, edited:version("/hello/"))
    host:stop()
  end)

  it("serves another branch after a checkout of many files", function()
    for index = 1, 50 do
      edited:save(("routes/r%02d.lua"):format(index), hot.route("r" .. index, '"main"'))
    end
    host = edited:start()
    edited:sh([[cp -r scripts/routes other && sed -i 's/"main"/"branch"/' other/r*.lua && rm other/r50.lua]])
    edited:sh "mkdir other/more && mv other/r49.lua other/more/ && rm scripts/routes/r49.lua scripts/routes/r50.lua"
    edited:sh "cp -r other/. scripts/routes/"
    for index = 1, 49 do
      edited:eventually_serves(("/r%d/"):format(index), "branch")
    end
    assert.are.equal(404, client.get(host, "/r50/").status)
    host:stop()
  end)

  it("tells its generation in debug mode, and in every line of the log", function()
    edited:save("routes/hello.lua", 'local log = require "mulligan.log"\n' ..
      hot.route("hello", 1):gsub("return 200", 'log.warning("hello")\n  return 200'))
    host = edited:start { args = { "--debug" } }
    assert.are.equal("1", client.get(host, "/hello/").headers["x-mulligan-generation"])
    edited:save("routes/other.lua", hot.route("other", 1))
    edited:eventually_serves("/other/", 1)
    assert.are.equal("2", client.get(host, "/hello/").headers["x-mulligan-generation"])
    assert.are.equal("2", client.get(host, "/nowhere/").headers["x-mulligan-generation"])
    assert.is_truthy(host:log():find("WARNING: hello %[in scripts/routes/hello.lua:%d+%] %(%x+, g1%)\n"), host:log())
    assert.is_truthy(host:log():find("WARNING: hello %[in scripts/routes/hello.lua:%d+%] %(%x+, g2%)\n"), host:log())
    host:eventually("the log names the generation and what is new", function()
      return host:log():find("generation 2 serves: routes/other.lua %(new%); loaded in %d+ ms %(g2%)\n")
    end)
    host:stop()
    host = edited:start()
    assert.is_nil(client.get(host, "/hello/").headers["x-mulligan-generation"])
    host:stop()
  end)

  it("makes no new generation of files that are the same", function()
    host = edited:start()
    edited:sh "touch scripts/routes/hello.lua && cp scripts/routes/hello.lua scripts/routes/.copy"
    edited:sh "mv scripts/routes/.copy scripts/routes/hello.lua"
    local result = host:cli("reload")
    assert.are.equal(0, result.status, result.stderr)
    assert.are.equal("nothing has changed: generation 1 serves\n", result.stdout)
    host:stop()
  end)

  it("serves on while a save is broken, shows where and why, and says when it is mended", function()
    host = edited:start()
    edited:save("routes/hello.lua", [[
local route = require "mulligan.route"

route.get("/hello/", function(
  return 200
end)
]])
    edited:eventually_logs "scripts/routes/hello.lua:4: "
    edited:eventually_logs "     4 |   return 200"
    edited:eventually_logs "not loaded: generation 1 serves on"
    assert.are.equal(1, edited:version("/hello/"))

    local row = host:eventually("the failure is on record", function()
      return errorlog.list(host)[1]
    end)
    assert.are.equal("reload", row.source)
    assert.are.equal("LoadError", row.exc_type)
    row = errorlog.row(host, row.ref)
    assert.are.equal("scripts/routes/hello.lua", row.frames[1].file)
    assert.are.equal(4, row.frames[1].line)
    assert.are.equal("  return 200", row.frames[1].source["4"])
    assert.are.equal(1, row.generation)

    local told = host:cli("reload")
    assert.are.equal(1, told.status)
    assert.is_truthy(told.stderr:find("scripts/routes/hello.lua:4: ", 1, true), told.stderr)
    assert.is_truthy(told.stderr:find("     4 |   return 200", 1, true), told.stderr)
    assert.is_truthy(told.stderr:find("generation 1 serves on", 1, true), told.stderr)
    told = json.decode(host:cli("reload", "--json").stdout)
    assert.are.equal("refused", told.outcome)
    assert.are.equal(4, told.problems[1].line)

    -- Broken in the same way once more: no second row.
    edited:save("routes/other.lua", "return 1\n")
    edited:eventually_logs "not loaded, as before: generation 1 serves on"
    assert.are.equal(1, #errorlog.list(host))

    edited:save("routes/hello.lua", hot.route("hello", 2))
    edited:eventually_serves("/hello/", 2)
    edited:eventually_logs "recovered: generation 2 serves: routes/hello.lua"
    host:stop()
  end)

  it("says that it has recovered when a broken save was taken back", function()
    host = edited:start()
    edited:save("routes/hello.lua", "oops(")
    edited:eventually_logs "not loaded: generation 1 serves on"
    edited:save("routes/hello.lua", hot.route("hello", 1))
    edited:eventually_logs "recovered: the scripts are again those of generation 1"
    host:stop()
  end)

  it("names the one file of fifty that is broken, or each of several", function()
    for index = 1, 50 do
      edited:save(("lib/m%02d.lua"):format(index), "return {}\n")
    end
    host = edited:start()
    edited:save("lib/m37.lua", "return {\n  1,\n  2 = 3,\n}\n")
    local said = edited:refused "scripts/lib/m37.lua:3: "
    local places = 0
    for _ in said:gmatch("scripts/[%w/]+%.lua:%d+:") do
      places = places + 1
    end
    assert.are.equal(1, places, said)
    edited:save("operators/fix.lua", "return {\n")
    edited:save("alerts/slack.lua", "\nreturn return\n")
    said = edited:refused "scripts/lib/m37.lua:3: "
    assert.is_truthy(said:find("scripts/operators/fix.lua:", 1, true), said)
    assert.is_truthy(said:find("scripts/alerts/slack.lua:2:", 1, true), said)
    host:stop()
  end)

  it("loads on SIGHUP and on demand alone where it does not watch", function()
    host = edited:start { env = { MULLIGAN_WATCH = "off" } }
    edited:save("routes/hello.lua", hot.route("hello", 2))
    local result = host:cli("reload")
    assert.are.equal(0, result.status, result.stderr)
    assert.is_truthy(result.stdout:find("^generation 2 serves: routes/hello.lua; loaded in %d+ ms\n$"), result.stdout)
    assert.are.equal(2, edited:version("/hello/"))
    edited:save("routes/hello.lua", hot.route("hello", 3))
    host:signal "HUP"
    edited:eventually_serves("/hello/", 3)
    host:stop()
  end)

  it("takes the settings that it can take, and names those that need a restart", function()
    edited:save("settings.lua", 'return { app = { motto = "one" }, report_to = "Ann", threads = 60 }\n')
    edited:save("routes/motto.lua", [[
local route = require "mulligan.route"
local settings = require "mulligan.settings"

route.get("/motto/", function()
  return 200, { version = settings.app.motto, threads = settings.threads }
end)
route.get("/fail/", function()
  error("on purpose")
end)
]])
    host = edited:start()
    edited:save("settings.lua", 'return { app = { motto = "two" }, report_to = "Bob", threads = 61 }\n')
    edited:eventually_serves("/motto/", "two")
    assert.are.equal(60, client.get(host, "/motto/").json().threads)
    assert.is_truthy(client.get(host, "/fail/").json().detail:find("tell Bob", 1, true))
    edited:eventually_logs "the setting threads needs a restart"
    assert.is_nil(host:log():find("the setting report_to needs", 1, true))

    edited:save("settings.lua", "return { treads = 60 }\n")
    local result = host:cli("reload")
    assert.are.equal(1, result.status)
    assert.is_truthy(result.stderr:find("'treads'; is 'threads' meant", 1, true), result.stderr)
    edited:save("settings.lua", 'return { exception_handler = "mulligan.exceptions.handle" }\n')
    result = host:cli("reload")
    assert.are.equal(1, result.status)
    assert.is_truthy(result.stderr:find('"mulligan.exceptions.handle", which is no function', 1, true), result.stderr)
    edited:save("settings.lua", "return {\n")
    result = host:cli("reload")
    assert.are.equal(1, result.status)
    assert.is_truthy(result.stderr:find("scripts/settings.lua:", 1, true), result.stderr)
    assert.are.equal("two", edited:version("/motto/"))
    host:stop()
  end)

  it("never migrates the database by itself, and loads the scripts once somebody has", function()
    edited:save("migrations/0001_note.sql", "CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT);\n")
    host = edited:start()
    edited:save("migrations/0002_colour.sql", "ALTER TABLE note ADD COLUMN colour TEXT;\n")
    edited:save("routes/note.lua", [[
local db = require "mulligan.db"
local route = require "mulligan.route"

route.get("/notes/", function()
  return 200, { version = #db.query("SELECT colour FROM note") }
end)
]])
    local said = edited:refused "0002_colour.sql"
    assert.is_truthy(said:find("mulligan migrate", 1, true), said)
    assert.are.equal(404, client.get(host, "/notes/").status)

    local migrated = host:cli("migrate")
    assert.are.equal(0, migrated.status, migrated.stderr)
    assert.is_truthy(migrated.stdout:find("generation 2 serves", 1, true), migrated.stdout)
    assert.are.equal(0, edited:version("/notes/"))

    edited:save("migrations/0001_note.sql", "CREATE TABLE note (id INTEGER PRIMARY KEY);\n")
    local result = host:cli("reload")
    assert.are.equal(1, result.status)
    assert.is_truthy(result.stderr:find("0001_note.sql was changed after it was applied", 1, true), result.stderr)
    host:stop()
  end)

  it("shows changed pages and messages, and refuses broken ones", function()
    edited:save("pages/404.html", "<p>first</p>")
    edited:save("routes/greet.lua", [[
local i18n = require "mulligan.i18n"
local route = require "mulligan.route"

route.get("/greet/", function()
  return 200, { version = i18n.t("Good morning.") }
end)
]])
    edited:save("messages/ko.lua", 'return { ["Good morning."] = "안녕하세요." }\n')
    host = edited:start()
    local function greeting()
      return client.get(host, "/greet/", { ["Accept-Language"] = "ko" }).json().version
    end
    assert.are.equal("안녕하세요.", greeting())
    edited:save("pages/404.html", "<p>second</p>")
    edited:save("messages/ko.lua", 'return { ["Good morning."] = "좋은 아침입니다." }\n')
    host:eventually("the new page is shown", function()
      return client.get(host, "/none/", { Accept = "text/html" }).body:find("second", 1, true)
    end)
    host:eventually("the new message is told", function()
      return greeting() == "좋은 아침입니다."
    end)
    edited:save("messages/ko.lua", 'return { ["Good morning."] = "{nobody}" }\n')
    local result = host:cli("reload")
    assert.are.equal(1, result.status)
    assert.is_truthy(result.stderr:find("messages.ko", 1, true), result.stderr)
    assert.are.equal("좋은 아침입니다.", greeting())
    edited:save("messages/ko.lua", "return {}\n")
    edited:save("pages/404.html", "<p>\xFF</p>")
    result = host:cli("reload")
    assert.are.equal(1, result.status)
    assert.is_truthy(result.stderr:find("scripts/pages/404.html:1: not a text in UTF-8", 1, true), result.stderr)
    host:stop()
  end)

  it("lets a request finish on the scripts that it began with", function()
    edited:save("lib/early.lua", "return 1\n")
    edited:save("lib/late.lua", "return 1\n")
    edited:save("migrations/0001_release.sql", "CREATE TABLE release (id INTEGER PRIMARY KEY);\n")
    edited:save("routes/slow.lua", [[
local db = require "mulligan.db"
local early = require "lib.early"
local log = require "mulligan.log"
local route = require "mulligan.route"

-- Works until it is released.
route.get("/slow/", function()
  log.warning("slow has begun")
  while not db.one("SELECT id FROM release") do
  end
  return 200, { early = early, late = require "lib.late" }
end)

route.post("/release/", function()
  db.exec("INSERT INTO release DEFAULT VALUES")
  return 204
end)
]])
    host = edited:start()
    local connection = assert(client.open(host))
    connection:send(client.serialize(host, { path = "/slow/" }))
    edited:eventually_logs "slow has begun"
    edited:save("lib/early.lua", "return 2\n")
    edited:save("lib/late.lua", "return 2\n")
    edited:save("routes/hello.lua", hot.route("hello", 2))
    edited:eventually_serves("/hello/", 2)
    assert.are.equal(204, client.request(host, { method = "POST", path = "/release/" }).status)
    local response = assert(connection:receive("GET"))
    connection:close()
    assert.are.same({ early = 1, late = 1 }, response.json())
    assert.are.same({ early = 2, late = 2 }, client.get(host, "/slow/").json())
    host:stop()
  end)

  it("answers every request wholly from one generation while saves follow each other", function()
    edited:save("lib/edition.lua", "return 0\n")
    edited:save("lib/late.lua", 'return require "lib.edition"\n')
    edited:save("models/model.lua", 'local edition = require "lib.edition"\nreturn function()\n  return edition\nend\n')
    edited:save("routes/edition.lua", [[
local edition = require "lib.edition"
local model = require "models.model"
local route = require "mulligan.route"

route.get("/edition/", function()
  return 200, { edition, model(), require "lib.late", model(), edition }
end)
]])
    host = edited:start()
    local SAVES <const> = 24
    local saved = 0
    local function body_of(edition)
      return json.encode { edition, edition, edition, edition, edition }
    end
    local responses = client.drive(host, {
      clients = 16, request = { path = "/edition/" },
      step = function(responses)
        local last = responses[#responses]
        local is_served <const> = last and last.body == body_of(saved)
        -- Most wait for the one before to be served, some come in between.
        if saved < SAVES and (is_served or saved % 3 == 1) then
          saved = saved + 1
          shell.write(edited.folder .. "/edition", ("return %d\n"):format(saved))
          assert(os.rename(edited.folder .. "/edition", edited.scripts .. "/lib/edition.lua"))
          return false
        end
        return saved == SAVES and is_served
      end,
    })
    local editions, distinct = {}, 0
    for _, response in ipairs(responses) do
      assert.are.equal(200, response.status, response.body)
      local first, rest = response.body:match("^%[(%d+)(.-)%]$")
      assert.are.equal(("," .. tostring(first)):rep(4), rest, response.body)
      if not editions[first] then
        editions[first], distinct = true, distinct + 1
      end
    end
    assert.is_true(distinct >= 5, "only " .. distinct .. " editions were seen")
    assert.is_nil(host:log():find("ERROR", 1, true), host:log())
    host:stop()
  end)

  it("gives back what old generations held", function()
    host = edited:start()
    local function open_files()
      local pipe <close> = assert(io.popen(("ls /proc/%d/fd | wc -l"):format(host.pid)))
      return pipe:read("n")
    end
    local function burst()
      local requests = {}
      for index = 1, 16 do
        requests[index] = { path = "/hello/" }
      end
      for _, response in ipairs(client.many(host, requests)) do
        assert.are.equal(200, response.status)
      end
    end
    burst()
    local before
    for version = 2, 41 do
      edited:save("routes/hello.lua", hot.route("hello", version))
      assert.are.equal(0, host:cli("reload").status)
      burst()
      before = before or open_files()
    end
    -- Each Lua state has files of its database open: those of forty generations would be hundreds.
    host:eventually("the old ones are gone", function()
      return open_files() <= before + 40
    end)
    host:stop()
  end)
end)

describe("mulligan reload", function()
  it("says that no host is running", function()
    local folder = shell.temporary_folder()
    local result = server.run { "reload", "--data", folder .. "/data" }
    assert.are.equal(1, result.status)
    assert.is_truthy(result.stderr:find("no host is running on the data folder " .. folder, 1, true), result.stderr)
    -- Nor does one that was killed.
    local host = server.start { scripts = server.source("tests/http/apps/edge"), data = folder .. "/data" }
    host:kill()
    result = host:cli("reload")
    assert.are.equal(1, result.status)
    assert.is_truthy(result.stderr:find("no host is running", 1, true), result.stderr)
    host:forget()
    -- A new one takes its place.
    host = server.start { scripts = server.source("tests/http/apps/edge"), data = folder .. "/data" }
    assert.are.equal(0, host:cli("reload").status)
    host:stop()
    shell.remove(folder)
  end)

  it("reaches the first host of a data folder, and a second one says so", function()
    local first = server.start { scripts = server.source("tests/http/apps/edge") }
    local second = server.start { scripts = first.scripts, data = first.data }
    assert.is_truthy(second:log():find("another host serves from", 1, true), second:log())
    second:stop()
    assert.are.equal(0, first:cli("reload").status)
    first:stop()
  end)

  it("works where the data folder's path is long", function()
    local folder = shell.temporary_folder()
    local host = server.start {
      scripts = server.source("tests/http/apps/edge"), data = folder .. "/" .. ("long-name/"):rep(20) .. "data",
    }
    assert.are.equal(0, host:cli("reload").status)
    host:stop()
    shell.remove(folder)
  end)
end)
