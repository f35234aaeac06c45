--- Errors that are hard to take down are taken down, and hurt nobody else.
local client = require "support.client"
local errorlog = require "support.errorlog"
local expect = require "support.expect"
local json = require "mulligan.json"
local server = require "support.server"

local APP <const> = "tests/http/apps/hostile"
--- The most that a row may take as JSON: frames, headers and breadcrumbs have bounds of their own.
local MOST_BYTES <const> = 512 * 1024

describe("the host", function()
  local host

  setup(function()
    host = server.start { scripts = server.source(APP), env = { MULLIGAN_BUNDLES = 4, MULLIGAN_DEADLINE = 5 } }
  end)

  teardown(function()
    host:stop()
  end)

  --- Fails on a path, sees that others are served after it, and returns the row.
  local function fail(path, status)
    local reference <const>, body <const> = expect.failure(client.get(host, path), status)
    assert.are.equal(200, client.get(host, "/alive/").status)
    local row <const> = errorlog.row(host, reference)
    assert.are.equal(path, row.path)
    assert.is_true(#json.encode(row) < MOST_BYTES, "a row of " .. #json.encode(row) .. " bytes")
    return row, body
  end

  for _, kind in ipairs {
    "loop", "loop-pcall", "raise", "raise-table", "raise-nil", "raise-exception", "recurse", "yield", "memory",
    "number", "not-a-status", "fraction", "status-0", "status-1000", "body-function", "body-cyclic", "body-number",
    "body-utf8", "body-huge", "headers-number", "headers-break",
  } do
    it("answers with its own 500 and records both errors when the exception handler does: " .. kind, function()
      local row <const>, body <const> = fail("/handler/" .. kind .. "/")
      assert.is_truthy(body.detail:find("Something went wrong on our side", 1, true))
      assert.are.equal("error", body.code)
      local cause <const> = errorlog.row(host, row.cause_ref)
      assert.is_truthy(cause.message:find("what the handler was called for", 1, true), cause.message)
      assert.are.equal(row.path, cause.path)
    end)
  end

  for _, kind in ipairs {
    "index-raises", "index-loops", "tostring-raises", "tostring-loops", "tostring-table", "pairs-loops", "name-table",
    "name-megabyte", "everything", "status-nonsense", "cyclic", "function", "thread", "nan", "false", "five-deep",
  } do
    it("takes down an error whose value is hostile: " .. kind, function()
      local row <const> = fail("/value/" .. kind .. "/")
      assert.is_true(#row.message > 0)
      assert.is_true(#row.exc_type <= 100)
    end)
  end

  for _, kind in ipairs { "xpcall", "close" } do
    it("takes down an error inside an error, five deep: " .. kind, function()
      local row <const> = fail("/deep/" .. kind .. "/")
      assert.is_truthy(row.message:find(kind == "close" and "guard [05]$" or "at depth 5.*at depth 0"), row.message)
    end)
  end

  for _, kind in ipairs { "cyclic", "many", "hostile", "texts" } do
    it("walks hostile frames within bounds: " .. kind, function()
      local row <const> = fail("/frames/" .. kind .. "/")
      assert.is_true(#row.frames > 0)
      assert.is_true(#json.encode(row.frames) < 256 * 1024)
      if kind == "many" then
        assert.is_true(row.truncated)
        assert.is_truthy(row.message:find("deep down", 1, true))
      elseif kind == "cyclic" then
        assert.is_truthy(json.encode(row.frames):find("<cycle>", 1, true))
      end
    end)
  end

  for _, kind in ipairs { "utf8", "nul", "escapes", "megabyte", "empty" } do
    it("keeps a hostile message, and shows it without harm: " .. kind, function()
      local row <const> = fail("/message/" .. kind .. "/")
      assert.is_truthy(utf8.len(row.message), "not UTF-8")
      assert.is_true(#row.message <= 8 * 1024)
      assert.is_true(kind ~= "megabyte" or row.truncated)
      for _, shown in ipairs {
        host:cli("errors", "show", row.ref), host:cli("errors", "list"), host:cli("errors", "groups"),
      } do
        assert.are.equal(0, shown.status, shown.stderr)
        assert.is_truthy(utf8.len(shown.stdout), "not UTF-8")
        assert.is_nil(shown.stdout:find("[%z\1-\9\11-\31\127]"), "a control character")
        for _, code in utf8.codes(shown.stdout) do
          assert.is_false(code >= 0x80 and code < 0xa0, "a control character of two bytes")
        end
        -- What pretends to be another error's first line does not stand at a line's beginning.
        assert.is_nil(shown.stdout:find("\nERR%-0000%-0000"))
      end
    end)
  end

  it("logs hostile messages on one line and without control characters", function()
    for _, kind in ipairs { "escapes", "nul", "utf8" } do
      fail("/message/" .. kind .. "/")
    end
    assert.is_nil(host:log():find("[%z\1-\9\11-\31\127]"))
    assert.is_nil(host:log():find("\nERR%-0000%-0000"))
  end)
end)
