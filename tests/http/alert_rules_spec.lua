--- Which errors become messages to people, in a running host and beside it; delivery is another matter: what is sent
-- here goes nowhere.
local client = require "support.client"
local errorlog = require "support.errorlog"
local hot = require "support.hot"
local json = require "mulligan.json"
local server = require "support.server"
local service = require "support.service"

local NOWHERE <const> = { SLACK_WEBHOOK_URL = "http://127.0.0.1:9/nowhere" }

local FAILING <const> = [[
local route = require "mulligan.route"
local exceptions = require "mulligan.exceptions"

for _, name in ipairs { "One", "Two", "Three" } do
  local Failure = exceptions.APIException:extend(name)
  route.get("/" .. name .. "/", function()
    Failure("broke"):raise()
  end)
end
]]

local RUN <const> = [[
return { title = "Run", summary = "It fails.", params = {}, run = function() error("the run failed") end }
]]

--- The titles of what waits, in the order in which it was made, as `kind: title`.
local function waiting(host)
  local shown <const> = host:cli("alerts", "status", "--json")
  assert.are.equal(0, shown.status, shown.stderr)
  local titles <const> = {}
  for _, message in ipairs(json.decode(shown.stdout).messages) do
    titles[#titles + 1] = message.kind .. ": " .. message.title
  end
  return titles
end

describe("alerts", function()
  local self

  before_each(function()
    self = hot.new()
    self:save("routes/failing.lua", FAILING)
    self:save("operators/failing.lua", RUN)
  end)

  after_each(function()
    self:forget()
  end)

  it("go by the rules of the generation that serves, and tell of reloads and runs that fail", function()
    local host <const> = self:start { env = NOWHERE }
    for _ = 1, 2 do
      assert.are.equal(500, client.get(host, "/One/").status)
    end
    assert.are.same({ "new: One: broke" }, waiting(host))

    self:save("settings.lua", [[return { alerts = { watch = { { type = "Three" }, { source = "reload" } } } }]])
    assert.are.equal(0, host:cli("reload").status)
    assert.are.equal(500, client.get(host, "/Two/").status)
    assert.are.equal(500, client.get(host, "/Three/").status)
    assert.are.same({ "new: One: broke", "new: Three: broke" }, waiting(host))

    self:save("settings.lua", [[return { alerts = { wacth = {} } }]])
    local refused <const> = host:cli("reload")
    assert.are.equal(1, refused.status)
    assert.is_truthy(refused.stderr:find("'wacth'; is 'watch' meant?", 1, true), refused.stderr)
    self:save("settings.lua", "return {}")
    assert.are.equal(0, host:cli("reload").status)
    assert.are.equal(1, host:cli("run", "failing").status)
    local titles <const> = waiting(host)
    assert.is_truthy(titles[3]:find("^new: LoadError: .*wacth"), titles[3])
    assert.is_truthy(titles[4]:find("^new: LuaError: .*the run failed"), titles[4])
    assert.are.equal(4, #titles)
    host:stop()
  end)

  it("tell of a run in a shell that knows nothing of Slack, by what the running host has", function()
    local host <const> = self:start { env = NOWHERE }
    local function run()
      local arguments <const> = { "run", "failing", "--data", host.data, "--scripts", host.scripts }
      return server.run(arguments).status
    end
    host:eventually("the host has looked at its channels", function()
      assert.are.equal(1, run())
      return (waiting(host)[1] or ""):find("the run failed", 1, true)
    end)
    host:stop()
  end)

  it("are none while no channel is set up", function()
    local host <const> = self:start()
    assert.are.equal(500, client.get(host, "/One/").status)
    assert.are.same({}, waiting(host))
    host:stop()
  end)

  it("wait for the next start, where the host ends before they are delivered", function()
    local data <const> = self.folder .. "/data"
    local host = self:start { env = NOWHERE, data = data }
    assert.are.equal(500, client.get(host, "/One/").status)
    host:kill()
    host = self:start { env = NOWHERE, data = data }
    assert.are.same({ "new: One: broke" }, waiting(host))
    host:stop()
  end)
end)

describe("a token", function()
  it("that was signed elsewhere is an error of its own, and junk is not", function()
    local host <const> = server.start { env = NOWHERE }
    local who <const> = service.signup(host)
    for _, token in ipairs { "junk", who.token:sub(1, -3) .. "AA", "undefined" } do
      local response <const> = client.get(host, "/api/v1/user/me/", { Authorization = "JWT " .. token })
      assert.are.equal(401, response.status)
      assert.are.same({ detail = "Error decoding signature." }, response.json())
    end
    local forged <const> = host:eventually("three refusals are stored", function()
      local rows <const> = errorlog.list(host, "--status", "401")
      return #rows == 3 and rows[2]
    end)
    assert.are.equal("ForgedToken", forged.exc_type)
    assert.are.equal("forged_token", forged.code)
    assert.are.equal(1, errorlog.group(host, forged).total)
    assert.are.same({
      "new: AuthenticationFailed: Error decoding signature.", "new: ForgedToken: Error decoding signature.",
    }, waiting(host))
    host:stop()
  end)
end)
