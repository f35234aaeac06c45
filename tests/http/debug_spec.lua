--- What a developer is shown in debug mode, in every form, and what nobody is shown without it.
local client = require "support.client"
local crypto = require "mulligan.crypto"
local errorlog = require "support.errorlog"
local expect = require "support.expect"
local json = require "mulligan.json"
local server = require "support.server"
local shell = require "support.shell"

local APP <const> = server.source("tests/http/apps/debug")
local BROWSER <const> = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
local TEXT <const> = "text/plain,*/*;q=0.1"
local PROBLEM <const> = "application/problem+json"
local FILL <const> = "/seminar/2/fill/"
local MESSAGE <const> = "attempt to perform arithmetic on a nil value (field 'capcity')"
local QUESTIONS <const> = "/__mulligan__/debug/"
local LITTLE_MEMORY <const> = { MULLIGAN_MEMORY_LIMIT = 16 * 1024 * 1024 } -- is eaten up sooner
local SHOWN_AT_MOST <const> = 2 * 1024 * 1024

--- A text for a failure's message, without the style and the scripts that every page has.
local function shortened(text)
  return text:gsub("<style.-</style>", ""):gsub("<script.-</script>", ""):sub(1, 4000)
end

--- Fails unless a part is in a text; returns where.
local function has(text, part)
  local position <const> = text:find(part, 1, true)
  assert.truthy(position, ("%q is not in %s"):format(part, shortened(text)))
  return position
end

local function has_not(text, part)
  assert.is_nil(text:find(part, 1, true), ("%q is in %s"):format(part, shortened(text)))
end

--- A copy of the application, to be edited.
local function copy_app()
  local folder <const> = shell.temporary_folder()
  assert(os.execute(("cp -R %s/. %s"):format(shell.quote(APP), shell.quote(folder))))
  return folder
end

describe("debug mode", function()
  local host

  setup(function()
    host = server.start { scripts = APP, args = { "--debug" }, env = LITTLE_MEMORY }
  end)

  teardown(function()
    host:stop()
  end)

  local function get(path, accept, headers)
    local all <const> = { Accept = accept }
    for name, value in pairs(headers or {}) do
      all[name] = value
    end
    return client.get(host, path, all)
  end

  --- The page of a failure.
  local function page(path, headers, status)
    local response <const> = get(path, BROWSER, headers)
    assert.are.equal(status or 500, response.status)
    has(response.headers["content-type"], "text/html")
    has(response.body, "</html>")
    return response.body, response
  end

  --- What stands under the key `debug`.
  local function report(path, headers, status)
    local _, body <const> = expect.failure(get(path, "application/json", headers), status)
    assert.are.equal("table", type(body.debug), json.encode(body))
    return body.debug, body
  end

  it("says at the start that it is on", function()
    has(host:log(), "debug mode is on")
  end)

  describe("a page", function()
    it("tells type, message, place, source, locals and upvalues", function()
      local body <const>, response <const> = page(FILL .. "?x=1")
      has(body, '<span class="type">LuaError</span>')
      has(body, MESSAGE:gsub("'", "&#39;"))
      has(body, "scripts/lib/seminars.lua:13")
      has(body, 'class="line here" data-n="13">  local share &lt;const&gt; = joined * percent // seminar.capcity\n')
      has(body, 'data-n="5">local seminars = {}')
      has(body, '<th scope="row">joined</th><td><code class="number">2</code>')
      has(body, "name = &quot;SQL&quot;")
      has(body, "capacity = 0")
      has(body, '<th scope="row">query</th><td><code>x=1</code>')
      has(body, "/seminar/{id:int}/fill/")
      has(body, "SELECT name, capacity FROM seminar WHERE id = ?")
      has(body, "counting who joined SQL")
      local reference <const> = response.headers["x-error-id"]
      has(body, "mulligan errors show " .. reference)
      has(body, 'href="/__mulligan__/debug/errors/' .. reference .. '"')
      assert.are.equal("no-store", response.headers["cache-control"])
    end)

    it("needs nothing but itself, and lets nothing else run", function()
      local body <const>, response <const> = page(FILL)
      local policy <const> = response.headers["content-security-policy"]
      local nonce <const> = policy:match("script%-src 'nonce%-(%x+)'")
      assert.is_true(#nonce >= 32)
      has(policy, "default-src 'none'")
      has(policy, "frame-ancestors 'none'")
      local scripts = 0
      for element, attributes in body:gmatch("<(%a+)([^>]*)>") do
        if element == "script" or element == "style" then
          assert.are.equal((' nonce="%s"'):format(nonce), attributes)
          scripts = scripts + 1
        end
        assert.is_nil((" " .. attributes):find("%sstyle=") or (" " .. attributes):find("%son%a+=")
          or attributes:find("src=", 1, true), attributes)
      end
      assert.is_true(scripts >= 2)
      has_not(body, "//cdn")
      local _, second <const> = page(FILL)
      assert.are_not.equal(policy, second.headers["content-security-policy"])
    end)

    it("opens the application's frames and folds the library's, whose source it has too", function()
      local body <const> = page("/library/")
      local frames <const>, folded <const> = {}, {}
      for kind, open in body:gmatch('<section class="frame (%a+)"[^>]*><details( ?%a*)>') do
        frames[#frames + 1] = kind
        assert.are.equal(kind == "app" and " open" or "", open)
      end
      assert.is_true(#frames >= 2, json.encode(frames))
      local exception <const> = page("/exception/", nil, 503)
      for kind, inside in exception:gmatch('<section class="frame (%a+)"[^>]*><details>(.-)</details></section>') do
        folded[#folded + 1] = kind
        has(inside, "mulligan/exceptions.lua")
        has(inside, 'class="line here"')
      end
      assert.are.same({ "library" }, folded)
    end)

    it("has a coroutine's frames before those of its resumer", function()
      local body <const> = page("/coroutine/")
      local inner <const>, outer <const> = '<th scope="row">inner</th>', '<th scope="row">outer</th>'
      assert.is_true(has(body, inner) < has(body, outer))
    end)

    it("has the error before the error, when the exception handler fails", function()
      local body <const> = page(FILL, { ["X-Handler"] = "fail" })
      has(body, "attempt to concatenate a table value (local &#39;trouble&#39;)")
      local caused <const> = body:find("Caused by", 1, true)
      has(body:sub(caused), MESSAGE:gsub("'", "&#39;"))
      has(body:sub(caused), 'id="cause-1-frame-1"')
    end)

    it("gives each frame that can be asked its request and its level", function()
      local body <const>, response <const> = page(FILL)
      local request <const> = response.headers["x-request-id"]
      local levels <const> = {}
      for level in body:gmatch(('<section class="frame app" id="[^"]*" data%%-request="%s" data%%-level="(%%d+)">')
        :format(request)) do
        levels[#levels + 1] = level
      end
      assert.are.same({ "0", "1" }, levels)
      local _, consoles <const> = body:gsub('<div class="console"></div>', "")
      assert.are.equal(2, consoles)
    end)

    it("takes the place of what the application returned, but keeps its headers", function()
      local body <const>, response <const> = page("/returned/text/")
      has(body, "nothing but a text")
      assert.are.equal("kept", response.headers["x-mine"])
      has_not(response.headers["content-security-policy"], "sandbox")
    end)

    it("is there for a deadline and for a memory limit", function()
      has(page("/loop/", nil, 503), "DeadlineExceeded")
      has(page("/memory/"), "MemoryExceeded")
    end)

    it("is not for what a client did wrong", function()
      local response <const> = get("/refused/", BROWSER)
      assert.are.equal(404, response.status)
      assert.are.same({ detail = "No such seminar." }, response.json())
      assert.are.equal(400, client.request(host, {
        method = "POST", path = FILL, body = "{", headers = { ["Content-Type"] = "application/json" },
      }).status)
    end)

    it("has no body for HEAD", function()
      local response <const> = client.request(host, { method = "HEAD", path = FILL, headers = { Accept = BROWSER } })
      assert.are.equal(500, response.status)
      assert.are.equal("", response.body)
    end)
  end)

  it("has a type for what the host refuses by itself, too", function()
    local folder <const> = shell.temporary_folder()
    shell.write(folder .. "/routes/broken.lua", "local = 1\n")
    local broken <const> = server.start { scripts = folder, args = { "--debug", "--keep-going" } }
    local response <const> = client.get(broken, "/x/", { Accept = TEXT })
    assert.are.equal(503, response.status)
    has(response.body, "\nnot_loaded: Service Unavailable\n")
    local now <const> = client.get(broken, "/__mulligan__/debug/generation").json()
    assert.is_true(now.failed)
    has(now.why, "scripts/routes/broken.lua:1")
    broken:stop()
    shell.remove(folder)
  end)

  describe("a program", function()
    it("that takes JSON has the usual keys, and all else under one", function()
      local debug <const>, body <const> = report(FILL .. "?x=1", { ["X-Mine"] = "it's" })
      has(body.detail, body.error_id)
      assert.are.equal("error", body.code)
      assert.are.equal("LuaError", debug.type)
      has(debug.message, MESSAGE)
      assert.are.equal("scripts/lib/seminars.lua", debug.frames[1].file)
      assert.are.equal(13, debug.frames[1].line)
      assert.are.equal(2, debug.frames[1].locals.joined)
      has(debug.frames[1].source["13"], "seminar.capcity")
      assert.are.equal("x=1", debug.request.query)
      assert.are.equal("it's", debug.request.headers["X-Mine"])
      assert.are.equal(1, #debug.sql)
      has(debug.sql[1].text, "SELECT name")
      assert.are.equal("integer", math.type(debug.sql[1].us))
      assert.are.equal("log", debug.breadcrumbs[2].kind)
      assert.are.equal("mulligan errors show " .. body.error_id, debug.show)
    end)

    it("that takes JSON has the causes in their order", function()
      local debug <const> = report(FILL, { ["X-Handler"] = "fail" })
      has(debug.message, "attempt to concatenate")
      assert.are.equal(1, #debug.causes)
      has(debug.causes[1].message, MESSAGE)
      assert.is_true(#debug.causes[1].frames > 0)
    end)

    it("that takes JSON has what an exception came of, which is on record, too", function()
      local debug <const>, body <const> = report("/chained/")
      assert.are.equal("APIException", debug.type)
      assert.are.equal(2, #debug.causes)
      assert.are.equal("LuaError (table)", debug.causes[1].type)
      has(debug.causes[1].value, "the fill is unknown")
      has(debug.causes[2].message, MESSAGE)
      local row <const> = errorlog.row(host, body.error_id)
      local cause <const> = errorlog.row(host, errorlog.row(host, row.cause_ref).cause_ref)
      has(cause.message, MESSAGE)
      assert.are.equal("/chained/", cause.path)
      assert.are.equal(row.request_id, cause.request_id)
    end)

    it("that takes JSON has causes within bounds, whatever they are", function()
      assert.are.equal(5, #report("/chained/endlessly/").causes)
      local debug <const> = report("/chained/badly/")
      assert.are.equal("LuaError (table)", debug.type)
      has(debug.causes[1].message, "cannot be had")
    end)

    it("keeps what the application answered, where that is an object", function()
      local debug <const>, body <const> = report("/returned/object/")
      assert.are.equal("the script says so", body.detail)
      assert.are.equal("own_code", body.code)
      assert.are.equal(1, body.more)
      assert.are.equal("Response", debug.type)
      has(report("/returned/list/", nil, 503).message, '["no","object"]')
    end)

    it("that takes problem+json gets that", function()
      local response <const> = get("/library/", PROBLEM .. ",*/*;q=0.1")
      has(response.headers["content-type"], PROBLEM)
      local body <const> = response.json()
      assert.are.equal(500, body.status)
      has(body.debug.message, "in the middle of a transaction")
    end)

    it("that takes plain text gets a traceback to read", function()
      local response <const> = get(FILL, TEXT)
      has(response.headers["content-type"], "text/plain")
      for _, part in ipairs {
        "500 Internal Server Error", "LuaError: scripts/lib/seminars.lua:13: " .. MESSAGE,
        "  1  scripts/lib/seminars.lua:13  in fill", "    >   13 |   local share", "         joined = 2",
        "         seminar = { ", "  route      /seminar/{id:int}/fill/",
        "SELECT name, capacity FROM seminar WHERE id = ?", "\ncurl -i -g ",
        "mulligan errors show " .. response.headers["x-error-id"],
      } do
        has(response.body, part)
      end
    end)

    it("is given a curl command that does it again", function()
      local command <const> = client.request(host, {
        method = "POST", path = FILL .. "?note=%27%20%24%28x%29", body = '{"it\'s": "\\"", "joined": 4}',
        headers = { ["Content-Type"] = "application/json", Accept = "application/json", ["X-Mine"] = "a 'b' $(c) `d`" },
      }).json().debug.curl
      local result <const> = shell.run { "bash", "-c", command .. " 2>/dev/null" }
      assert.are.equal(0, result.status)
      has(result.stdout, "HTTP/1.1 500")
      local again <const> = json.decode(result.stdout:match("\r\n\r\n(.*)$"))
      has(again.debug.message, MESSAGE)
      assert.are.equal("a 'b' $(c) `d`", again.debug.request.headers["X-Mine"])
      assert.are.equal('{"it\'s": "\\"", "joined": 4}', again.debug.request.body)
      assert.are.equal("note=%27%20%24%28x%29", again.debug.request.query)
    end)
  end)

  describe("an address without a route", function()
    it("lists the routes, the nearest first, with links to those that can be followed", function()
      local body <const> = page("/semniar/2/fil/?<script>", nil, 404)
      local patterns <const> = {}
      for pattern in body:gmatch('<td class="pattern">.-<code>(.-)</code>') do
        patterns[#patterns + 1] = pattern
      end
      assert.are.equal("/seminar/{id:int}/fill/", patterns[1])
      assert.is_true(#patterns >= 14)
      has(body, "Is <code>/seminar/{id:int}/fill/</code> meant?")
      has(body, '<a href="/alive/"><code>/alive/</code></a>')
      has(body, "scripts/routes/debug.lua:")
      has_not(body, "mulligan errors show")
    end)

    it("does so for programs", function()
      local body <const> = get("/alvie/", "application/json").json()
      assert.are.equal("Not found.", body.detail)
      assert.are.same({ "GET" }, body.debug.routes[1].methods)
      assert.are.equal("/alive/", body.debug.routes[1].pattern)
      assert.is_true(body.debug.routes[1].near)
      has(get("/alvie/", "text/plain").body, "\n? /alive/  GET  (scripts/routes/debug.lua:")
    end)

    it("shows the address as text", function()
      local body <const> = page("/%3C/title%3E%3Cscript%3Etaken()%3C/script%3E%E2%80%AE/", nil, 404)
      has_not(body, "<script>taken")
      has_not(body, "\u{202E}")
      has(body, "\\u{202E}")
    end)
  end)

  describe("hostile values", function()
    for _, kind in ipairs { "markup", "quotes", "control", "bidi", "broken", "megabyte", "korean" } do
      it("are shown and do nothing: " .. kind, function()
        local path <const> = "/hostile/?message=" .. kind
        local body <const> = page(path)
        assert.is_true(#body < SHOWN_AT_MOST, #body)
        has_not(body, "<img")
        has_not(body, "<b>key")
        has_not(body, "window.taken = true</script>")
        local _, opened <const> = body:gsub("<script", "")
        local _, closed <const> = body:gsub("</script", "")
        assert.are.equal(opened, closed)
        local text <const> = get(path, TEXT).body
        for _, shown in ipairs { body, text } do
          assert.is_truthy(utf8.len(shown), "not UTF-8")
          assert.is_nil(shown:find("[\0-\8\11-\31\127]"))
          has_not(shown, "\u{202E}")
          has_not(shown, "\u{2066}")
          assert.is_true(#shown < SHOWN_AT_MOST)
        end
        report(path)
      end)
    end

    it("are written out so that they are seen", function()
      local body <const> = page("/hostile/?message=control")
      has(body, "<i>\\x1B</i>[31mred")
      has(page("/hostile/?message=bidi"), "user<i>\\u{202E}</i>gpj.exe")
      has(page("/table/"), '<p class="raised"><code>{&quot;list&quot;:[1,2,3]')
      has(page("/table/"), "&lt;/script&gt;")
    end)

    it("in a header's name, a query and a body are shown, too", function()
      local response <const> = client.request(host, {
        method = "POST", path = "/seminar/2/fill/?</script><b>=\"'", body = '{"joined": "<b>\\u001b</textarea>"}',
        headers = { ["Content-Type"] = "application/json", Accept = BROWSER, ["X-'Name"] = "<b>\"'" },
      })
      assert.are.equal(500, response.status)
      has_not(response.body, "<b>")
      has(response.body, "&lt;b&gt;")
    end)
  end)

  describe("a secret", function()
    --- Every form that an answer has.
    local function forms(path, headers, body)
      local list <const> = {}
      for _, accept in ipairs { BROWSER, TEXT, "application/json", PROBLEM .. ",*/*;q=0.1" } do
        headers.Accept = accept
        local response <const> = client.request(host, { method = "POST", path = path, headers = headers, body = body })
        assert.are.equal(500, response.status, response.body)
        list[#list + 1] = response.body
        list[#list + 1] = get("/__mulligan__/debug/errors/" .. response.headers["x-error-id"], accept).body
      end
      return list
    end

    it("is on no form of the report: not out of the path, header, query, body, locals, SQL or message", function()
      local function word()
        return "k7" .. crypto.sha256(crypto.random(16)):sub(1, 20)
      end
      local secrets <const> = { word(), word(), word(), word(), word() }
      local note <const> = word()
      local shown <const> = forms(("/login/%s/?api_key=%s&n=1"):format(secrets[1], secrets[2]), {
        ["Content-Type"] = "application/json", Authorization = "Bearer " .. secrets[3],
        Cookie = "sessionid=" .. secrets[4],
      }, json.encode { password = secrets[5], note = note })
      for _, text in ipairs(shown) do
        for _, secret in ipairs(secrets) do
          has_not(text:lower(), secret)
        end
        has(text, note)
        has(text, "[scrubbed]")
      end
    end)
  end)

  describe("the page's questions", function()
    it("are answered: which scripts serve", function()
      local response <const> = get("/__mulligan__/debug/generation", "application/json")
      assert.are.equal(200, response.status)
      assert.are.equal("no-store", response.headers["cache-control"])
      assert.are.same({ generation = 1, process = host.pid, failed = false }, response.json())
    end)

    it("are answered: an error that was stored, whatever became of its coroutine", function()
      local reference <const> = expect.failure(get(FILL, "application/json", { ["X-Handler"] = "fail" }))
      local body <const> = page("/__mulligan__/debug/errors/" .. reference, nil, 200)
      has(body, "a stored error")
      has(body, "attempt to concatenate a table value")
      has(body, "Caused by")
      has(body, 'data-n="13"')
      has_not(body, " data-watch")
      has(get("/__mulligan__/debug/errors/" .. reference, "text/plain").body, "LuaError: scripts/lib/handler.lua")
      local debug <const> = get("/__mulligan__/debug/errors/" .. reference, "application/json").json().debug
      has(debug.causes[1].message, MESSAGE)
      for _, unknown in ipairs { "ERR-0000-0000", "nonsense", "", "../../errors.db", "%3Cb%3E" } do
        local response <const> = get("/__mulligan__/debug/errors/" .. unknown, BROWSER)
        assert.are.equal(404, response.status)
        has(response.headers["content-type"], "text/plain")
        assert.are.equal("nosniff", response.headers["x-content-type-options"])
      end
    end)

    it("are no others", function()
      for _, path in ipairs { "/__mulligan__/debug/", "/__mulligan__/debug/generation/x", "/__mulligan__/" } do
        assert.are.equal(404, get(path, "application/json").status)
      end
      assert.are.equal(404, client.request(host, { method = "POST", path = "/__mulligan__/debug/generation" }).status)
    end)
  end)

  it("is shown only under a name of this machine, so that no page of another site can ask", function()
    for _, name in ipairs { "evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example" } do
      for _, accept in ipairs { BROWSER, TEXT, "application/json" } do
        local response <const> = get(FILL, accept, { Host = name })
        assert.are.equal(500, response.status)
        for _, inside in ipairs { ".lua", "capcity", "SELECT", "debug" } do
          has_not(response.body, inside)
        end
        has_not(get("/alvie/", accept, { Host = name }).body, ".lua")
        assert.are.equal(404, get("/__mulligan__/debug/generation", accept, { Host = name }).status)
      end
    end
    has(get(FILL, TEXT, { Host = "localhost:" .. host.port }).body, "capcity")
    has(get(FILL, TEXT, { Host = "[::1]:1" }).body, "capcity")
  end)
end)

describe("a page in debug mode that is waiting", function()
  it("hears of a save that serves, of one that does not load, and why", function()
    local scripts <const> = copy_app()
    local host <const> = server.start { scripts = scripts, args = { "--debug" } }
    local path <const> = scripts .. "/lib/seminars.lua"
    local source <const> = shell.read(path)

    local function hear(what, condition)
      return host:eventually(what, function()
        local now <const> = client.get(host, "/__mulligan__/debug/generation").json()
        return condition(now) and now
      end)
    end

    local function save(content)
      shell.replace(path, content)
      host:signal("HUP")
    end

    save(source .. "\nlocal = ;")
    local failed <const> = hear("the save that does not load", function(now)
      return now.failed
    end)
    assert.are.equal(1, failed.generation)
    has(failed.why, "scripts/lib/seminars.lua:19")
    save((source:gsub("seminar%.capcity", "(seminar.capacity + 1)")))
    local served <const> = hear("the save that mends it", function(now)
      return not now.failed and now.generation > 1
    end)
    assert.is_nil(served.why)
    host:eventually("the mended route", function()
      return client.get(host, FILL).status == 200
    end)
    host:stop()
    shell.remove(scripts)
  end)
end)

describe("without debug mode", function()
  it("nothing of the inside leaves, in no form, whatever a client asks for", function()
    local host <const> = server.start { scripts = APP, env = LITTLE_MEMORY }
    for _, accept in ipairs { BROWSER, TEXT, "application/json", PROBLEM } do
      local paths <const> = { FILL, "/library/", "/coroutine/", "/hostile/", "/table/", "/chained/" }
      if accept == BROWSER then -- these take their time
        paths[#paths + 1] = "/loop/"
        paths[#paths + 1] = "/memory/"
      end
      for _, path in ipairs(paths) do
        local response <const> = client.get(host, path, { Accept = accept .. ",*/*;q=0.1", ["X-Handler"] = "fail" })
        assert.is_true(response.status >= 500)
        for _, inside in ipairs { ".lua", "capcity", "SELECT", "traceback", "X-Handler", "/__mulligan__" } do
          has_not(response.body, inside)
        end
        assert.is_nil(response.headers["content-security-policy"])
        if response.headers["content-type"]:find("json", 1, true) then
          assert.is_nil(response.json().debug)
        end
      end
      for _, path in ipairs { "/alvie/", QUESTIONS .. "generation", QUESTIONS .. "errors/ERR-0000-0000" } do
        local response <const> = client.get(host, path, { Accept = accept .. ",*/*;q=0.1" })
        assert.are.equal(404, response.status)
        has_not(response.body, "/alive/")
        has_not(response.body, ".lua")
      end
    end
    host:stop()
  end)
end)

describe("debug mode is turned on", function()
  it("by the environment development, and by the setting", function()
    for _, env in ipairs { { MULLIGAN_ENV = "development" }, { MULLIGAN_DEBUG = "true" } } do
      local host <const> = server.start { scripts = APP, env = env }
      has(client.get(host, FILL, { Accept = TEXT }).body, "capcity")
      host:stop()
    end
  end)

  it("by no other environment", function()
    local host <const> = server.start { scripts = APP, env = { MULLIGAN_ENV = "staging" } }
    has_not(client.get(host, FILL, { Accept = TEXT }).body, "capcity")
    host:stop()
  end)

  it("on no address that others reach, unless that is said", function()
    local data <const> = shell.temporary_folder()
    local function serve(environment, ...)
      local words <const> = { "serve", "--port", "0", "--data", data .. "/data", "--scripts", APP, ... }
      return server.run(words, { environment = environment })
    end
    for _, address in ipairs { "0.0.0.0", "::", "192.0.2.1", "example.com" } do
      local refused <const> = serve({}, "--host", address, "--debug")
      assert.are.equal(2, refused.status)
      assert.are.equal("", refused.stdout)
      has(refused.stderr, "debug mode is refused on " .. address)
      has(refused.stderr, "--debug-anyone")
    end
    local refused <const> = serve({ MULLIGAN_ENV = "development", MULLIGAN_HOST = "0.0.0.0" })
    assert.are.equal(2, refused.status)
    has(refused.stderr, "MULLIGAN_ENV=development")
    local alone <const> = serve({}, "--debug-anyone")
    assert.are.equal(2, alone.status)
    has(alone.stderr, "--debug")
    assert.is_nil(shell.read(data .. "/data/app.db"), "a refusal makes no data folder")
    shell.remove(data)
  end)

  it("for anyone, if that is said", function()
    local host <const> = server.start { scripts = APP, args = { "--host", "0.0.0.0", "--debug", "--debug-anyone" } }
    has(host:log(), "everybody who can reach this address")
    host.host = "127.0.0.1"
    has(client.get(host, FILL, { Accept = TEXT, Host = "devbox.example" }).body, "capcity")
    host:stop()
  end)
end)
