--- Requests on whose length two readers may disagree are refused, and nothing behind them on the connection is served.
local client = require "support.client"
local expect = require "support.expect"
local server = require "support.server"

--- The request that an attacker hides behind the first one.
local HIDDEN <const> = "GET /text/hidden/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

describe("a request of doubtful length", function()
  local host

  setup(function()
    host = server.start { scripts = server.source("tests/http/apps/edge") }
  end)

  teardown(function()
    host:stop()
  end)

  --- Sends a request head with a hidden request behind it, and expects a single 400 and the end of the connection.
  local function refuse(lines, body)
    local head <const> = table.concat(lines, "\r\n") .. "\r\n\r\n"
    local bytes, closed = client.raw(host, head .. (body or "") .. HIDDEN)
    expect.one_bad_request(bytes, closed)
    assert.is_nil(bytes:find("hidden", 1, true))
  end

  it("has Content-Length and Transfer-Encoding", function()
    refuse({ "POST /echo/ HTTP/1.1", "Host: x", "Content-Length: 5", "Transfer-Encoding: chunked" }, "0\r\n\r\n")
    refuse({ "POST /echo/ HTTP/1.1", "Host: x", "Transfer-Encoding: chunked", "Content-Length: 0" }, "0\r\n\r\n")
    refuse({ "GET /echo/ HTTP/1.1", "Host: x", "Transfer-Encoding: chunked", "Content-Length: 3" }, "0\r\n\r\n")
  end)

  it("has two Content-Lengths, even equal ones", function()
    refuse({ "POST /echo/ HTTP/1.1", "Host: x", "Content-Length: 3", "Content-Length: 50" }, "abc")
    refuse({ "POST /echo/ HTTP/1.1", "Host: x", "Content-Length: 50", "Content-Length: 3" }, "abc")
    refuse({ "POST /echo/ HTTP/1.1", "Host: x", "Content-Length: 3", "content-length: 3" }, "abc")
  end)

  for _, value in ipairs { "+3", "-1", "3x", "0x3", "3, 3", "3 3", "", "3.0", "١", "99999999999999999999999", "abc" } do
    it("has the Content-Length " .. ("%q"):format(value), function()
      refuse({ "POST /echo/ HTTP/1.1", "Host: x", "Content-Length: " .. value }, "abc")
    end)
  end

  for _, value in ipairs { "xchunked", "chunked, identity", "identity", "gzip, chunked", "chunked, chunked", "" } do
    it("has the Transfer-Encoding " .. ("%q"):format(value), function()
      refuse({ "POST /echo/ HTTP/1.1", "Host: x", "Transfer-Encoding: " .. value }, "0\r\n\r\n")
    end)
  end

  it("has two Transfer-Encodings", function()
    refuse({
      "POST /echo/ HTTP/1.1", "Host: x", "Transfer-Encoding: chunked", "Transfer-Encoding: identity",
    }, "0\r\n\r\n")
  end)

  it("is HTTP/1.0 and chunked", function()
    refuse({ "POST /echo/ HTTP/1.0", "Host: x", "Connection: keep-alive", "Transfer-Encoding: chunked" }, "0\r\n\r\n")
  end)

  it("names no Host, or two", function()
    refuse({ "GET /echo/ HTTP/1.1" })
    refuse({ "GET /echo/ HTTP/1.1", "Host: a", "Host: b" })
  end)

  it("has more headers than the server keeps", function()
    for _, count in ipairs { 64, 65, 200 } do
      local lines <const> = { "POST /echo/ HTTP/1.1", "Host: x" }
      for index = 1, count do
        lines[#lines + 1] = ("X-Filler-%d: %d"):format(index, index)
      end
      lines[#lines + 1] = "Content-Length: " .. #HIDDEN
      refuse(lines)
    end
  end)

  it("folds a header over two lines", function()
    refuse({ "POST /echo/ HTTP/1.1", "Host: x", "X-Folded: one", " two", "Content-Length: " .. #HIDDEN })
    refuse({ "POST /echo/ HTTP/1.1", "Host: x", "Content-Length:", " 3" }, "abc")
    refuse({ "POST /echo/ HTTP/1.1", "Host: x", "X-Folded: one", "\ttwo", "Transfer-Encoding: chunked" }, "0\r\n\r\n")
  end)

  it("has a blank before a header's colon, or a header without one", function()
    refuse({ "POST /echo/ HTTP/1.1", "Host: x", "Content-Length : 3" }, "abc")
    refuse({ "POST /echo/ HTTP/1.1", "Host: x", "Transfer-Encoding : chunked", "Content-Length: 3" }, "abc")
    refuse({ "GET /echo/ HTTP/1.1", "Host: x", "no colon here" })
    refuse({ "GET /echo/ HTTP/1.1", "Host: x", ": no name" })
  end)

  it("has a NUL in its head", function()
    refuse({ "GET /echo/ HTTP/1.1", "Host: x", "X-Nul: a\0b" })
    refuse({ "GET /echo/ HTTP/1.1", "Host: x", "X-N\0ul: a" })
    refuse({ "GET /ec\0ho/ HTTP/1.1", "Host: x" })
    refuse({ "POST /echo/ HTTP/1.1", "Host: x", "Content-Length: 3\0" }, "abc")
  end)

  it("ends its lines with a bare line feed, or a bare carriage return", function()
    local function answered(bytes)
      local answer, closed = client.raw(host, bytes)
      expect.one_bad_request(answer, closed)
      assert.is_nil(answer:find("hidden", 1, true))
    end
    answered("POST /echo/ HTTP/1.1\nHost: x\nContent-Length: 3\n\nabc" .. HIDDEN)
    answered("POST /echo/ HTTP/1.1\r\nHost: x\nContent-Length: 3\r\n\r\nabc" .. HIDDEN)
    answered("POST /echo/ HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\nabc" .. HIDDEN)
    answered("POST /echo/ HTTP/1.1\r\nHost: x\r\nX-Bare: a\rContent-Length: 3\r\n\r\nabc" .. HIDDEN)
  end)

  it("has a request line that is none", function()
    refuse({ "GARBAGE", "Host: x" })
    refuse({ "GET", "Host: x" })
    refuse({ "GET /echo/", "Host: x" })
    refuse({ "GET /echo/ HTTP/1.1 HTTP/1.1", "Host: x" })
    refuse({ "GET echo HTTP/1.1", "Host: x" })
    refuse({ "G\1T /echo/ HTTP/1.1", "Host: x" })
  end)

  it("does not keep a well-formed one behind another from its answer", function()
    local first <const> = "POST /echo/ HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
    local bytes, closed = client.raw(host, first .. HIDDEN)
    local response, position = client.parse(bytes, "POST", closed)
    assert.are.equal("abc", response.json().text)
    local second = client.parse(bytes:sub(position), "GET", closed)
    assert.are.equal("hidden", second.json().name)
    assert.is_true(closed)
  end)

  it("leaves the server answering everybody else", function()
    assert.are.equal("still here", client.get(host, "/text/still%20here/").json().name)
  end)
end)
