--- Slack and mail servers that misbehave: requests are answered, the other channel's messages arrive, and in the end
--- every message does.
local channels = require "support.channels"
local client = require "support.client"
local errorlog = require "support.errorlog"
local json = require "mulligan.json"
local server = require "support.server"
local shell = require "support.shell"

local APP <const> = server.source("tests/http/apps/news")
--- What hangs is given up after it; elsewhere nothing may be given up, however slow the machine.
local SOON <const>, LATE <const> = "0.3", "600"

--- Equal errors; a sanitizer's build does not take many more in a test's time. The benchmark has ten thousand.
local STORM <const> = 500

--- What each can do to a message; channel_fake.py knows the words.
local MISDEEDS <const> = {
  slack = { "hang", "reset", "close", "garbage", "drip", "sorry", "limited", "hurried", "broken", "endless", "hurl" },
  mail = { "hang", "reset", "close", "garbage", "drip", "late", "later", "full" },
}
local OTHER <const> = { slack = "mail", mail = "slack" }

describe("alerts", function()
  local fake, hosts

  setup(function()
    fake = channels.start()
  end)

  teardown(function()
    fake:stop()
  end)

  before_each(function()
    fake:forget()
    hosts = {}
  end)

  after_each(function()
    for _, host in ipairs(hosts) do
      host:forget()
    end
  end)

  local function start(options)
    options = options or {}
    local environment <const> = (options.fake or fake):environment {
      MULLIGAN_ALERTS = '{"hourly":10000,"cool_down":3600}', MULLIGAN_ALERT_TIMEOUT = LATE,
    }
    for name, value in pairs(options.env or {}) do
      environment[name] = value
    end
    local host <const> = server.start { scripts = options.scripts or APP, data = options.data, env = environment }
    hosts[#hosts + 1] = host
    return host
  end

  local function tell(host, name)
    local response <const> = client.get(host, ("/news/%s/"):format(name))
    assert.are.equal(200, response.status, response.body)
  end

  local function await(host, from, channel, name)
    host:eventually(("news-%s arrives by %s"):format(name, channel), function()
      return from:counts(channel)["news-" .. name]
    end)
  end

  local function retry(host)
    local retried <const> = host:cli("alerts", "retry", "--json")
    assert.are.equal(0, retried.status, retried.stderr)
    assert.is_true(json.decode(retried.stdout).host)
  end

  local function failures(host, channel)
    local found <const> = {}
    for _, row in ipairs(errorlog.list(host, "--limit", "1000")) do
      if row.exc_type == "ChannelFailure" and row.message:find("^" .. channel) then
        assert.are.equal("alert", row.source)
        found[#found + 1] = row.message
      end
    end
    return found
  end

  --- A host of which the channel `bad` does its misdeeds, in turn: `step` does the next one, if there is any.
  local function victim(bad)
    local from <const> = channels.start()
    local host <const> = start { fake = from, env = { MULLIGAN_ALERT_TIMEOUT = SOON } }
    return { bad = bad, from = from, host = host, names = {}, words = MISDEEDS[bad] }
  end

  local function suffer(self, index)
    local word <const>, host <const>, from <const> = self.words[index], self.host, self.from
    if word then
      self.names[index] = ("%d%s"):format(index, word)
      from:be { [self.bad] = word }
      tell(host, self.names[index])
      retry(host) -- or it would have to wait for the pause after the failure before
    end
  end

  local function survive(self, index)
    local word <const>, host <const>, from <const> = self.words[index], self.host, self.from
    if word then
      await(host, from, OTHER[self.bad], self.names[index])
      host:eventually(self.bad .. " is met by " .. word, function()
        return (from:seen()[self.bad].treated[word] or 0) > 0
      end)
      assert.are.equal(200, client.get(host, "/quiet/").status)
    end
  end

  local function recover(self)
    local host <const>, from <const>, bad <const> = self.host, self.from, self.bad
    assert.are.same({}, from:counts(bad))
    local status <const> = host:cli("alerts", "status").stdout
    assert.is_truthy(status:find(bad .. ": set up; fails since", 1, true), status)
    local found <const> = failures(host, bad)
    assert.are.equal(1, #found, "a row for the streak, not for each attempt")
    from:be { [bad] = "taken" }
    retry(host)
    for _, name in ipairs(self.names) do
      await(host, from, bad, name)
    end
    assert.is_truthy(host:log():find(("alerts: %s works again"):format(bad), 1, true))
    for _, text in ipairs { status, host:log(), found[1] } do
      assert.is_nil(text:find("xoxb", 1, true), text)
    end
    host:stop()
    from:stop()
  end

  it("survive whatever Slack and a mail server do", function()
    local victims <const> = { victim "slack", victim "mail" }
    for index = 1, math.max(#MISDEEDS.slack, #MISDEEDS.mail) do
      for _, one in ipairs(victims) do
        suffer(one, index)
      end
      for _, one in ipairs(victims) do
        survive(one, index)
      end
    end
    for _, one in ipairs(victims) do
      recover(one)
    end
  end)

  it("are sent again by themselves, and delivered once where only the farewell fails", function()
    fake:be { slack = "broken", mail = "rude" }
    local host <const> = start()
    tell(host, "patient")
    host:eventually("a first attempt", function()
      return fake:seen().slack.treated.broken
    end)
    fake:be { slack = "taken" }
    await(host, fake, "slack", "patient")
    await(host, fake, "mail", "patient")
    host:stop()
    assert.are.same({ ["news-patient"] = 1 }, fake:counts("mail"))
  end)

  it("rest where the channel is closed to them, until a person says otherwise", function()
    fake:be { slack = "barred" }
    local host <const> = start()
    tell(host, "first")
    host:eventually("Slack is stopped", function()
      return host:cli("alerts").stdout:find("slack: stopped", 1, true)
    end)
    fake:be { slack = "taken" }
    tell(host, "second")
    await(host, fake, "mail", "second")
    assert.are.same({ barred = 1 }, fake:seen().slack.treated)
    assert.are.equal(1, #failures(host, "slack"))
    retry(host)
    await(host, fake, "slack", "first")
    await(host, fake, "slack", "second")
    host:stop()
  end)

  it("wait for a name that is not found", function()
    local host <const> = start { env = { SLACK_API_URL = "http://nowhere.invalid" } }
    tell(host, "nameless")
    await(host, fake, "mail", "nameless")
    host:eventually("Slack's failure is on record", function()
      return #failures(host, "slack") > 0
    end)
    assert.are.equal(200, client.get(host, "/quiet/").status)
    host:stop()
  end)

  it("end a stop at once, and go out after the next start", function()
    fake:be { slack = "hang", mail = "late" }
    local host <const> = start()
    tell(host, "kept")
    host:eventually("both hang", function()
      local seen <const> = fake:seen()
      return (seen.slack.treated.hang or 0) > 0 and (seen.mail.treated.late or 0) > 0
    end)
    host:signal("TERM")
    assert.are.equal(0, host:wait()) -- which would take ten minutes
    server.assert_clean(host:log())
    fake:be { slack = "taken", mail = "taken" }
    local next_one <const> = start { data = host.data }
    retry(next_one)
    await(next_one, fake, "slack", "kept")
    await(next_one, fake, "mail", "kept")
    next_one:stop()
  end)

  it("begin when a reload sets a channel up", function()
    local scripts <const> = shell.temporary_folder()
    assert(os.execute(("cp -r %s/. %s"):format(shell.quote(APP), shell.quote(scripts))))
    local host <const> = start { scripts = scripts, env = { SLACK_TOKEN = "", ADMINS = "" } }
    local status = json.decode(host:cli("alerts", "--json").stdout)
    assert.is_false(status.channels[1].configured)
    assert.is_truthy(status.channels[1].missing:find("SLACK_TOKEN", 1, true))
    local korean <const> = server.run({ "alerts", "--data", host.data, "--scripts", scripts },
      { environment = { LC_ALL = "ko_KR.UTF-8" } })
    assert.is_truthy(korean.stdout:find("mail: 설정되지 않음: ", 1, true), korean.stdout)
    shell.replace(scripts .. "/settings.lua", ('return { slack_webhook_url = "http://127.0.0.1:%d/T0/B0/x" }'):format(
      fake.slack))
    host:eventually("Slack is set up", function()
      status = json.decode(host:cli("alerts", "--json").stdout)
      return status.host and status.channels[1].configured
    end)
    tell(host, "late")
    await(host, fake, "slack", "late")
    host:stop()
    shell.remove(scripts)
  end)

  it("go out as plain text where the template raises or never ends", function()
    local host <const> = start { env = { MULLIGAN_DEADLINE = "0.5" } } -- which a slow machine may need for less
    for _, name in ipairs { "fine", "raise", "loop" } do
      host:eventually("news-" .. name .. " is told", function()
        return client.get(host, ("/news/%s/"):format(name)).status == 200
      end)
      await(host, fake, "slack", name)
    end
    local found <const> = {}
    for _, row in ipairs(errorlog.list(host)) do
      if row.source == "alert" then
        found[row.exc_type] = errorlog.row(host, row.ref).frames
      end
    end
    assert.are.equal("scripts/alerts/slack.lua", found.LuaError[2].file) -- called error()
    assert.is_truthy(found.DeadlineExceeded)
    host:stop()
  end)

  it("arrive at least once, and no more than twice, when the host is killed while they go out", function()
    local data <const> = shell.temporary_folder()
    local expected <const> = {}
    for round = 1, 3 do
      local host <const> = start { data = data }
      local before <const> = #fake:seen().slack.arrived
      for number = 1, 10 do
        local name <const> = ("r%dn%d"):format(round, number)
        expected[#expected + 1] = name
        tell(host, name)
      end
      host:eventually("some go out", function()
        return #fake:seen().slack.arrived > before + round
      end)
      assert.are.equal(128 + 9, host:kill())
      server.assert_clean(host:log())
      host:forget()
      -- All of this round arrive before the next kill, so that none is met by two of them.
      local next_one <const> = start { data = data }
      next_one:eventually("what was under way waits again", function()
        return not next_one:cli("alerts", "--json").stdout:find('"leased"', 1, true)
      end)
      retry(next_one)
      for channel in pairs(MISDEEDS) do
        for _, name in ipairs(expected) do
          await(next_one, fake, channel, name)
        end
      end
      next_one:stop()
    end
    for channel in pairs(MISDEEDS) do
      local counts <const> = fake:counts(channel)
      for _, name in ipairs(expected) do
        local times <const> = counts["news-" .. name]
        assert.is_true(times == 1 or times == 2, ("%s came %d times by %s"):format(name, times, channel))
      end
    end
    shell.remove(data)
  end)

  it("are a handful in a storm of equal errors, whose totals are right", function()
    local host <const> = start { env = { MULLIGAN_ERROR_STORM_LIMIT = 10 } }
    local answered <const> = client.drive(host, {
      clients = 16,
      request = { path = "/storm/" },
      step = function(so_far)
        return #so_far >= STORM
      end,
    })
    await(host, fake, "slack", "storm")
    await(host, fake, "mail", "storm")
    host:signal("TERM")
    assert.are.equal(0, host:wait())
    local seen <const> = fake:seen()
    for channel in pairs(MISDEEDS) do
      assert.is_true(#seen[channel].arrived <= 6, #seen[channel].arrived .. " messages by " .. channel)
    end
    local group <const> = errorlog.group(host, errorlog.list(host, "--limit", "1")[1])
    assert.is_true(group.total >= #answered and group.total <= #answered + 16)
  end)
end)
