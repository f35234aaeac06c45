--- The page of an error by its reference, which alerts link to: what it says to anybody, and what it keeps to itself.
local client = require "support.client"
local errorlog = require "support.errorlog"
local expect = require "support.expect"
local json = require "mulligan.json"
local server_support = require "support.server"
local shell = require "support.shell"

local BROWSER <const> = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
local PAGES <const> = "/__mulligan__/errors/"
local ALWAYS_500 <const> = "/api/v1/debug/always-500/?note=between-us"
local UNKNOWN <const> = "ERR-0000-0000"

describe("the page of an error", function()
  local host, reference

  setup(function()
    host = server_support.start {}
    reference = expect.failure(client.get(host, ALWAYS_500))
  end)

  teardown(function()
    host:stop()
  end)

  local function get(name, accept, language, on)
    return client.get(on or host, PAGES .. name, { Accept = accept, ["Accept-Language"] = language or "en" })
  end

  local function has(response, ...)
    for _, text in ipairs { ... } do
      if not response.body:find(text, 1, true) then
        error(("%q is not in:\n%s"):format(text, response.body), 2)
      end
    end
  end

  --- A status, a type, and headers that keep the link with whoever has it.
  local function is_answer(response, status, content_type)
    assert.are.equal(status, response.status)
    assert.are.equal(content_type, response.headers["content-type"])
    assert.are.equal("no-store", response.headers["cache-control"])
    assert.are.equal("no-referrer", response.headers["referrer-policy"])
    assert.are.equal("noindex", response.headers["x-robots-tag"])
    assert.are.equal("nosniff", response.headers["x-content-type-options"])
    assert.truthy(response.headers["content-security-policy"]:find("default-src 'none'", 1, true))
    return response
  end

  for language, texts in pairs {
    en = { "This error is on record", "When", "Status", "Application code", "For those who work on it:" },
    ko = { "이 오류는 기록되어 있습니다", "시각", "상태", "애플리케이션 코드", "서비스를 고치는 분께:" },
  } do
    it("is for people: " .. language, function()
      local page <const> = is_answer(get(reference, BROWSER, language), 200, "text/html; charset=utf-8")
      has(page, '<html lang="' .. language .. '">', reference, "500", "9000", "mulligan errors show " .. reference)
      has(page, table.unpack(texts))
      assert.truthy(page.body:find('<time datetime="%d%d%d%d%-%d%d%-%d%dT[%d:%.]+Z">%d%d%d%d%-%d%d%-%d%d [%d:]+ UTC<'))
      assert.truthy(page.body:find("</html>%s*$"))
      assert.is_nil(page.body:find("[{][{]"))
      for _, outside in ipairs { "<script", "<link", "<img", "@import", "url%(" } do
        assert.is_nil(page.body:find(outside), outside)
      end
    end)

    it("is plain text for who asks for that: " .. language, function()
      local text <const> = is_answer(get(reference, "text/plain", language), 200, "text/plain; charset=utf-8")
      has(text, texts[1], reference, "500", "9000", "mulligan errors show " .. reference)
    end)
  end

  it("is JSON for programs", function()
    local row <const> = errorlog.row(host, reference)
    for _, accept in ipairs { "application/json", "*/*", "image/png" } do
      local body <const> = is_answer(get(reference, accept), 200, "application/json").json()
      local seconds <const> = os.time { year = body.occurred_at:sub(1, 4), month = body.occurred_at:sub(6, 7),
        day = body.occurred_at:sub(9, 10), hour = body.occurred_at:sub(12, 13), min = body.occurred_at:sub(15, 16),
        sec = body.occurred_at:sub(18, 19) } - os.time(os.date("!*t", 0))
      assert.are.equal(row.occurred_at // 1000000, seconds)
      body.occurred_at = nil
      assert.are.same(
        { detail = "This error is on record", error_id = reference, status = 500, app_code = 9000 }, body)
    end
  end)

  it("says nothing else of the error", function()
    for _, accept in ipairs { BROWSER, "text/plain", "application/json" } do
      local body <const> = get(reference, accept).body
      for _, inside in ipairs {
        "always fails", "always-500", "between-us", ".lua", "traceback", "LuaError", "127.0.0.1", "/debug/",
      } do
        assert.is_nil(body:find(inside, 1, true), inside)
      end
    end
  end)

  it("takes a reference as a person types it", function()
    for _, typed in ipairs { reference:lower(), reference:gsub("-", ""), reference:sub(5), reference .. "/" } do
      assert.are.equal(reference, is_answer(get(typed, "application/json"), 200, "application/json").json().error_id)
    end
  end)

  it("answers HEAD as GET, without the body, and takes no other method", function()
    local whole <const> = get(reference, BROWSER)
    local head <const> = client.request(host, {
      method = "HEAD", path = PAGES .. reference, headers = { Accept = BROWSER, ["Accept-Language"] = "en" },
    })
    is_answer(head, 200, "text/html; charset=utf-8")
    assert.are.equal("", head.body)
    assert.are.equal(tostring(#whole.body), head.headers["content-length"])
    for _, method in ipairs { "POST", "DELETE", "PUT" } do
      local refused <const> = client.request(host, { method = method, path = PAGES .. reference, body = "x=1" })
      assert.are.equal("GET, HEAD", is_answer(refused, 405, "application/json").headers.allow)
    end
  end)

  it("says in the same form that there is no such error, and puts nothing on record about it", function()
    local before <const> = #errorlog.list(host)
    for _, name in ipairs {
      UNKNOWN, "nonsense", "", "/", "../../errors.db", "ERR-0000-0000/x", ("A"):rep(5000), "%3Cb%3E", "%EC%98%A4",
    } do
      has(is_answer(get(name, BROWSER), 404, "text/html; charset=utf-8"), "No error has this number", ">404<")
      assert.is_nil(get(name, BROWSER).body:find("<b>", 1, true))
      has(is_answer(get(name, "text/plain", "ko"), 404, "text/plain; charset=utf-8"), "이 번호의 오류가 없습니다")
      assert.are.same({ detail = "No error has this number", code = "not_found" },
        is_answer(get(name, "application/json"), 404, "application/json").json())
    end
    assert.are.equal(before, #errorlog.list(host))
  end)

  it("is there for a refusal's error as well, whose client was told no reference", function()
    client.get(host, "/api/v1/user/me/")
    local row <const> = host:eventually("the 401 is on record", function()
      return errorlog.list(host, "--status", "401")[1]
    end)
    assert.are.equal(401, get(row.ref, "application/json").json().status)
  end)

  it("finds what is still in the spool, and says in words when it cannot look", function()
    local database <const> = host.data .. "/errors.db"
    assert(os.rename(database, database .. ".away"))
    local spooled <const> = expect.failure(client.get(host, ALWAYS_500))
    assert.are.equal(500, get(spooled, "application/json").json().status)
    local page <const> = is_answer(get(reference, BROWSER), 503, "text/html; charset=utf-8")
    has(page, "The record cannot be read just now", "Nothing is lost")
    assert.are.equal("1", page.headers["retry-after"])
    assert.are.equal("unavailable", get(reference, "application/json").json().code)

    assert(os.rename(database .. ".away", database))
    assert.are.equal(200, get(reference, BROWSER).status)
    host:eventually("the spool is taken over", function()
      expect.failure(client.get(host, ALWAYS_500))
      return not shell.read(host.data .. "/spool/errors.jsonl")
    end)
    assert.are.equal(200, get(spooled, BROWSER).status)
  end)

  it("does not belong to the scripts: a route there is told, with its place", function()
    local scripts <const> = shell.temporary_folder()
    shell.write(scripts .. "/routes/own.lua", ([[
local route = require "mulligan.route"
route.get("%s{reference}/", function()
  return 200
end)
]]):format(PAGES))
    local checked <const> = server_support.run { "check", "--scripts", scripts, "--data", scripts .. "/data" }
    shell.remove(scripts)
    assert.are.equal(1, checked.status)
    local said <const> = checked.stdout .. checked.stderr
    assert.truthy(said:find("routes/own.lua:2", 1, true), said)
    assert.truthy(said:find("what is below /__mulligan__/ is the host's own", 1, true), said)
  end)

  it("leads developers on to debug mode's page, where that is on", function()
    local debugging <const> = server_support.start { args = { "--debug" } }
    local failed <const> = expect.failure(client.get(debugging, ALWAYS_500))
    local link <const> = "/__mulligan__/debug/errors/" .. failed
    has(get(failed, BROWSER, "en", debugging), 'href="' .. link .. '"')
    has(get(failed, "text/plain", "en", debugging), link)
    assert.are.equal(link, get(failed, "application/json", "en", debugging).json().debug)
    assert.are.equal(200, client.get(debugging, link, { Accept = BROWSER }).status)
    local elsewhere <const> = client.get(debugging, PAGES .. failed, { Accept = BROWSER, Host = "evil.example" })
    assert.is_nil(elsewhere.body:find("/debug/", 1, true))
    debugging:stop()
  end)

  it("is there while no scripts are", function()
    local scripts <const> = shell.temporary_folder()
    shell.write(scripts .. "/routes/broken.lua", "this is no Lua")
    local broken <const> = server_support.start { scripts = scripts, args = { "--keep-going" } }
    local listed <const> = errorlog.list(broken)
    local body <const> = get(listed[1].ref, "application/json", "en", broken).json()
    assert.are.same(json.null, body.status)
    assert.are.equal(listed[1].ref, body.error_id)
    broken:stop()
    shell.remove(scripts)
  end)
end)
