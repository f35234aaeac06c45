--- Every failure is on record under the reference that its client was given, and no secret is.
local client = require "support.client"
local expect = require "support.expect"
local json = require "mulligan.json"
local server = require "support.server"
local shell = require "support.shell"

describe("a failure", function()
  local host

  setup(function()
    host = server.start { scripts = server.source("tests/http/apps/edge") }
  end)

  teardown(function()
    host:stop()
  end)

  --- The row of a reference, as `errors show` prints it.
  local function row_of(reference)
    local shown = host:cli("errors", "show", reference, "--json")
    assert.are.equal(0, shown.status, shown.stderr)
    local row = assert(json.decode(shown.stdout))
    assert.are.equal(reference, row.ref)
    return row
  end

  --- A column that holds JSON, decoded if it is text.
  local function decoded(value)
    return type(value) == "string" and json.decode(value) or value
  end

  --- Fails on a path, and returns the row.
  local function fail(kind)
    local reference = expect.failure(client.get(host, "/fail/" .. kind .. "/"))
    return row_of(reference)
  end

  for _, kind in ipairs {
    "text", "table", "nil", "arithmetic", "sql", "returned", "status", "body", "tostring", "coroutine",
  } do
    it("of the kind " .. kind .. " has its row", function()
      local row = fail(kind)
      assert.are.equal(500, row.status)
      assert.are.equal("request", row.source)
      assert.are.equal("GET", row.method)
      assert.are.equal("/fail/{kind}/", row.route)
      assert.are.equal("/fail/" .. kind .. "/", row.path)
      assert.are.equal("127.0.0.1", row.remote_addr)
      assert.is_true(type(row.message) == "string" and #row.message > 0)
    end)
  end

  it("says nothing of the inside to its client", function()
    for _, accept in ipairs { "application/json", "text/html", "text/plain", "application/problem+json" } do
      for _, kind in ipairs { "text", "sql", "arithmetic", "tostring" } do
        local body = client.get(host, "/fail/" .. kind .. "/", { Accept = accept }).body
        for _, inside in ipairs { ".lua", "no_such_table", "SELECT", "traceback", "boom", "divide", "dispatch" } do
          assert.is_nil(body:find(inside, 1, true), ("%q in %s"):format(inside, body))
        end
      end
    end
  end)

  it("has the frames, with file, line, function and locals", function()
    local frames = decoded(fail("arithmetic").frames)
    local top
    for _, frame in ipairs(frames) do
      if frame.in_app then
        top = frame
        break
      end
    end
    assert.is_truthy(top.file:find("routes/edge.lua", 1, true))
    local number = 0
    for line in io.lines(server.source("tests/http/apps/edge/routes/edge.lua")) do
      number = number + 1
      if number == top.line then
        assert.is_truthy(line:find("dividend / divisor", 1, true), line)
      end
    end
    assert.are.equal(144, top.locals.dividend)
    assert.are.equal("gross", top.locals.divisor.unit)
  end)

  it("in a coroutine has the coroutine's frames and locals", function()
    local text = json.encode(decoded(fail("coroutine").frames))
    assert.is_truthy(text:find("depth", 1, true), text)
  end)

  it("with a value that is no text has the value", function()
    assert.is_truthy(tostring(fail("table").value):find("42", 1, true))
  end)

  it("of SQL names the SQL", function()
    local row = fail("sql")
    local text = row.message .. json.encode(decoded(row.breadcrumbs))
    assert.is_truthy(text:find("SELECT * FROM no_such_table", 1, true), text)
  end)

  it("is found by its reference however it was typed", function()
    local reference = expect.failure(client.get(host, "/fail/text/"))
    local bare = reference:gsub("%-", "")
    for _, typed in ipairs { reference:lower(), reference:sub(5), bare, " " .. reference .. " " } do
      local shown = host:cli("errors", "show", typed)
      assert.are.equal(0, shown.status, ("%q: %s"):format(typed, shown.stderr))
    end
  end)

  it("that nobody knows is exit status 1", function()
    for _, reference in ipairs { "ERR-0000-0000", "ERR-ZZZZ-ZZZZ", "nonsense", "", "'; DROP TABLE error_log; --" } do
      local shown = host:cli("errors", "show", reference)
      assert.are.equal(1, shown.status, reference)
      assert.are.equal("", shown.stdout)
      assert.is_true(#shown.stderr > 0)
    end
  end)

  it("among a hundred at once has a reference of its own", function()
    local requests, references, arguments = {}, {}, { "errors", "show" }
    for index = 1, 100 do
      requests[index] = { path = "/fail/text/?n=" .. index }
    end
    for index, response in ipairs(client.many(host, requests)) do
      local reference = expect.failure(response)
      assert.is_nil(references[reference], "given twice: " .. reference)
      references[reference] = index
      arguments[#arguments + 1] = reference
    end
    local shown = host:cli(table.unpack(arguments))
    assert.are.equal(0, shown.status, shown.stderr)
  end)

  it("survives the server", function()
    local data <const> = shell.temporary_folder()
    local options <const> = { scripts = server.source("tests/http/apps/edge"), data = data }
    local first = server.start(options)
    local reference = expect.failure(client.get(first, "/fail/text/"))
    first:kill()
    first:forget()
    local second = server.start(options)
    assert.are.equal(0, second:cli("errors", "show", reference).status)
    second:stop()
    shell.remove(data)
  end)
end)

describe("a refusal", function()
  local host

  setup(function()
    host = server.start { scripts = server.source("tests/http/apps/edge") }
  end)

  teardown(function()
    host:stop()
  end)

  --- Waits for the row of a path; the client of a 4xx does not.
  local function row_of(path, status)
    return host:eventually(("a row of %d for %s"):format(status, path), function()
      local listed = host:cli("errors", "list", "--status", tostring(status), "--path", path, "--json")
      assert.are.equal(0, listed.status, listed.stderr)
      return json.decode(listed.stdout)[1]
    end)
  end

  it("that was raised has its row", function()
    client.get(host, "/refuse/")
    local row = row_of("/refuse/", 403)
    assert.are.equal("not_instructor", row.code)
    assert.are.equal("PermissionDenied", row.exc_type)
    assert.are.equal("/refuse/", row.route)
  end)

  it("of the host itself has its row", function()
    client.get(host, "/nowhere/at/all/")
    assert.are.equal("not_found", row_of("/nowhere/at/all/", 404).code)
    client.request(host, { method = "DELETE", path = "/echo/" })
    row_of("/echo/", 405)
    client.request(host, { method = "POST", path = "/echo/", body = ("x"):rep(2 * 1024 * 1024) })
    row_of("/echo/", 413)
    for status, content_type in pairs { [400] = "application/json", [415] = "image/png" } do
      local headers = { ["Content-Type"] = content_type }
      client.request(host, { method = "PUT", path = "/echo/", body = "{", headers = headers })
      row_of("/echo/", status)
    end
    client.get(host, "/json-only/", { Accept = "text/html" })
    row_of("/json-only/", 406)
  end)

  it("tells no reference where there is nothing to complain about", function()
    assert.is_nil(expect.refusal(client.get(host, "/refuse/"), 403).error_id)
  end)
end)

describe("a secret", function()
  it("is nowhere: not in a row, not on a disk, not in the log", function()
    local SECRET <const> = "correct-horse-battery-staple"
    local BEARER <const> = "Zm9vYmFyYmF6cXV4"
    local data <const> = shell.temporary_folder()
    local host = server.start { scripts = server.source("tests/http/apps/edge"), data = data }

    local references = {}
    local function remember(response)
      references[#references + 1] = expect.failure(response)
    end
    local fields <const> = { email = "a@example.com", password = SECRET }
    remember(client.json(host, "POST", "/login/", fields))
    remember(client.form(host, "POST", "/login/", fields))
    remember(client.multipart(host, "POST", "/login/", fields))
    remember(client.json(host, "POST", "/login/?password=" .. SECRET, fields))
    remember(client.get(host, "/fail/text/?api_key=" .. BEARER .. "&x=1", {
      Authorization = "Bearer " .. BEARER, Cookie = "sessionid=" .. BEARER, ["X-Api-Key"] = BEARER,
    }))
    for _, reference in ipairs(references) do
      local shown = host:cli("errors", "show", reference, "--json")
      assert.are.equal(0, shown.status, shown.stderr)
      assert.is_truthy(shown.stdout:find("[scrubbed]", 1, true), shown.stdout)
      assert.is_nil(shown.stdout:find(SECRET, 1, true), shown.stdout)
      assert.is_nil(shown.stdout:find(BEARER, 1, true), shown.stdout)
      assert.is_true(math.tointeger(json.decode(shown.stdout).scrubbed) > 0)
    end
    assert.is_nil(host:log():find(SECRET, 1, true), host:log())
    assert.is_nil(host:log():find(BEARER, 1, true), host:log())
    host:stop()

    local found = shell.run({ "grep", "-rlaE", SECRET .. "|" .. BEARER, data })
    assert.are.equal("", found.stdout)
    shell.remove(data)
  end)
end)
