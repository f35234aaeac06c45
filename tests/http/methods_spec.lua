--- What each method gets from a route that has it, from one that has not, and from no route at all.
local client = require "support.client"
local expect = require "support.expect"
local server = require "support.server"

describe("the method", function()
  local host

  setup(function()
    host = server.start { scripts = server.source("tests/http/apps/edge") }
  end)

  teardown(function()
    host:stop()
  end)

  --- The methods of an Allow header, as a set.
  local function allowed(response)
    local set = {}
    for method in (response.headers.allow or ""):gmatch("[^, ]+") do
      set[method] = true
    end
    return set
  end

  local ECHO <const> = { GET = true, POST = true, PUT = true, HEAD = true, OPTIONS = true }

  it("HEAD gets the headers of GET and no body", function()
    local connection = client.open(host)
    local whole = connection:request { path = "/text/a/" }
    local head = connection:request { method = "HEAD", path = "/text/a/" }
    assert.are.equal(200, head.status)
    assert.are.equal(whole.headers["content-length"], head.headers["content-length"])
    assert.are.equal(whole.headers["content-type"], head.headers["content-type"])
    -- Had a body followed, this answer would begin with it.
    assert.are.equal("b", connection:request { path = "/text/b/" }.json().name)
    connection:close()
  end)

  it("HEAD of what fails has no body either", function()
    local connection = client.open(host)
    assert.are.equal(404, connection:request { method = "HEAD", path = "/nowhere/" }.status)
    assert.are.equal(500, connection:request { method = "HEAD", path = "/fail/text/" }.status)
    assert.are.equal(405, connection:request { method = "HEAD", path = "/login/" }.status)
    assert.are.equal("b", connection:request { path = "/text/b/" }.json().name)
    connection:close()
  end)

  it("HEAD is seen by the handler as what it is", function()
    local get = client.get(host, "/echo/")
    assert.are.equal("GET", get.json().method)
  end)

  it("OPTIONS gets 200 with Allow and no body", function()
    local response = client.request(host, { method = "OPTIONS", path = "/echo/" })
    assert.are.equal(200, response.status)
    assert.are.same(ECHO, allowed(response))
    assert.are.equal("", response.body)
  end)

  it("OPTIONS of no route is a 404", function()
    expect.refusal(client.request(host, { method = "OPTIONS", path = "/nowhere/" }), 404)
  end)

  it("OPTIONS of another site's page is not answered for us by the library", function()
    local response = client.request(host, { method = "OPTIONS", path = "/echo/", headers = {
      Origin = "http://elsewhere.example", ["Access-Control-Request-Method"] = "PUT",
    } })
    assert.are.equal(200, response.status)
    assert.is_nil(response.headers["access-control-allow-origin"])
    assert.is_nil(response.headers["access-control-allow-methods"])
  end)

  it("that a route lacks gets 405 with Allow", function()
    for _, method in ipairs { "DELETE", "PATCH" } do
      local response = client.request(host, { method = method, path = "/echo/" })
      local body = expect.refusal(response, 405)
      assert.are.equal(('Method "%s" not allowed.'):format(method), body.detail)
      assert.are.same(ECHO, allowed(response))
    end
  end)

  it("that HTTP knows and the host does not gets 405", function()
    for _, method in ipairs { "PROPFIND", "REPORT", "MKCOL" } do
      expect.refusal(client.request(host, { method = method, path = "/echo/" }), 405)
    end
  end)

  it("that nobody knows, or in lower case, is refused", function()
    for _, method in ipairs { "BREW", "M-SEARCH", "get" } do
      local response = client.request(host, { method = method, path = "/echo/" })
      assert.is_truthy(response.status == 400 or response.status == 405 or response.status == 501,
        method .. " got " .. response.status)
      assert.is_true(#response.body > 0)
    end
  end)

  it("TRACE and CONNECT reflect nothing", function()
    for _, method in ipairs { "TRACE", "CONNECT" } do
      local response = client.request(host, { method = method, path = "/echo/", headers = { ["X-Secret"] = "s3same" } })
      assert.is_true(response.status >= 400)
      assert.is_nil(response.body:find("s3same", 1, true))
    end
  end)

  it("every answer of a route carries Allow", function()
    for _, request in ipairs {
      { path = "/echo/" }, { method = "HEAD", path = "/echo/" }, { method = "POST", path = "/echo/", body = "x" },
      { method = "DELETE", path = "/echo/" },
    } do
      assert.are.same(ECHO, allowed(client.request(host, request)))
    end
    assert.is_truthy(client.get(host, "/fail/text/").headers.allow)
    assert.is_truthy(client.get(host, "/refuse/").headers.allow)
  end)
end)

describe("a path", function()
  local host

  setup(function()
    host = server.start { scripts = server.source("tests/http/apps/edge") }
  end)

  teardown(function()
    host:stop()
  end)

  it("of no route is a 404 that says so", function()
    assert.are.equal("Not found.", expect.refusal(client.get(host, "/nowhere/"), 404).detail)
    expect.refusal(client.get(host, "/"), 404)
    expect.refusal(client.get(host, "/echo/more/"), 404)
    expect.refusal(client.request(host, { method = "POST", path = "/nowhere/", body = "{}" }), 404)
  end)

  it("without its last slash is moved for GET and HEAD, with its query", function()
    for _, method in ipairs { "GET", "HEAD" } do
      local response = client.request(host, { method = method, path = "/echo?b=2&a=%20x" })
      assert.are.equal(301, response.status)
      assert.is_truthy(response.headers.location:find("/echo/?b=2&a=%20x", 1, true), response.headers.location)
    end
    local plain = client.get(host, "/text/a%20b")
    assert.are.equal(301, plain.status)
    assert.are.equal("/text/a%20b/", plain.headers.location:sub(-12))
  end)

  it("without its last slash is served for the other methods", function()
    local response = client.request(host, { method = "POST", path = "/echo", body = "hello" })
    assert.are.equal(200, response.status)
    assert.are.equal("hello", response.json().text)
    expect.refusal(client.request(host, { method = "DELETE", path = "/echo" }), 405)
    assert.are.equal(200, client.request(host, { method = "OPTIONS", path = "/echo" }).status)
  end)

  it("without its last slash never moves a client to another host", function()
    for _, path in ipairs { "//evil.example/text/a", "//evil.example/echo", "/\\evil.example/echo" } do
      local response = client.get(host, path)
      local location = response.headers.location or ""
      assert.is_nil(location:find("^//"), location)
      assert.is_nil(location:find("^/\\"), location)
      assert.is_nil(location:find("^https?://evil"), location)
    end
  end)

  it("that is another server's, or none at all, is refused in words", function()
    local own <const> = ("http://%s:%d/text/a/"):format(host.host, host.port)
    assert.are.equal("a", client.get(host, own).json().name)
    for _, path in ipairs { "http://elsewhere.example/text/a/", "*", "text/a/" } do
      expect.refusal(client.get(host, path), 400)
      expect.refusal(client.request(host, { method = "OPTIONS", path = path }), 400)
    end
  end)

  it("takes a number where the route says so, and nothing else", function()
    local response = client.get(host, "/number/42/")
    assert.are.equal(42, response.json().id)
    assert.are.equal("integer", response.json().type)
    assert.are.equal(9223372036854775807, client.get(host, "/number/9223372036854775807/").json().id)
    for _, id in ipairs { "x", "4x", "4.0", "+4", "0x4", "%34x", "9223372036854775808", "99999999999999999999", "-" } do
      expect.refusal(client.get(host, "/number/" .. id .. "/"), 404)
    end
  end)
end)
