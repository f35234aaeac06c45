--- Bodies and heads of every size and speed.
local client = require "support.client"
local errorlog = require "support.errorlog"
local expect = require "support.expect"
local server = require "support.server"

local MEBIBYTE <const> = 1024 * 1024

describe("a request", function()
  local host

  setup(function()
    -- Two states, and a long wait for each: a client that held one would be noticed, a slow machine is not.
    host = server.start {
      scripts = server.source("tests/http/apps/edge"),
      env = { MULLIGAN_BUNDLES = 2, MULLIGAN_POOL_WAIT = 60, MULLIGAN_REQUEST_TIMEOUT = 300 },
    }
  end)

  teardown(function()
    host:stop()
  end)

  local function post(body, headers)
    return client.request(host, { method = "POST", path = "/echo/", body = body, headers = headers })
  end

  --- A chunked request from its chunks, each sent as it is.
  local function chunked(chunks)
    return client.raw(host, "POST /echo/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
      .. table.concat(chunks))
  end

  describe("with a body", function()
    it("of exactly the limit is served", function()
      local response = post(("x"):rep(MEBIBYTE))
      assert.are.equal(200, response.status)
      assert.are.equal(MEBIBYTE, response.json().length)
    end)

    it("of one byte more is refused with 413, and the connection ends", function()
      local connection = client.open(host)
      local response = connection:request {
        method = "POST", path = "/echo/", body = ("x"):rep(MEBIBYTE + 1),
      }
      expect.refusal(response, 413)
      assert.is_true(connection:ended())
      connection:close()
    end)

    it("that is announced as too long is refused before it is sent", function()
      local connection = client.open(host)
      connection:send("POST /echo/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1099511627776\r\n\r\n")
      expect.refusal(connection:receive("POST"), 413)
      assert.is_true(connection:ended())
      connection:close()
    end)

    it("on a route that does not read it leaves the connection usable", function()
      local connection = client.open(host)
      for _ = 1, 3 do
        local response = connection:request { method = "GET", path = "/text/a/", body = ("x"):rep(5000) }
        assert.are.equal(200, response.status)
        assert.are.equal("a", response.json().name)
      end
      connection:close()
    end)

    it("of no bytes is fine", function()
      assert.are.equal(0, post("").json().length)
    end)

    it("with every byte there is arrives as it was sent", function()
      local bytes = {}
      for byte = 1, 127 do
        bytes[byte] = string.char(byte)
      end
      assert.are.equal(table.concat(bytes), post(table.concat(bytes)).json().text)
    end)
  end)

  describe("in chunks", function()
    it("is put together", function()
      local bytes, closed = chunked { "5\r\nhello\r\n", "1\r\n,\r\n", "A\r\n chunked w\r\n4\r\norld\r\n", "0\r\n\r\n" }
      assert.are.equal("hello, chunked world", client.parse(bytes, "POST", closed).json().text)
    end)

    it("byte by byte is put together", function()
      local parts = {}
      for index = 1, 300 do
        parts[index] = "1\r\nx\r\n"
      end
      parts[#parts + 1] = "0\r\n\r\n"
      local bytes, closed = chunked(parts)
      assert.are.equal(300, client.parse(bytes, "POST", closed).json().length)
    end)

    for name, chunks in pairs {
      ["with a size that is no number"] = { "zz\r\nhello\r\n0\r\n\r\n" },
      ["with a negative size"] = { "-5\r\nhello\r\n0\r\n\r\n" },
      ["with a size beyond 64 bits"] = { "fffffffffffffffff\r\nhello\r\n0\r\n\r\n" },
      ["with more bytes than its size says"] = { "3\r\nhello\r\n0\r\n\r\n" },
      ["without a size"] = { "\r\nhello\r\n0\r\n\r\n" },
    } do
      it(name .. " is refused with 400", function()
        local bytes, closed = chunked(chunks)
        expect.one_bad_request(bytes, closed)
      end)
    end

    it("beyond the limit is refused with 413", function()
      local chunk = ("10000\r\n%s\r\n"):format(("x"):rep(65536))
      local bytes, closed = chunked { chunk:rep(17), "0\r\n\r\n" }
      expect.refusal(client.parse(bytes, "POST", closed), 413)
      assert.is_true(closed)
    end)

    it("that ends in the middle is nobody else's problem", function()
      local connection = client.open(host)
      connection:send("POST /echo/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")
      connection:close()
      assert.are.equal(200, client.get(host, "/text/a/").status)
    end)
  end)

  describe("with a head", function()
    it("of 60 headers is served", function()
      local headers = {}
      for index = 1, 60 do
        headers["X-Filler-" .. index] = "x"
      end
      assert.are.equal(200, client.get(host, "/text/a/", headers).status)
    end)

    it("that is huge is refused with a body", function()
      for _, request in ipairs {
        { path = "/text/a/", headers = { ["X-Huge"] = ("x"):rep(100000) } },
        { path = "/text/" .. ("a"):rep(100000) .. "/" },
        { path = "/text/a/?q=" .. ("a"):rep(100000) },
      } do
        local response = client.request(host, request)
        assert.is_truthy(response.status == 413 or response.status == 414 or response.status == 431
          or response.status == 400, "got " .. response.status)
        assert.is_true(#response.body > 0)
      end
    end)
  end)

  describe("with Expect: 100-continue", function()
    local HEAD <const> = "POST /echo/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\n"

    it("is told to go on before it sends its body", function()
      local connection = client.open(host)
      connection:send(HEAD .. "Content-Length: 5\r\n\r\n")
      assert.is_true(connection:fill())
      assert.is_truthy(connection.buffer:find("^HTTP/1%.1 100 [^\r\n]*\r\n\r\n$"), connection.buffer)
      connection:send("hello")
      local response = connection:receive("POST")
      assert.is_true(response.continued)
      assert.are.equal("hello", response.json().text)
      connection:close()
    end)

    it("is refused at once when its body would be too long", function()
      local connection = client.open(host)
      connection:send(HEAD .. "Content-Length: 104857600\r\n\r\n")
      local response = connection:receive("POST")
      assert.is_false(response.continued)
      expect.refusal(response, 413)
      connection:close()
    end)
  end)

  describe("of a slow client", function()
    local function hold(bytes, count)
      local connections = {}
      for index = 1, count do
        connections[index] = client.open(host)
        connections[index]:send(bytes)
      end
      return connections
    end

    local function release(connections)
      for _, connection in ipairs(connections) do
        connection:close()
      end
    end

    it("that is still sending its head holds nobody else", function()
      local connections = hold("GET /text/a/ HTTP/1.1\r\nHo", 40)
      assert.are.equal(200, client.get(host, "/text/a/").status)
      release(connections)
    end)

    it("that is still sending its body holds nobody else", function()
      local connections = hold("POST /echo/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc", 40)
      assert.are.equal(200, client.get(host, "/text/a/").status)
      release(connections)
    end)

    it("that does not read its answer holds nobody else", function()
      local connections = hold("GET /big/ HTTP/1.1\r\nHost: x\r\n\r\n", 3) -- one more than there are states
      for _ = 1, 10 do
        assert.are.equal(200, client.get(host, "/text/a/").status)
      end
      release(connections)
    end)

    it("that sends byte by byte is served", function()
      local connection = client.open(host)
      for byte in ("GET /text/slow/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"):gmatch(".") do
        connection:send(byte)
      end
      assert.are.equal("slow", connection:receive("GET").json().name)
      connection:close()
    end)

    it("that gives up is nobody else's problem", function()
      release(hold("GET /big/ HTTP/1.1\r\nHost: x\r\n\r\n", 3))
      assert.are.equal(200, client.get(host, "/text/a/").status)
    end)
  end)

  it("is one of hundreds at once, and every one is answered", function()
    local requests = {}
    for index = 1, 200 do
      requests[index] = { path = "/text/" .. index .. "/" }
    end
    for index, response in ipairs(client.many(host, requests)) do
      assert.are.equal(200, response.status)
      assert.are.equal(tostring(index), response.json().name)
    end
  end)
end)

describe("an answer", function()
  local host

  setup(function()
    host = server.start {
      scripts = server.source("tests/http/apps/edge"), env = { MULLIGAN_RESPONSE_LIMIT = MEBIBYTE },
    }
  end)

  teardown(function()
    host:stop()
  end)

  for _, form in ipairs { "", "json/" } do
    it("of exactly the limit is sent, " .. (form == "" and "as text" or "as JSON"), function()
      local response <const> = client.get(host, ("/sized/%d/%s"):format(MEBIBYTE, form))
      assert.are.equal(200, response.status)
      assert.are.equal(MEBIBYTE, #response.body)
    end)

    it("of one byte more is a failure that says so, " .. (form == "" and "as text" or "as JSON"), function()
      local response <const> = client.get(host, ("/sized/%d/%s"):format(MEBIBYTE + 1, form))
      local row <const> = errorlog.row(host, (expect.failure(response)))
      assert.is_truthy(row.message:find("the response's body exceeds 1048576 bytes", 1, true), row.message)
      assert.are.equal("/sized/{size:int}/" .. form, row.route)
    end)
  end
end)

describe("a slow route", function()
  it("never has all states: others are answered though more than those ask for it", function()
    local scripts <const> = server.source("tests/http/apps/edge")
    local host <const> = server.start { scripts = scripts, env = { MULLIGAN_BUNDLES = 4 } }
    finally(function() host:stop() end)
    local connections <const> = {}
    for index = 1, 8 do
      connections[index] = client.open(host)
      connections[index]:send(client.serialize(host, { path = ("/held/%d/"):format(index) }))
    end
    local function begun()
      local count = 0
      for index = 1, 8 do
        count = count + (client.get(host, ("/work/%d/begun/"):format(index)).json().begun and 1 or 0)
      end
      return count
    end
    host:eventually("as many as may are at work", function()
      return begun() == 3
    end)
    for _ = 1, 10 do
      assert.are.equal(200, client.get(host, "/text/a/").status)
    end
    assert.are.equal(3, begun())
    assert.are.equal(204, client.request(host, { method = "POST", path = "/release/" }).status)
    for _, connection in ipairs(connections) do
      assert.are.equal(200, connection:receive("GET").status)
      connection:close()
    end
  end)
end)
