--- Wherever an error comes from, there is a row of it that says where.
local client = require "support.client"
local errorlog = require "support.errorlog"
local expect = require "support.expect"
local json = require "mulligan.json"
local server = require "support.server"
local shell = require "support.shell"

local APP <const> = "tests/http/apps/hostile"

--- The functions of a row's frames in scripts, innermost first.
local function functions(row)
  local names <const> = {}
  for _, frame in ipairs(row.frames) do
    names[#names + 1] = frame.in_app and frame["function"] or nil
  end
  return names
end

describe("an error", function()
  local host

  setup(function()
    host = server.start { scripts = server.source(APP) }
  end)

  teardown(function()
    host:stop()
  end)

  --- Fails in a coroutine, and returns the row.
  local function fail(kind)
    return errorlog.row(host, (expect.failure(client.get(host, "/coroutine/" .. kind .. "/"))))
  end

  --- The locals of the row's frame of this function.
  local function locals_of(row, name)
    for _, frame in ipairs(row.frames) do
      if frame["function"] == name then
        return frame.locals
      end
    end
  end

  it("in a wrapped coroutine has its frames and locals, then its resumer's", function()
    local row <const> = fail("wrap")
    local names <const> = table.concat(functions(row), " ")
    assert.is_truthy(names:find("^innermost .*through_wrap"), names)
    assert.are.equal(16, locals_of(row, "innermost").meaning_of_life)
    assert.is_truthy(json.encode(row.frames):find('"inside":"of the coroutine"', 1, true))
  end)

  it("in a coroutine within a coroutine has the frames of both", function()
    local names <const> = functions(fail("wrap-in-wrap"))
    assert.is_truthy(table.concat(names, " "):find("^innermost .*through_wrap"))
    assert.is_true(#names >= 5, table.concat(names, " "))
  end)

  it("that a resumed coroutine returned and its resumer raised has its frames", function()
    local row <const> = fail("resume")
    assert.are.equal("innermost", functions(row)[1])
    assert.are.equal(42, locals_of(row, "innermost").meaning_of_life)
  end)

  it("has no frames of one that was caught before it", function()
    for _, name in ipairs(functions(fail("caught"))) do
      assert.are_not.equal("innermost", name)
    end
  end)

  it("comes through after a thousand coroutines that failed", function()
    assert.is_truthy(fail("many").message:find("inside, with 16", 1, true))
  end)

  it("that is a refusal has frames of its coroutine without their locals", function()
    client.get(host, "/coroutine/refusal/")
    local row <const> = host:eventually("the refusal is on record", function()
      return errorlog.list(host, "--path", "/coroutine/refusal/")[1]
    end)
    assert.are.equal(403, row.status)
    assert.is_true(#functions(row) >= 3)
    for _, frame in ipairs(row.frames) do
      assert.is_nil(frame.locals)
    end
  end)

  it("that was recorded and not raised has what came before it", function()
    local row <const> = errorlog.row(host, client.get(host, "/recorded/").json().reference)
    assert.are.equal("Noted", row.exc_type)
    local texts <const> = {}
    for _, crumb in ipairs(row.breadcrumbs) do
      texts[#texts + 1] = crumb.text
    end
    assert.is_truthy(table.concat(texts, "\n"):find("the note before it.*SELECT 4711"))
  end)
end)

describe("scripts that do not load", function()
  local folder, scripts

  before_each(function()
    folder = shell.temporary_folder()
    scripts = folder .. "/scripts"
    shell.write(scripts .. "/routes/good.lua", "")
  end)

  after_each(function()
    shell.remove(folder)
  end)


  it("leave a row at the start, which names file and line", function()
    shell.write(scripts .. "/routes/bad.lua", "\nlocal x = = 3\n")
    local result <const> = server.run { "serve", "--port", "0", "--data", folder .. "/data", "--scripts", scripts }
    assert.are.equal(1, result.status)
    local listed <const> = server.run { "errors", "list", "--data", folder .. "/data", "--scripts", scripts, "--json" }
    local row <const> = json.decode(listed.stdout)[1]
    assert.are.equal("reload", row.source)
    assert.is_truthy(row.message:find("routes/bad.lua:2", 1, true), row.message)
  end)

  it("leave a row when the host reloads, and the last good ones serve on", function()
    local host <const> = server.start { scripts = scripts, data = folder .. "/data" }
    shell.replace(scripts .. "/routes/bad.lua", "\n\nerror('broken on purpose')\n")
    host:signal("HUP")
    local row <const> = host:eventually("the failure is on record", function()
      return errorlog.list(host)[1]
    end)
    assert.are.equal("reload", row.source)
    assert.are.equal("LoadError", row.exc_type)
    assert.is_truthy(row.message:find("routes/bad.lua:3: broken on purpose", 1, true), row.message)
    host:stop()
  end)
end)
