--- What was told in confidence is nowhere afterwards: in no database, spool, log or output, however a script, an error
-- or a request spread it about. Each test plants a secret of its own and searches the bytes of everything for it.
local client = require "support.client"
local expect = require "support.expect"
local json = require "mulligan.json"
local multipart = require "support.multipart"
local planted = require "support.planted"
local server = require "support.server"
local shell = require "support.shell"

local APP <const> = server.source("tests/http/apps/secrets")

local base64 <const>, card <const>, word <const> = planted.base64, planted.card, planted.word

--- Where in a folder a text stands, whatever kind of file it is.
local function places(folder, text)
  local found <const> = shell.run({ "grep", "-rlaiF", "-e", text, folder })
  assert.is_true(found.status <= 1, found.stderr)
  return found.stdout
end

describe("a secret", function()
  local host, data, scripts
  local CONSTANT <const> = word()

  local function start()
    host = server.start { scripts = scripts, data = data }
  end

  setup(function()
    data, scripts = shell.temporary_folder(), shell.temporary_folder()
    assert(os.execute(("cp -R %s/. %s"):format(shell.quote(APP), shell.quote(scripts))))
    local path <const> = scripts .. "/lib/config.lua"
    shell.write(path, (shell.read(path):gsub("THE%-KEY", CONSTANT)))
    start()
  end)

  teardown(function()
    host:stop()
    shell.remove(data)
    shell.remove(scripts)
  end)

  --- Fails if a text is on a disk, in the log or in what the program tells of its errors.
  local function assert_nowhere(secret)
    assert.are.equal("", places(data, secret), "on the disk")
    local log <const> = host:log():lower()
    assert.is_nil(log:find(secret:lower(), 1, true), "in the log:\n" .. log)
    for _, words in ipairs { { "list", "--limit", "1000", "--json" }, { "list" }, { "groups", "--json" } } do
      local told <const> = host:cli("errors", table.unpack(words))
      local text <const> = (told.stdout .. told.stderr):lower()
      assert.is_nil(text:find(secret:lower(), 1, true), text)
    end
  end

  --- Looks for a secret everywhere after a failure, and for the word that was told with it, so that the looking is
  -- known to find things.
  local function assert_kept(reference, secret, note)
    local shown <const> = host:cli("errors", "show", reference, "--json")
    assert.are.equal(0, shown.status, shown.stderr)
    assert.is_nil(shown.stdout:lower():find(secret:lower(), 1, true), shown.stdout)
    assert.truthy(shown.stdout:find(note, 1, true), "what is no secret is gone, too: " .. shown.stdout)
    assert.truthy(shown.stdout:find("[scrubbed]", 1, true), shown.stdout)
    assert.is_true(json.decode(shown.stdout).scrubbed > 0)
    assert.are_not.equal("", places(data, reference), "the row is not where it was looked for")
    assert_nowhere(secret)
  end

  --- Sends a request that plants a secret, and looks for it.
  -- @param request as of client.request(); X-Note is added
  -- @param secret the secret
  -- @param options `status` (500 unless given); `echoes`: the answer is the application's own and may tell it
  local function plant(request, secret, options)
    options = options or {}
    local note <const> = word()
    request.headers = request.headers or {}
    request.headers["X-Note"] = note
    local response <const> = client.request(host, request)
    local reference
    if (options.status or 500) >= 500 then
      reference = expect.failure(response, options.status)
    else
      assert.are.equal(options.status, response.status, response.body)
      reference = host:eventually("a row of the refusal", function()
        local listed <const> = host:cli("errors", "list", "--path", request.path, "--json")
        local row <const> = json.decode(listed.stdout)[1]
        return row and row.ref
      end)
    end
    assert.is_true(options.echoes or not response.body:find(secret, 1, true), response.body)
    assert_kept(reference, secret, note)
    return note
  end

  --- Plants a secret that the script itself comes by.
  local function plant_inside(kind, secret, options)
    secret = secret or word()
    local note <const> = plant({ path = "/leak/" .. kind .. "/", headers = { ["X-Mirror"] = secret:reverse() } },
      secret, options)
    return secret, note
  end

  local function post(kind, body, content_type, secret, options)
    return plant({
      method = "POST", path = "/leak/" .. kind .. "/", body = body, headers = { ["Content-Type"] = content_type },
    }, secret, options)
  end

  it("that is none is found: in the database, in the log, on the command line", function()
    local _, note <const> = plant_inside("local")
    assert.truthy(places(data, note):find("errors.db", 1, true))
    assert.truthy(host:log():find(note, 1, true))
    assert.truthy(host:cli("errors", "list", "--json").stdout:find(note, 1, true))
  end)

  describe("that came in", function()
    it("a header", function()
      local secret <const> = word()
      plant({ path = "/leak/header/", headers = { ["X-Api-Key"] = secret } }, secret)
    end)

    it("a header, and was passed on under another name", function()
      local secret <const> = word()
      plant({
        path = "/leak/header/", headers = { ["X-Api-Key"] = secret, ["X-Forwarded-Key"] = "k=" .. secret },
      }, secret)
    end)

    it("Authorization: Bearer", function()
      local secret <const> = word()
      plant({ path = "/leak/bearer/", headers = { Authorization = "Bearer " .. secret } }, secret)
    end)

    it("Authorization: Basic, decoded", function()
      local secret <const> = word()
      local encoded <const> = base64("kim:" .. secret)
      plant({
        path = "/leak/basic/", headers = { Authorization = "Basic " .. encoded, ["X-Mirror"] = secret:reverse() },
      }, secret)
      assert_nowhere(encoded:gsub("=+$", ""))
    end)

    it("a session cookie", function()
      local secret <const> = word()
      plant({ path = "/leak/cookie/", headers = { Cookie = "lang=ko; sid=" .. secret .. "; theme=dark" } }, secret)
    end)

    it("the query", function()
      local secret <const> = word()
      plant({ path = "/leak/query/?page=2&token=" .. secret }, secret)
    end)

    it("the query, percent-encoded", function()
      local secret <const> = word()
      local encoded <const> = secret:gsub("%a", function(letter)
        return ("%%%02x"):format(letter:byte())
      end)
      plant({ path = "/leak/query/?token=" .. encoded .. "&copy=" .. encoded }, secret)
      assert_nowhere(encoded)
    end)

    it("the path", function()
      local secret <const> = word()
      plant({ path = "/reset/" .. secret .. "/" }, secret)
    end)

    it("the address of the page before", function()
      local secret <const> = word()
      plant({
        path = "/leak/query/?token=" .. secret,
        headers = { Referer = "https://example.com/reset?t=" .. secret },
      }, secret)
    end)

    it("a JSON body", function()
      local secret <const> = word()
      post("body", json.encode({ user = "kim", password = secret }), "application/json", secret)
    end)

    it("a JSON body, in capitals later", function()
      local secret <const> = word()
      post("shouted", json.encode({ password = secret }), "application/json", secret)
    end)

    it("a JSON body, with characters that are escaped", function()
      local secret <const> = word()
      post("quoted", json.encode({ password = '"\\' .. secret .. "\n열쇠" }), "application/json", secret)
    end)

    it("a JSON body, deep under a secret name", function()
      local secret <const> = word()
      post("nested", json.encode({ account = { credentials = { user = "kim", pass = secret } } }), "application/json",
        secret)
    end)

    it("a JSON body that is malformed", function()
      local secret <const> = word()
      post("malformed", ('{"user": "kim", "password": "%s",}'):format(secret), "application/json", secret,
        { status = 400 })
    end)

    it("a JSON body, after more than is kept of it", function()
      local secret <const> = word()
      post("padded", ('{"fill": "%s", "password": "%s"}'):format(("x"):rep(20000), secret), "application/json", secret)
    end)

    it("a form", function()
      local secret <const> = word()
      post("body", client.form_body { user = "kim", password = secret }, "application/x-www-form-urlencoded", secret)
    end)

    it("a form, with characters that are escaped", function()
      local secret <const> = word()
      post("body", client.form_body { password = "열쇠 &" .. secret }, "application/x-www-form-urlencoded", secret)
    end)

    it("a multipart body", function()
      local secret <const> = word()
      local body <const>, content_type <const> = multipart.build { user = "kim", password = secret }
      post("body", body, content_type, secret)
    end)
  end)

  describe("of SQL", function()
    for kind, what in pairs {
      ["sql-literal"] = "that is a literal in the statement", ["sql-value"] = "that is a value",
      ["sql-parameter"] = "that is a parameter the database quotes",
    } do
      it(what, function()
        plant_inside(kind)
      end)
    end

    it("is not in the application's database, to which nobody wrote it", function()
      local secret <const> = plant_inside("sql-value")
      assert.are.equal("", places(data .. "/app.db", secret))
    end)
  end)

  describe("that the script holds", function()
    for kind, what in pairs {
      ["local"] = "in a local", ["outer-local"] = "in a local of a function further out", upvalue = "in an upvalue",
      ["nested-table"] = "in a table in a table", ["large-table"] = "among more entries than are taken down",
      ["table-key"] = "as a key", coroutine = "in a coroutine's local",
    } do
      it(what, function()
        plant_inside(kind)
      end)
    end

    it("in a text that is cut off in the midst of it", function()
      assert_nowhere(plant_inside("long-text"):sub(1, 9))
    end)

    it("in a module", function()
      plant({ path = "/leak/module/" }, CONSTANT)
    end)

    it("when its time is up", function()
      local secret <const> = word()
      plant({ path = "/late/", headers = { ["X-Mirror"] = secret:reverse() } }, secret, { status = 503 })
    end)
  end)

  describe("that the error tells itself", function()
    for kind, what in pairs {
      ["named-text"] = "beside its name", url = "in an address", pem = "as a private key",
      ["bearer-text"] = "as a bearer token", ["jwt-text"] = "as a signed token", ["error-table"] = "in a table",
      ["error-object"] = "in an object with a text of its own",
    } do
      it(what, function()
        plant_inside(kind)
      end)
    end

    it("as a card number", function()
      plant_inside("card-text", card())
    end)

    it("in an exception's detail", function()
      plant_inside("exception-detail", nil, { echoes = true })
    end)

    it("in a refusal's detail", function()
      local secret <const> = word()
      post("refused", json.encode({ password = secret }), "application/json", secret, { status = 400, echoes = true })
    end)

    it("in a response that was returned", function()
      plant_inside("returned", nil, { echoes = true })
    end)

    it("in the exception handler, which fails too", function()
      local secret <const> = word()
      plant({
        path = "/leak/local/", headers = { ["X-Mirror"] = secret:reverse(), ["X-Fail-With"] = "code " .. secret },
      }, secret)
    end)
  end)

  describe("that was said before", function()
    it("in a breadcrumb, and in one that is cut off in the midst of it", function()
      assert_nowhere(plant_inside("breadcrumb"):sub(1, 9))
    end)

    it("in a line of the log", function()
      local secret <const> = word()
      plant({ path = "/leak/log/", headers = { ["X-Api-Key"] = secret } }, secret)
    end)

    it("in a line of the log, out of the body", function()
      local secret <const> = word()
      post("log-body", json.encode({ password = secret }), "application/json", secret)
    end)

    it("in what the script records itself", function()
      local secret <const> = word()
      local note <const> = word()
      local response <const> = client.get(host, "/leak/record/", { ["X-Mirror"] = secret:reverse(), ["X-Note"] = note })
      assert_kept(response.json().detail, secret, note)
    end)
  end)

  describe("of an operator", function()
    it("in a secret parameter, and in one whose name says it is one", function()
      local code <const>, token <const>, note <const> = word(), word(), word()
      for _, more in ipairs { {}, { "--json" } } do
        local words <const> = { "run", "leak", "--code", code, "--api_token", token, "--note", note }
        local result <const> = host:cli(table.unpack(shell.append(words, more)))
        assert.are.equal(1, result.status, result.stderr)
        local said <const> = result.stdout .. result.stderr
        assert.is_nil(said:find(code, 1, true), said)
        assert.is_nil(said:find(token, 1, true), said)
        assert.truthy(said:find(note, 1, true), said)
        local reference <const> = said:match("ERR%-%w+%-%w+")
        assert_kept(reference, code, note)
        assert_kept(reference, token, note)
      end
    end)
  end)

  describe("while the database of errors is broken", function()
    it("is not in the spool either", function()
      host:stop()
      shell.run { "rm", "-f", data .. "/errors.db-wal", data .. "/errors.db-shm" }
      shell.write(data .. "/errors.db", ("this is no database. "):rep(1000))
      start()
      local secret <const> = word()
      plant({ method = "POST", path = "/leak/body/?token=" .. secret, body = json.encode({ password = secret }),
        headers = { ["Content-Type"] = "application/json", Cookie = "sessionid=" .. secret } }, secret)
      local _, note <const> = plant_inside("local")
      assert.truthy(places(data, note):find("spool/", 1, true))
      assert.are.equal("", places(data, CONSTANT))
    end)
  end)
end)

describe("an ordinary word", function()
  it("stays although somebody has it for a password", function()
    local host <const> = server.start { scripts = APP }
    local sentence <const> = "for admin the secret is required, see 12345678901"
    for _, weak in ipairs { "kim", "admin", "secret", "required", "123456789" } do
      local fields <const> = { user = weak, password = weak }
      local response <const> = client.json(host, "POST", "/leak/body/", fields, { ["X-Note"] = sentence })
      local shown <const> = host:cli("errors", "show", expect.failure(response), "--json").stdout
      assert.truthy(json.decode(shown).message:find(sentence, 1, true), shown)
    end
    host:stop()
  end)
end)
