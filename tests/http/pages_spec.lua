--- What people with a browser see: the start page and the pages for errors.
local client = require "support.client"
local expect = require "support.expect"
local server_support = require "support.server"

local BROWSER <const> = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
local ALWAYS_500 <const> = "/api/v1/debug/always-500/"

describe("in a browser", function()
  local server

  setup(function()
    server = server_support.start { env = { MULLIGAN_REPORT_TO = "the <helpful> people & co" } }
  end)

  teardown(function()
    server:stop()
  end)

  local function get(path, language)
    return client.get(server, path, { Accept = BROWSER, ["Accept-Language"] = language or "en" })
  end

  -- A page is whole, speaks its language, and fetches nothing from anywhere.
  local function is_page(response, status, language)
    assert.are.equal(status, response.status)
    assert.truthy(response.headers["content-type"]:find("^text/html"))
    assert.truthy(response.body:find('<html lang="' .. language .. '">', 1, true))
    assert.truthy(response.body:find("</html>%s*$"))
    assert.is_nil(response.body:find("{{", 1, true))
    assert.is_nil(response.body:find("}}", 1, true))
    for _, outside in ipairs { "<script", "<link", "<img", "@import", "url%(" } do
      assert.is_nil(response.body:find(outside), outside)
    end
    return response.body
  end

  for language, text in pairs { en = "Mulligan seminars", ko = "Mulligan 세미나" } do
    it("the start page says what this is: " .. language, function()
      local page <const> = is_page(get("/", language), 200, language)
      assert.truthy(page:find(text, 1, true))
      assert.truthy(page:find(("http://%s:%d/api/v1/signup/"):format(server.host, server.port), 1, true))
    end)
  end

  it("the start page is for anyone, and takes nothing from the client into its text", function()
    is_page(client.get(server, "/"), 200, "en")
    local response <const> = client.get(server, "/", { Host = 'x"><b>y' })
    assert.is_nil(response.body:find("<b>y", 1, true))
  end)

  it("the start page knows its Korean by heart", function()
    local korean <const> = get("/", "ko").body
    for _, english in ipairs { "Instructors", "Participants", "Request", "token", "seminar;" } do
      assert.is_nil(korean:find("[> ]" .. english .. "[ <]"), english)
    end
  end)

  for language, text in pairs { en = "Nothing at this address", ko = "이 주소에는 아무것도 없습니다" } do
    it("an address without a page says so: " .. language, function()
      local page <const> = is_page(get("/nowhere/", language), 404, language)
      assert.truthy(page:find(text, 1, true))
      assert.truthy(page:find("/nowhere/", 1, true))
    end)
  end

  it("an address is shown as text, whatever it holds", function()
    local page <const> = is_page(get("/%3Cscript%3Ealert(1)%3C%2Fscript%3E/"), 404, "en")
    assert.is_nil(page:find("<script", 1, true))
  end)

  for language, text in pairs { en = "Something went wrong on our side", ko = "저희 쪽에서 문제가 생겼습니다" } do
    it("a failure has a page with its reference and whom to tell: " .. language, function()
      local page <const> = is_page(get(ALWAYS_500, language), 500, language)
      assert.truthy(page:find(text, 1, true))
      assert.truthy(page:find("ERR%-%w%w%w%w%-%w%w%w%w"))
      assert.truthy(page:find("the &lt;helpful&gt; people &amp; co", 1, true))
      for _, secret in ipairs { "always fails", "debug.lua", "traceback", "scripts/" } do
        assert.is_nil(page:find(secret, 1, true), secret)
      end
    end)
  end

  it("a failure has a page also for who takes nothing else", function()
    is_page(client.get(server, ALWAYS_500, { Accept = "text/html" }), 500, "en")
  end)

  it("a failure is JSON to a program, problem+json and text to who asks for them", function()
    local _, body <const> = expect.failure(client.get(server, ALWAYS_500), 500)
    assert.are.equal(9000, body.app_code)
    assert.are.equal("error", body.code)
    assert.truthy(body.detail:find("the <helpful> people & co", 1, true))
    local text <const> = client.get(server, ALWAYS_500, { Accept = "text/plain" })
    assert.are.equal(500, text.status)
    assert.truthy(text.headers["content-type"]:find("^text/plain"))
    assert.truthy(text.body:find("ERR%-%w%w%w%w%-%w%w%w%w"))
    local problem <const> = client.get(server, ALWAYS_500, { Accept = "application/problem+json" })
    assert.are.equal(500, problem.status)
    assert.are.equal("application/problem+json", problem.headers["content-type"])
    assert.are.equal(500, problem.json().status)
  end)

  it("a refusal of the API stays JSON", function()
    expect.refusal(get("/api/v1/user/me/"), 401)
  end)
end)
