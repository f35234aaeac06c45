--- What a path may hide behind escapes.
local client = require "support.client"
local expect = require "support.expect"
local server = require "support.server"

describe("an escape in a path", function()
  local host

  setup(function()
    host = server.start { scripts = server.source("tests/http/apps/edge") }
  end)

  teardown(function()
    host:stop()
  end)

  it("that is a slash stays inside its segment", function()
    assert.are.equal("a/b", client.get(host, "/text/a%2Fb/").json().name)
    assert.are.equal("a/b", client.get(host, "/text/a%2fb/").json().name)
    expect.refusal(client.get(host, "/text%2Fa/"), 404)
  end)

  it("is decoded once", function()
    assert.are.equal("%2F", client.get(host, "/text/%252F/").json().name)
    assert.are.equal("한글", client.get(host, "/text/%ED%95%9C%EA%B8%80/").json().name)
    assert.are.equal("a b+c", client.get(host, "/text/a%20b+c/").json().name)
  end)

  it("in a literal segment is that segment", function()
    assert.are.equal("a", client.get(host, "/%74ext/a/").json().name)
  end)

  for name, segment in pairs {
    ["a NUL"] = "a%00b",
    ["bad UTF-8"] = "%FF",
    ["a lone continuation byte"] = "%80",
    ["an overlong slash"] = "%C0%AF",
    ["a surrogate"] = "%ED%A0%80",
    ["a code point beyond Unicode"] = "%F4%90%80%80",
    ["a character cut short"] = "%ED%95",
  } do
    it("that is " .. name .. " is refused", function()
      expect.refusal(client.get(host, "/text/" .. segment .. "/"), 400)
      expect.refusal(client.get(host, "/" .. segment .. "/"), 400)
    end)
  end

  for _, segment in ipairs { "%", "%2", "%zz", "%2g", "%-1", "% 1" } do
    it(("that is none, as %q, is refused"):format(segment), function()
      local response = client.raw(host, "GET /text/" .. segment .. "/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
      assert.is_truthy(response:find("^HTTP/1%.1 400 "), response)
      assert.is_truthy(response:find("\r\n\r\n."), response)
    end)
  end

  it("is needed for bytes beyond ASCII that are no UTF-8", function()
    local response = client.raw(host, "GET /text/\xff/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert.is_truthy(response:find("^HTTP/1%.1 400 "), response)
    assert.is_truthy(response:find("\r\n\r\n."), response)
  end)

  it("that is a line break neither reaches the headers nor the log's lines", function()
    for _, path in ipairs { "/text/a%0d%0aX-Injected:%20yes/", "/text/a%0d%0aX-Injected:%20yes", "/text/%1b%5b31m/" } do
      local response = client.get(host, path)
      expect.refusal(response, 400)
      assert.is_nil(response.headers["x-injected"])
    end
    client.get(host, "/nowhere%0a2021-11-13%20ERROR:%20injected/")
    client.get(host, "/nowhere/?q=%0a2021-11-13%20ERROR:%20injected")
    client.get(host, "/nowhere/", { ["User-Agent"] = "a\tb" })
    assert.is_nil(("\n" .. host:log()):find("\n2021%-11%-13 ERROR"))
  end)

  it("cannot climb out of anything", function()
    for _, path in ipairs {
      "/../../etc/passwd", "/text/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc%2fpasswd",
      "/text/..%5c..%5cetc/", "/./../scripts/settings.lua", "/settings.lua", "/routes/edge.lua", "/.git/config",
    } do
      local response = client.get(host, path)
      assert.is_truthy(response.status == 400 or response.status == 404 or response.status == 301
        or response.status == 200 and response.json().name ~= nil, path .. " got " .. response.status)
      assert.is_nil(response.body:find("root:", 1, true))
      assert.is_nil(response.body:find("mulligan.route", 1, true))
    end
  end)

  it("in the query is decoded, and a broken one is the client's mistake", function()
    assert.are.equal("a b&c=d", client.get(host, "/echo/?q=a%20b%26c%3Dd").json().query.q)
    assert.are.equal("a b", client.get(host, "/echo/?q=a+b").json().query.q)
    assert.are.equal("1", client.get(host, "/echo/?q=1&q=2").json().query.q)
    for _, query in ipairs { "q=%00", "q=%FF", "q=%zz", "q=%", "%ED%A0%80=1", "&&&=", "=", "q" } do
      local response = client.get(host, "/echo/?" .. query)
      assert.is_truthy(response.status == 200 or response.status == 400, query .. " got " .. response.status)
      assert.is_not_nil(response.json())
    end
  end)
end)
