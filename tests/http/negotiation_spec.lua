--- Which form and which language an answer takes.
local client = require "support.client"
local expect = require "support.expect"
local server = require "support.server"

describe("an answer", function()
  local host

  setup(function()
    host = server.start { scripts = server.source("tests/http/apps/edge") }
  end)

  teardown(function()
    host:stop()
  end)

  local function get(path, accept, language)
    return client.get(host, path, { Accept = accept, ["Accept-Language"] = language })
  end

  local BROWSER <const> = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"

  it("is JSON unless something else is wanted", function()
    for _, accept in ipairs {
      "*/*", "application/*", "application/json", "application/json;q=0.5", "text/html, */*;q=0.1",
    } do
      local response = get("/json-only/", accept)
      assert.are.equal(200, response.status)
      assert.is_truthy(response.headers["content-type"]:find("^application/json"))
    end
    assert.are.equal(200, get("/json-only/").status)
  end)

  it("of a route without that form is a 406, before the handler runs", function()
    local before = host:cli("errors", "list", "--status", "500", "--json").stdout
    for _, accept in ipairs { "text/html", "application/xml", "application/json;q=0", "image/*" } do
      local body = expect.refusal(get("/json-only/boom/", accept), 406)
      assert.are.equal("Could not satisfy the request Accept header.", body.detail)
    end
    assert.are.equal(before, host:cli("errors", "list", "--status", "500", "--json").stdout)
  end)

  it("for a path of no route takes the wanted form and is never a 406", function()
    local page = get("/nowhere/", BROWSER)
    assert.are.equal(404, page.status)
    assert.is_truthy(page.headers["content-type"]:find("^text/html"))
    assert.is_truthy(page.body:lower():find("<!doctype html", 1, true))

    local text = get("/nowhere/", "text/plain")
    assert.are.equal(404, text.status)
    assert.is_truthy(text.headers["content-type"]:find("^text/plain"))
    assert.is_true(#text.body > 0)

    local problem = get("/nowhere/", "application/problem+json")
    assert.are.equal(404, problem.status)
    assert.is_truthy(problem.headers["content-type"]:find("^application/problem%+json"))
    assert.are.equal(404, problem.json().status)
    assert.is_string(problem.json().title)

    expect.refusal(get("/nowhere/", "application/json"), 404)
    local other = get("/nowhere/", "image/png")
    assert.are.equal(404, other.status)
    assert.is_true(#other.body > 0)
  end)

  it("for a failure takes the wanted form and carries the reference in each", function()
    local page = get("/fail/text/", BROWSER)
    assert.are.equal(500, page.status)
    assert.is_truthy(page.headers["content-type"]:find("^text/html"))
    assert.is_truthy(page.body:find("ERR%-%w%w%w%w%-%w%w%w%w"))

    -- The route itself renders JSON, which has to be acceptable, or the handler would not run.
    local text = get("/fail/text/", "text/plain, application/json;q=0.1")
    assert.are.equal(500, text.status)
    assert.is_truthy(text.headers["content-type"]:find("^text/plain"))
    assert.is_truthy(text.body:find("ERR%-%w%w%w%w%-%w%w%w%w"))

    local problem = get("/fail/text/", "application/problem+json, application/json;q=0.1")
    assert.are.equal(500, problem.status)
    assert.is_truthy(problem.headers["content-type"]:find("^application/problem%+json"))
    assert.are.equal(500, problem.json().status)
    assert.is_truthy(problem.json().error_id:find("^ERR%-"))

    expect.failure(get("/fail/text/", "application/json"))
  end)

  it("says that it depends on what was wanted", function()
    for _, path in ipairs { "/nowhere/", "/fail/text/" } do
      local vary = (get(path, BROWSER).headers.vary or ""):lower()
      assert.is_truthy(vary:find("accept", 1, true), "Vary: " .. vary)
    end
  end)

  it("is a page or plain text where the handler returns text", function()
    assert.is_truthy(get("/page/", BROWSER).headers["content-type"]:find("^text/html"))
    assert.is_truthy(client.get(host, "/big/").headers["content-type"]:find("^text/plain"))
  end)

  it("survives every nonsense in Accept", function()
    for _, accept in ipairs {
      "", ",", ";", "/", "*", "text", "text/", "/html", "text/html;q=", "text/html;q=x", "text/html;q=9",
      ";;;,,,", "text/html;q=0.0000001", ("text/html,"):rep(500), "text/html;" .. ("a"):rep(3000), '"', "\u{d55c}",
    } do
      local response = get("/nowhere/", accept)
      assert.is_truthy(response.status == 404 or response.status == 400, ("%q got %d"):format(accept, response.status))
      assert.is_true(#response.body > 0)
    end
  end)

  it("is Korean for who reads Korean, and English for everybody else", function()
    assert.are.equal("Not found.", get("/nowhere/", "application/json").json().detail)
    for _, language in ipairs { "ko", "ko-KR,ko;q=0.9,en-US;q=0.8", "en;q=0.1,ko", "fr,ko;q=0.5" } do
      assert.are.equal("찾을 수 없습니다.", get("/nowhere/", "application/json", language).json().detail, language)
      assert.are.equal("ko", get("/echo/", "application/json", language).json().language)
    end
    for _, language in ipairs { "en", "fr", "en,ko;q=0.5", "*", "", "ko;q=0", ";;;" } do
      assert.are.equal("Not found.", get("/nowhere/", "application/json", language).json().detail, language)
    end
  end)

  it("for a failure is Korean too", function()
    local english, korean = get("/fail/text/", "application/json"), get("/fail/text/", "application/json", "ko")
    assert.is_truthy(english.json().detail:find(english.json().error_id, 1, true))
    assert.is_truthy(korean.json().detail:find(korean.json().error_id, 1, true))
    assert.is_truthy(korean.json().detail:find("[\xea-\xed][\x80-\xbf][\x80-\xbf]"))
    assert.are_not.equal(english.json().detail:gsub("ERR.*", ""), korean.json().detail:gsub("ERR.*", ""))
  end)
end)
