--- Starting where something is wrong: it says what, and ends with status 1.
local client = require "support.client"
local server = require "support.server"
local shell = require "support.shell"

local EDGE <const> = server.source("tests/http/apps/edge")

describe("serve", function()
  local folder

  before_each(function()
    folder = shell.temporary_folder()
  end)

  after_each(function()
    shell.remove(folder)
  end)

  --- Runs serve, which must fail, and returns what it said.
  local function refused(arguments, options)
    local command = { "serve", "--port", "0", "--data", folder .. "/data", "--scripts", EDGE }
    local result = server.run(shell.append(command, arguments), options)
    assert.are.equal(1, result.status, result.stderr)
    assert.are.equal("", result.stdout)
    assert.is_true(#result.stderr > 0)
    return result.stderr
  end

  it("makes an absent data folder, migrates it, and starts on it again", function()
    local first = server.start { scripts = EDGE, data = folder .. "/deep/data" }
    assert.are.equal(200, client.get(first, "/work/one/").status)
    first:stop()
    local second = server.start { scripts = EDGE, data = folder .. "/deep/data" }
    assert.is_true(client.get(second, "/work/one/begun/").json().begun)
    second:stop()
  end)

  it("keeps its secret key to itself, and keeps it", function()
    local data <const> = folder .. "/data"
    server.start({ scripts = EDGE, data = data }):stop()
    local key = shell.read(data .. "/secret.key")
    assert.is_true(#key >= 32)
    assert.are.equal("600\n", shell.run({ "stat", "-c", "%a", data .. "/secret.key" }).stdout)
    server.start({ scripts = EDGE, data = data }):stop()
    assert.are.equal(key, shell.read(data .. "/secret.key"))
  end)

  it("says that its port is taken", function()
    local first = server.start { scripts = EDGE }
    local said = refused { "--port", tostring(first.port) }
    assert.is_truthy(said:find(tostring(first.port), 1, true), said)
    assert.are.equal(200, client.get(first, "/text/a/").status)
    first:stop()
  end)

  it("refuses a port that is none, as wrong usage", function()
    for _, port in ipairs { "65536", "-1", "http", "80x", "" } do
      local result = server.run { "serve", "--data", folder .. "/data", "--scripts", EDGE, "--port", port }
      assert.is_truthy(result.status == 1 or result.status == 2, result.status .. " " .. result.stderr)
      assert.is_truthy(result.stderr:find("port", 1, true), result.stderr)
    end
  end)

  it("names a scripts folder that is missing, is a file, or cannot be read", function()
    local missing <const> = folder .. "/no-such-folder"
    local said = refused { "--scripts", missing }
    assert.is_truthy(said:find(missing, 1, true), said)

    shell.write(folder .. "/file", "not a folder")
    said = refused { "--scripts", folder .. "/file" }
    assert.is_truthy(said:find(folder .. "/file", 1, true), said)

    shell.write(folder .. "/closed/routes/a.lua", "")
    assert(os.execute("chmod 000 " .. shell.quote(folder .. "/closed")))
    said = refused({ "--scripts", folder .. "/closed" }, { plain = true })
    assert.is_truthy(said:find(folder .. "/closed", 1, true), said)
  end)

  it("names a script that cannot be read", function()
    shell.write(folder .. "/scripts/routes/closed.lua", "")
    assert(os.execute("chmod 000 " .. shell.quote(folder .. "/scripts/routes/closed.lua")))
    local said = refused({ "--scripts", folder .. "/scripts" }, { plain = true })
    assert.is_truthy(said:find("closed.lua", 1, true), said)
  end)

  for name, broken in pairs {
    ["does not compile"] = { line = 2, source = "local fine = 1\nlocal = 2\n" },
    ["raises while it loads"] = { line = 4, source = "local missing\n\n-- A comment.\nmissing.field = 1\n" },
    ["writes an undeclared global"] = { line = 2, source = "local fine = 1\noops = fine\n" },
    ["requires what is not there"] = { line = 2, source = 'local fine = 1\nrequire "models.nowhere"\nreturn fine\n' },
    ["registers a pattern that is none"] = {
      line = 2, source = 'local route = require "mulligan.route"\nroute.get("no/slash/{", function() end)\n',
    },
    ["registers a handler that is none"] = {
      line = 2, source = 'local route = require "mulligan.route"\nroute.get("/a/", "not a function")\n',
    },
    ["is a binary chunk"] = { source = string.dump(function() end) },
  } do
    it("names file and line of a script that " .. name .. ", and check does too", function()
      shell.write(folder .. "/scripts/routes/broken.lua", broken.source)
      local place <const> = "routes/broken.lua" .. (broken.line and ":" .. broken.line or "")
      local said = refused { "--scripts", folder .. "/scripts" }
      assert.is_truthy(said:find(place, 1, true), said)

      local check = server.run { "check", "--data", folder .. "/data", "--scripts", folder .. "/scripts" }
      assert.are.equal(1, check.status)
      assert.is_truthy((check.stderr .. check.stdout):find(place, 1, true), check.stderr .. check.stdout)
    end)
  end

  it("says that two scripts register the same route", function()
    local source <const> = 'local route = require "mulligan.route"\nroute.get("/a/{x}/", function() end)\n'
    shell.write(folder .. "/scripts/routes/one.lua", source)
    shell.write(folder .. "/scripts/routes/two.lua", source)
    local said = refused { "--scripts", folder .. "/scripts" }
    assert.is_truthy(said:find("/a/{x}/", 1, true), said)
    assert.is_truthy(said:find("two.lua", 1, true), said)
  end)

  it("names a setting that is wrong", function()
    local said = refused({}, { environment = { MULLIGAN_BODY_LIMIT = "many" } })
    assert.is_truthy(said:lower():find("body_limit", 1, true), said)
    assert.is_truthy(said:find("many", 1, true), said)
  end)

  it("refuses a data folder that is newer than its scripts", function()
    local data <const> = folder .. "/data"
    server.start({ scripts = EDGE, data = data }):stop()
    local app <const> = shell.quote(data .. "/app.db")
    assert(os.execute(("sqlite3 %s %s"):format(app, shell.quote(
      "INSERT INTO mulligan_migration SELECT 2, '0002_future.sql', sha256, applied_at FROM mulligan_migration;"
      .. " PRAGMA user_version = 2;"))))
    local said = refused {}
    assert.is_truthy(said:find("newer", 1, true), said)
    assert.is_truthy(said:find("app.db", 1, true), said)
  end)

  it("refuses migrations that changed after they were applied", function()
    shell.write(folder .. "/scripts/migrations/0001_a.sql", "CREATE TABLE a (x INTEGER);\n")
    shell.write(folder .. "/scripts/routes/none.lua", "")
    server.start({ scripts = folder .. "/scripts", data = folder .. "/data" }):stop()
    shell.write(folder .. "/scripts/migrations/0001_a.sql", "CREATE TABLE a (x INTEGER, y INTEGER);\n")
    local said = refused { "--scripts", folder .. "/scripts" }
    assert.is_truthy(said:find("0001_a.sql", 1, true), said)
  end)

  it("names the migration that fails, and leaves nothing of it", function()
    shell.write(folder .. "/scripts/routes/none.lua", "")
    local sql <const> = "CREATE TABLE a (x INTEGER);\n"
    shell.write(folder .. "/scripts/migrations/0001_a.sql", sql .. sql)
    local said = refused { "--scripts", folder .. "/scripts" }
    assert.is_truthy(said:find("0001_a.sql", 1, true), said)
    shell.write(folder .. "/scripts/migrations/0001_a.sql", sql)
    server.start({ scripts = folder .. "/scripts", data = folder .. "/data" }):stop()
  end)

  it("says that it may not write into its data folder", function()
    assert(os.execute("mkdir -m 555 " .. shell.quote(folder .. "/data")))
    local said = refused({}, { plain = true })
    assert.is_truthy(said:find(folder .. "/data", 1, true), said)

    said = refused({ "--data", folder .. "/data/below" }, { plain = true })
    assert.is_truthy(said:find(folder .. "/data/below", 1, true), said)
  end)

  it("says that its data folder is a file", function()
    shell.write(folder .. "/file", "not a folder")
    local said = refused { "--data", folder .. "/file" }
    assert.is_truthy(said:find(folder .. "/file", 1, true), said)
  end)

  it("says that its application database is none", function()
    shell.write(folder .. "/data/app.db", ("this is no database. "):rep(1000))
    local said = refused {}
    assert.is_truthy(said:find("app.db", 1, true), said)
  end)

  it("serves, and loses no error, when the errors' database is broken", function()
    shell.write(folder .. "/data/errors.db", ("this is no database. "):rep(1000))
    local host = server.start { scripts = EDGE, data = folder .. "/data" }
    local reference = client.get(host, "/fail/text/").json().error_id
    host:stop()
    local shown = server.run { "errors", "show", reference, "--data", folder .. "/data", "--scripts", EDGE }
    assert.are.equal(0, shown.status, shown.stderr)
  end)

  it("starts without any script, and everything is a 404", function()
    assert(os.execute("mkdir -p " .. shell.quote(folder .. "/scripts/routes")))
    local host = server.start { scripts = folder .. "/scripts", data = folder .. "/data" }
    assert.are.equal(404, client.get(host, "/").status)
    host:stop()
  end)
end)

describe("the command line", function()
  it("helps everywhere, and succeeds at it", function()
    for _, arguments in ipairs {
      { "--help" }, { "serve", "--help" }, { "errors", "--help" }, { "errors", "show", "--help" },
      { "routes", "--help" }, { "check", "--help" }, { "migrate", "--help" }, { "user", "--help" }, { "run", "--help" },
      { "version", "--help" },
    } do
      local result = server.run(arguments)
      assert.are.equal(0, result.status, table.concat(arguments, " ") .. ": " .. result.stderr)
      assert.is_truthy(result.stdout:find("mulligan", 1, true))
    end
  end)

  it("refuses wrong usage with status 2 and says how it goes", function()
    for _, arguments in ipairs {
      {}, { "bake" }, { "serve", "--prot", "80" }, { "serve", "--port" }, { "errors", "bake" }, { "errors", "show" },
    } do
      local result = server.run(arguments)
      assert.are.equal(2, result.status, table.concat(arguments, " "))
      assert.are.equal("", result.stdout)
      assert.is_true(#result.stderr > 0)
    end
  end)

  it("lists the routes of the scripts", function()
    local result = server.run { "routes", "--scripts", EDGE, "--json" }
    assert.are.equal(0, result.status, result.stderr)
    assert.is_truthy(result.stdout:find("/number/{id:int}/", 1, true))
  end)

  it("checks scripts that are fine", function()
    assert.are.equal(0, server.run({ "check", "--scripts", server.source("tests/operator/apps/desk") }).status)
    assert.are.equal(0, server.run({ "check", "--scripts", server.source("scripts") }).status)
  end)
end)
