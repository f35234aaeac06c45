--- The door of the debug page's console: who is let in, and who is not.
local client = require "support.client"
local console = require "support.debug_console"
local json = require "mulligan.json"
local server = require "support.server"

describe("the console's door", function()
  local host

  setup(function()
    host = console.start()
  end)

  teardown(function()
    host:stop()
  end)

  local function knock(headers)
    return console.post(host, "unlock", { pin = host.pin }, headers)
  end

  it("opens to the PIN that was printed, with a cookie that scripts cannot read and other sites do not send", function()
    local cookie = knock().headers["set-cookie"]
    local name, token, attributes = cookie:match("^([^=]+)=(%x+); (.*)$")
    assert.are.equal("mulligan_debug_" .. host.port, name)
    assert.are.equal(64, #token)
    assert.are.equal("Path=/__mulligan__/debug/; HttpOnly; SameSite=Strict", attributes)
    assert.is_nil(token:find(host.pin:gsub("-", ""), 1, true))
  end)

  it("takes the PIN however it is spaced", function()
    assert.are.equal(200, console.post(host, "unlock", { pin = host.pin:gsub("-", "") }).status)
    assert.are.equal(200, console.post(host, "unlock", { pin = " " .. host.pin:gsub("-", " ") }).status)
  end)

  it("does not print the PIN as a line of the log", function()
    for line in host:log():gmatch("[^\n]+") do
      if line:find(host.pin, 1, true) then
        assert.is_nil(line:match("^%d%d%d%d%-%d%d%-%d%d "))
      end
    end
  end)

  for _, origin in ipairs { "http://evil.example", "https://127.0.0.1", "null", "http://127.0.0.1:1", "localhost" } do
    it("is closed to a page of " .. origin, function()
      console.refused(knock { Origin = origin }, 403, "foreign")
    end)
  end

  it("is closed to a page that does not say where it is from", function()
    console.refused(knock { Origin = false }, 403, "foreign")
  end)

  it("is closed to another name for this machine, and to another port", function()
    for _, name in ipairs { "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "128.0.0.1" } do
      local other = name .. ":" .. host.port
      console.refused(knock { Host = other, Origin = "http://" .. other }, 403, "foreign")
    end
    console.refused(knock { Host = "localhost:1", Origin = "http://localhost:1" }, 403, "foreign")
    console.refused(knock { Host = "localhost", Origin = "http://localhost" }, 403, "foreign")
  end)

  it("is open under each name of this machine", function()
    for _, name in ipairs { "localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "[::1]" } do
      local own = ("%s:%d"):format(name, host.port)
      assert.are.equal(200, knock { Host = own, Origin = "http://" .. own }.status, name)
    end
  end)

  it("answers to POST only, and to JSON only", function()
    for _, address in ipairs { "unlock", "evaluate" } do
      for _, method in ipairs { "GET", "PUT", "DELETE", "OPTIONS", "HEAD" } do
        local response = client.request(host, {
          method = method, path = "/__mulligan__/debug/" .. address, headers = { Origin = console.origin(host) },
        })
        assert.are.equal(405, response.status, method)
        assert.are.equal("POST", response.headers.allow)
      end
      for _, content_type in ipairs { "text/plain", "application/x-www-form-urlencoded", "application/jsonp", false } do
        local response = console.post(host, address, { pin = host.pin }, { ["Content-Type"] = content_type })
        console.refused(response, 415, "unsupported_media_type")
      end
      for _, body in ipairs { "", "[]", "{", '"123-456-789"', "{}", '{"pin":123456789}', '{"pin":null,"code":1}' } do
        console.refused(console.post(host, address, body), 400, "malformed")
      end
    end
  end)

  it("speaks Korean to a Korean browser", function()
    local response = knock { Origin = "http://evil.example", ["Accept-Language"] = "ko-KR,ko;q=0.9" }
    assert.is_truthy(console.refused(response, 403, "foreign").detail:find("콘솔", 1, true))
  end)

  it("lets nobody evaluate without the cookie, or with one that is made up", function()
    local id, frames = console.fail(host, "/order/5/")
    local cookies <const> = {
      false, "mulligan_debug_" .. host.port .. "=" .. ("0"):rep(64), "mulligan_debug_" .. host.port .. "=",
      "other=" .. ("0"):rep(64),
    }
    for _, cookie in ipairs(cookies) do
      local question = { request = id, level = frames[1].level, code = "1" }
      console.refused(console.post(host, "evaluate", question, { Cookie = cookie }), 403, "pin_needed")
    end
  end)

  it("takes the cookie from among others", function()
    local id, frames = console.fail(host, "/order/5/")
    console.unlock(host)
    local cookie = "a=b; " .. host.cookie .. "; c=d"
    local question = { request = id, level = console.frame_of(frames, "total").level, code = "amount" }
    assert.are.same({ "5" }, console.post(host, "evaluate", question, { Cookie = cookie }).json().values)
  end)

  it("makes who guesses wait, without counting tries that come too soon", function()
    local wrong <const> = host.pin == "000-000-000" and "000-000-001" or "000-000-000"
    assert.are.equal(9, console.refused(console.post(host, "unlock", { pin = wrong }), 403, "wrong_pin").tries)
    local soon = console.post(host, "unlock", { pin = host.pin })
    if soon.status ~= 200 then -- it is, on a machine that took longer than the wait for that
      console.refused(soon, 429, "too_soon")
      assert.is_truthy(soon.headers["retry-after"]:find("^%d+$"))
    end
    host:eventually("the right PIN is taken again", function()
      return console.post(host, "unlock", { pin = host.pin }).status == 200
    end)
    assert.are.equal(9, console.refused(console.post(host, "unlock", { pin = "1" }), 403, "wrong_pin").tries)
  end)

  it("leaves nothing in ErrorLog", function()
    for _, row in ipairs(json.decode(host:cli("errors", "list", "--json", "--limit", "1000").stdout)) do
      assert.is_nil(row.path:find("__mulligan__", 1, true))
    end
  end)
end)

describe("the console of an address that other machines reach", function()
  it("is open to pages of any name that is the one asked for, and locked all the same", function()
    local host <const> = console.start { args = { "--host", "0.0.0.0", "--debug-anyone" } }
    finally(function()
      host:stop()
    end)
    local names <const> = { Host = "dev.example.org:8080", Origin = "http://dev.example.org:8080" }
    assert.are.equal(200, console.post(host, "unlock", { pin = host.pin }, names).status)
    console.refused(console.post(host, "unlock", { pin = "000" }, names), 403, "wrong_pin")
    names.Origin = "http://evil.example"
    console.refused(console.post(host, "unlock", { pin = host.pin }, names), 403, "foreign")
    names.Origin = nil
    console.refused(console.post(host, "unlock", { pin = host.pin }, names), 403, "foreign")
  end)
end)

describe("without debug mode", function()
  it("there is no console, and no PIN", function()
    local host <close> = setmetatable({ server = server.start { scripts = server.source("tests/http/apps/frames") } },
      { __close = function(self) self.server:stop() end })
    for _, address in ipairs { "unlock", "evaluate" } do
      assert.are.equal(404, console.post(host.server, address, { pin = "123-456-789" }).status)
    end
    local response = client.get(host.server, "/order/5/", { Accept = "application/json" })
    assert.are.equal(500, response.status)
    assert.is_nil(response.body:find("level", 1, true))
    assert.is_nil(host.server:log():find("PIN", 1, true))
    assert.is_nil(host.server:cli("errors", "list", "--json").stdout:find('"level":%d'))
  end)
end)
