--- `mulligan errors`: what went wrong, looked up and worked on from a shell, while the host runs and after it.
local client = require "support.client"
local json = require "mulligan.json"
local server = require "support.server"
local shell = require "support.shell"

local FAILING <const> = "/api/v1/debug/always-500/"

--- Asks for a failure; returns the reference that its answer quotes.
local function fail(host, query)
  local response = client.get(host, FAILING .. (query or ""), { Accept = "application/json" })
  assert.are.equal(500, response.status)
  return response.json().error_id
end

--- What `errors …` prints as JSON; it must end well.
local function listed(host, ...)
  local result = host:cli("errors", ...)
  assert.are.equal(0, result.status, result.stderr)
  return json.decode(result.stdout)
end

describe("mulligan errors", function()
  local host

  before_each(function()
    host = server.start()
  end)

  after_each(function()
    host:stop()
  end)

  it("shows an error by its reference, as a person types it", function()
    local reference = fail(host, "?page=2")
    local row = listed(host, "show", reference:sub(5):lower(), "--json")
    assert.are.equal(reference, row.ref)
    assert.are.equal(500, row.status)
    assert.are.equal(FAILING, row.path)
    assert.are.equal("page=2", row.query)
    assert.are.equal("GET", row.method)
    assert.matches("always fails", row.message)
    assert.matches("debug.lua", json.encode(row.frames), 1, true)
    assert.are.equal(json.null, row.user_id)

    local text = host:cli("errors", "show", reference)
    assert.are.equal(0, text.status)
    for _, part in ipairs { reference, "500", "always fails", "GET " .. FAILING .. "?page=2", "debug.lua:", "> " } do
      assert.is_truthy(text.stdout:find(part, 1, true), part .. " is not in\n" .. text.stdout)
    end
  end)

  it("shows several at once, names those it does not have, and fails for them", function()
    local first, second = fail(host), fail(host)
    local result = host:cli("errors", "show", first, "ERR-0000-0000", second, "--json")
    assert.are.equal(1, result.status)
    assert.matches("ERR-0000-0000", result.stderr, 1, true)
    local rows = json.decode(result.stdout)
    assert.are.same({ first, second }, { rows[1].ref, rows[2].ref })
    result = host:cli("errors", "show", "ERR-0000-0000", "--json")
    assert.are.equal(1, result.status)
    assert.are.equal("", result.stdout)
  end)

  it("lists the newest first and filters", function()
    client.get(host, "/nowhere/")
    local reference = fail(host)
    local rows = listed(host, "list", "--json", "--status", "500")
    assert.are.equal(1, #rows)
    assert.are.equal(reference, rows[1].ref)
    assert.are.equal(1, #listed(host, "list", "--json", "--path", FAILING, "--since", "1h"))
    assert.are.equal(0, #listed(host, "list", "--json", "--user", "nobody@example.com"))
    assert.are.equal(0, #listed(host, "list", "--json", "--since", "2999-01-01T00:00:00Z"))
    assert.are.equal(1, #listed(host, "list", "--json", "--limit", "1"))
    local text = host:cli("errors").stdout
    assert.matches("REFERENCE", text)
    assert.is_truthy(text:find(reference, 1, true))
    assert.matches("No errors", host:cli("errors", "list", "--status", "418").stdout)
  end)

  it("works on groups", function()
    for _ = 1, 3 do
      fail(host)
    end
    local group = listed(host, "groups", "--json")[1]
    assert.are.equal(3, group.total)
    local id = tostring(group.id)
    group = listed(host, "resolve", id, "--note", "mended", "--as", "kim", "--json")
    assert.are.equal("resolved", group.state)
    assert.are.equal("kim", group.state_by)
    assert.are.equal("mended", group.note)
    fail(host)
    assert.are.equal("open", listed(host, "groups", "--json", "--group", id)[1].state)
    assert.matches("back again", host:cli("errors", "groups").stdout)
    assert.are.equal("muted", listed(host, "mute", id, "--json").state)
    assert.are.equal("open", listed(host, "reopen", id, "--json").state)
    assert.are.equal(4, #listed(host, "list", "--json", "--group", id))
    assert.are.same({ removed = 4 }, listed(host, "prune", "--older-than", "0s", "--json"))
    assert.are.equal(4, listed(host, "groups", "--json")[1].total)
    local unknown = host:cli("errors", "resolve", "4711")
    assert.are.equal(1, unknown.status)
    assert.matches("4711", unknown.stderr)
  end)

  it("says what is wrong with a command line", function()
    for _, arguments in ipairs {
      { "lost" }, { "show" }, { "list", "extra" }, { "list", "--limit", "0" }, { "list", "--limit", "many" },
      { "list", "--since", "yesterday" }, { "list", "--status", "abc" }, { "resolve" }, { "resolve", "x" },
      { "resolve", "1", "2" }, { "prune" }, { "prune", "--older-than", "old" }, { "list", "--nonsense" },
    } do
      local result = host:cli("errors", table.unpack(arguments))
      assert.are.equal(2, result.status, table.concat(arguments, " "))
      assert.is_true(#result.stderr > 0)
      assert.are.equal("", result.stdout)
    end
    local result = server.run { "errors", "list", "--data", "/nonexistent/data" }
    assert.are.equal(1, result.status)
    assert.matches("/nonexistent/data", result.stderr, 1, true)
  end)

  it("lets no error's text steer the terminal", function()
    local path = "/%1b%5d0;owned%07/%c2%9b31m"
    client.get(host, path)
    local row = listed(host, "list", "--json")[1]
    for _, result in ipairs { host:cli("errors"), host:cli("errors", "show", row.ref) } do
      assert.are.equal(0, result.status, result.stderr)
      assert.is_nil(result.stdout:find "[\27\7]")
      assert.is_nil(result.stdout:find("\u{9b}", 1, true))
    end
  end)

  it("finds every reference although errors.db was moved away, overwritten or locked out meanwhile", function()
    local database = host.data .. "/errors.db"
    local references = { fail(host) }
    assert(os.rename(database, database .. ".away"))
    for _ = 1, 3 do
      references[#references + 1] = fail(host)
      assert.are.equal(references[#references], listed(host, "show", references[#references], "--json").ref)
    end
    assert(os.rename(database .. ".away", database))
    host:eventually("the spool is taken over", function()
      return not shell.read(host.data .. "/spool/errors.jsonl")
    end)
    references[#references + 1] = fail(host)
    local rows = listed(host, "show", "--json", table.unpack(references))
    for index, reference in ipairs(references) do
      assert.are.equal(reference, rows[index].ref)
      assert.are_not.equal(json.null, rows[index].id)
    end

    shell.write(database, ("garbage "):rep(4096))
    local reference = fail(host)
    assert.are.equal(reference, listed(host, "show", reference, "--json").ref)
    assert.are.equal(200, client.get(host, "/").status)
  end)
end)
