--- What is the same error is one group, with exact counts, however often it happens and whatever was edited around it.
local client = require "support.client"
local errorlog = require "support.errorlog"
local expect = require "support.expect"
local json = require "mulligan.json"
local server = require "support.server"
local shell = require "support.shell"

local EDGE <const> = "tests/http/apps/edge"

--- Fails on a path, and returns the row.
local function fail(host, path)
  return errorlog.row(host, (expect.failure(client.get(host, path))))
end

describe("a group", function()
  it("that was resolved and happens again is reopened and marked as a regression", function()
    local host <const> = server.start { scripts = server.source(EDGE) }
    local row <const> = fail(host, "/fail/text/")
    local resolved <const> = host:cli("errors", "resolve", tostring(row.group_id), "--note", "mended", "--as", "kim")
    assert.are.equal(0, resolved.status, resolved.stderr)
    local group = errorlog.group(host, row)
    assert.are.equal("resolved", group.state)
    assert.are.equal("kim", group.state_by)

    assert.are.equal(row.group_id, fail(host, "/fail/text/").group_id)
    group = errorlog.group(host, row)
    assert.are.equal("open", group.state)
    assert.are.equal(1, group.regressions)
    assert.are.equal("mended", group.note)
    assert.is_truthy(math.tointeger(group.regressed_at))
    assert.is_truthy(host:cli("errors", "groups").stdout:find("(back again)", 1, true))
    host:stop()
  end)

  it("that is muted stays muted", function()
    local host <const> = server.start { scripts = server.source(EDGE) }
    local row <const> = fail(host, "/fail/text/")
    host:cli("errors", "mute", tostring(row.group_id))
    fail(host, "/fail/text/")
    assert.are.equal("muted", errorlog.group(host, row).state)
    host:stop()
  end)

  it("is not split by editing lines above the function", function()
    local folder <const> = shell.temporary_folder()
    local path <const> = folder .. "/scripts/routes/edited.lua"
    local source <const> = [[
local auth = require "mulligan.auth"
local route = require "mulligan.route"

local function divide(dividend, divisor)
  return dividend / divisor
end

route.get("/divide/", function()
  local result = divide(1, {})
  return 200, { result = result }
end, { auth = auth.none })

route.get("/edition/", function()
  return 200, { edition = EDITION }
end, { auth = auth.none })
]]
    shell.write(path, "local EDITION <const> = 1\n" .. source)
    local host <const> = server.start { scripts = folder .. "/scripts" }
    local before <const> = fail(host, "/divide/")

    shell.replace(path, "-- What came\n-- before it\n-- is longer now.\n\nlocal EDITION <const> = 2\n" .. source)
    host:signal("HUP")
    host:eventually("the edited script is served", function()
      return client.get(host, "/edition/").json().edition == 2
    end)
    local after <const> = fail(host, "/divide/")
    assert.are.equal(before.frames[1].line + 4, after.frames[1].line)
    assert.are.equal(before.group_id, after.group_id)
    assert.are.equal(2, errorlog.group(host, after).total)
    host:stop()
    shell.remove(folder)
  end)
end)

describe("a storm", function()
  local STORM <const> = 60
  --- Whole rows of a minute; ten times as many are stored at all.
  local LIMIT <const> = 2

  --- How many minutes of the clock have had a part in it.
  local function minutes_since(began)
    return os.time() // 60 - began // 60 + 1
  end

  it("is counted exactly, in few rows, and every reference resolves", function()
    local host <const> = server.start { scripts = server.source(EDGE), env = { MULLIGAN_ERROR_STORM_LIMIT = LIMIT } }
    local references <const>, arguments <const> = {}, {}
    local began <const> = os.time()
    for index = 1, STORM do
      local response <const> = client.get(host, "/fail/text/?n=" .. index)
      references[index] = expect.failure(response)
      assert.are.equal(references[index], response.headers["x-error-id"])
      arguments[#arguments + 1] = references[index]
    end
    local minutes <const> = minutes_since(began)
    local shown <const> = host:cli("errors", "show", table.unpack(arguments))
    assert.are.equal(0, shown.status, shown.stderr)

    local rows <const> = errorlog.list(host, "--limit", "1000")
    assert.is_true(#rows <= minutes * LIMIT * 10, #rows .. " rows in " .. minutes .. " minutes")
    local occurrences, slim, whole = 0, 0, 0
    for _, row in ipairs(rows) do
      occurrences = occurrences + 1 + row.repeats
      if row.storm then
        slim = slim + 1
        assert.are.equal(json.null, row.frames)
        assert.are.equal(json.null, row.headers)
        assert.are.equal(json.null, row.query)
        assert.are.equal("/fail/{kind}/", row.route)
        assert.is_truthy(row.request_id)
      else
        whole = whole + 1
        assert.is_true(#row.frames > 0)
      end
    end
    assert.are.equal(STORM, occurrences)
    -- The fullest minute has its share of all, or as many as a minute has.
    local least_slim <const> = math.min(STORM // minutes, LIMIT * 10) - LIMIT
    assert.is_true(whole <= minutes * LIMIT and slim >= least_slim, whole .. " whole, " .. slim .. " slim")
    assert.are.equal(STORM, errorlog.group(host, rows[1]).total)
    assert.is_truthy(shown.stdout:find("one of too many in its minute", 1, true))
    assert.is_truthy(shown.stdout:find("more in its minute were given this reference", 1, true))

    local other <const> = fail(host, "/fail/arithmetic/")
    assert.is_false(other.storm)
    assert.is_true(#other.frames > 0)
    host:stop()
  end)

  it("of refusals is counted too", function()
    local host <const> = server.start { scripts = server.source(EDGE), env = { MULLIGAN_ERROR_STORM_LIMIT = LIMIT } }
    local began <const> = os.time()
    for _ = 1, STORM do
      expect.refusal(client.get(host, "/refuse/"), 403)
    end
    local minutes <const> = minutes_since(began)
    host:eventually("all are counted", function()
      local row <const> = errorlog.list(host, "--path", "/refuse/")[1]
      return row and errorlog.group(host, row).total == STORM
    end)
    assert.is_true(#errorlog.list(host, "--limit", "1000") <= minutes * LIMIT * 10)
    host:stop()
  end)
end)
