--- Errors as they arrive in Slack, through the whole program; the Slack is a strict one of our own.
local client = require "support.client"
local errorlog = require "support.errorlog"
local hot = require "support.hot"
local json = require "mulligan.json"
local scripts = require "support.scripts"
local server = require "support.server"
local shell = require "support.shell"
local slack = require "support.slack"

-- Each of these routes fails in a line of its own, and so makes a group of its own, with the words it is sent.
local ROUTES <const> = 6

local function failing_routes()
  local lines <const> = { 'local route = require "mulligan.route"' }
  for number = 1, ROUTES do
    lines[#lines + 1] = ('route.post("/fail/%d/", function(req) error(req.text, 0) end)'):format(number)
  end
  return table.concat(lines, "\n")
end

describe("a Slack channel", function()
  local app, host, peer

  -- Starts the host, with a Slack of its own by token and channel, or as `environment` says.
  local function start(alerts, environment)
    peer = peer or slack.start()
    environment = environment or peer:environment()
    environment.MULLIGAN_ALERTS = json.encode(alerts)
    host = app:start { env = environment, data = app.folder .. "/data" }
  end

  local function fail(number, words)
    local response <const> = client.request(host, {
      method = "POST", path = ("/fail/%d/"):format(number), headers = { ["Content-Type"] = "text/plain" }, body = words,
    })
    assert.are.equal(500, response.status)
    return response.json().error_id
  end

  -- After the first: the tenth is news again, at once where there is no cool-down.
  local function fail_until_the_tenth(number, words)
    for _ = 2, 10 do
      fail(number, words)
    end
  end

  -- What `mulligan alerts status` says of Slack.
  local function status()
    local result <const> = host:cli("alerts", "status", "--json")
    assert.are.equal(0, result.status, result.stderr)
    for _, channel in ipairs(json.decode(result.stdout).channels) do
      if channel.channel == "slack" then
        return channel
      end
    end
  end

  before_each(function()
    app = hot.new()
    app:save("routes/fail.lua", failing_routes())
    app:save("alerts/slack.lua", scripts.source "alerts/slack.lua")
  end)

  after_each(function()
    app:forget()
    if peer then
      peer:stop()
      peer = nil
    end
  end)

  it("gets errors, whatever their words are, and later ones in their thread", function()
    start { cool_down = 0 }
    local hostile <const> = {
      "``` `<!channel>` <@U123> & <https://evil.example|click> *bold* ```",
      "one\ntwo\r\nthree\t\1\27[31mred\127",
      ("가나다라마"):rep(2000),
      "&amp; &lt; < > && 🦀 :tada: \u{202E}reversed",
      ("<"):rep(5000),
    }
    local references <const> = {}
    for number, words in ipairs(hostile) do
      references[number] = fail(number, words)
    end
    local messages <const> = peer:eventually(host, #hostile)
    for number, reference in ipairs(references) do
      local words
      for _, one in ipairs(messages) do
        local all <const> = slack.words(one.message)
        words = words or all:find(reference, 1, true) and all
      end
      assert(words, "nobody was told of " .. hostile[number])
      assert.is_truthy(words:find("Error! code: 500", 1, true))
      assert.is_truthy(words:find("`POST /fail/" .. number .. "/`", 1, true))
      assert.is_truthy(words:find("Show the error", 1, true))
    end
    assert.is_truthy(slack.words(messages[3].message):find(("가나다라마"):rep(300), 1, true))

    fail_until_the_tenth(1, hostile[1])
    local after <const> = peer:eventually(host, #hostile + 1)
    assert.are.equal(messages[1].ts, after[#hostile + 1].message.thread_ts)
    assert.is_truthy(slack.words(after[#hostile + 1].message):find("It has happened 10 times now", 1, true))
    for number = 1, #hostile do
      assert.is_nil(after[number].message.thread_ts)
    end
    host:stop()
  end)

  it("gets one digest for what is beyond the hour's messages", function()
    start { cool_down = 3600, hourly = 1 }
    fail(1, "first")
    peer:eventually(host, 1)
    for number = 2, 4 do
      fail(number, "held back " .. number)
    end
    host:eventually("three messages are held", function()
      return status().held == 3
    end)
    host:stop()
    local aged <const> = shell.run { "sqlite3", host.data .. "/errors.db",
      "UPDATE outbox SET created_at = created_at - 7200000000, delivered_at = delivered_at - 7200000000" }
    assert.are.equal(0, aged.status, aged.stderr)
    start { cool_down = 3600, hourly = 1 }
    local digest <const> = peer:eventually(host, 2)[2].message
    assert.is_nil(digest.thread_ts)
    local words <const> = slack.words(digest)
    assert.is_truthy(words:find("3 alerts were held back", 1, true), words)
    for number = 2, 4 do
      assert.is_truthy(words:find("held back " .. number, 1, true), words)
    end
    host:stop()
  end)

  it("is reached by a webhook as well, which has no threads", function()
    peer = slack.start()
    start({ cool_down = 0 }, peer:webhook_environment())
    fail(1, "by the webhook")
    peer:eventually(host, 1)
    fail_until_the_tenth(1, "by the webhook")
    local messages <const> = peer:eventually(host, 2)
    assert.are.equal("webhook", messages[2].way)
    assert.is_nil(messages[2].message.thread_ts)
    peer:answer_next({ status = 404, body = "no_service" })
    fail(2, "the webhook is gone")
    host:eventually("the channel is stopped", function()
      return status().state == "stopped"
    end)
    assert.is_truthy(status().answer:find("no_service", 1, true))
    assert.is_falsy(host:log():find("s3cretWebhookPath", 1, true))
    host:stop()
  end)

  it("gets plain text where the template fails, which is on record", function()
    app:save("alerts/slack.lua", "return function(alert)\n  return alert.nothing.at_all\nend\n")
    start { cool_down = 3600 }
    local reference <const> = fail(1, "with a broken template")
    local message <const> = peer:eventually(host, 1)[1].message
    assert.is_nil(message.blocks)
    assert.is_truthy(message.text:find("with a broken template", 1, true))
    assert.is_truthy(message.text:find("Reference: " .. reference, 1, true))
    local row <const> = host:eventually("the failure is on record", function()
      for _, one in ipairs(errorlog.list(host)) do
        if one.source == "alert" then
          return one
        end
      end
    end)
    assert.is_truthy(row.message:find("scripts/alerts/slack.lua:2", 1, true), row.message)
    assert.are.equal(1, #peer:messages())
    host:stop()
  end)

  it("looks like the template that was saved last, and a broken one is refused", function()
    start { cool_down = 3600 }
    app:save("alerts/slack.lua", [[
      local slack = require "mulligan.slack"
      return function(alert)
        return { text = "edited", blocks = { slack.header "Edited!", { type = "unknown" } } }
      end
    ]])
    app:eventually_logs "generation 2 serves"
    fail(1, "after an edit")
    local message <const> = peer:eventually(host, 1)[1].message
    assert.are.equal("edited", message.text)
    assert.are.equal("Edited!", slack.words(message))
    assert.is_truthy(host:log():find("scripts/alerts/slack.lua: blocks[2].type", 1, true))

    for place, source in pairs {
      ["scripts/alerts/slack.lua:3: unexpected symbol near 'end'"] = "return function()\n  return {\nend\n",
      ["scripts/alerts/slack.lua:1: attempt to call a nil value"] = "return (nil)()\n",
      ["scripts/alerts/slack.lua: must return a function of the alert, not a table"] = "return {}\n",
    } do
      app:save("alerts/slack.lua", source)
      local result <const> = host:cli("reload")
      assert.are.equal(1, result.status)
      assert.is_truthy(result.stderr:find(place, 1, true), result.stderr)
      local checked <const> = host:cli("check")
      assert.are.equal(1, checked.status)
      assert.is_truthy(checked.stderr:find(place, 1, true), checked.stderr)
    end
    fail(2, "served by the old one")
    assert.are.equal("edited", peer:eventually(host, 2)[2].message.text)
    host:stop()
  end)

  it("is tried again after trouble, rests when told to, and stops when it is set up wrong", function()
    start { cool_down = 3600 }
    peer:answer_next { status = 500 }
    fail(1, "tried again")
    assert.are.equal("ok", peer:eventually(host, 2)[2].answer)

    peer:forget()
    peer:answer_next({ error = "invalid_blocks" })
    fail(2, "once more as text")
    local messages <const> = peer:eventually(host, 2)
    assert.is_truthy(messages[1].message.blocks)
    assert.is_nil(messages[2].message.blocks)

    peer:answer_next({ status = 429, headers = { ["Retry-After"] = "3600" } })
    fail(3, "parked")
    host:eventually("the channel is parked", function()
      return status().state == "parked"
    end)

    peer:forget()
    peer:answer_next({ error = "invalid_auth" })
    assert.are.equal(0, host:cli("alerts", "retry", "slack").status)
    host:eventually("the channel is stopped", function()
      return status().state == "stopped"
    end)
    assert.is_truthy(status().answer:find("invalid_auth (check SLACK_TOKEN)", 1, true), status().answer)
    assert.are.equal(0, host:cli("alerts", "retry", "slack").status)
    host:eventually("the message arrives", function()
      local all <const> = peer:messages()
      return #all == 2 and all[2].answer == "ok"
    end)
    host:stop()
  end)

  it("refuses a wrong certificate, and says so", function()
    local folder <const> = app.folder
    assert.are.equal(0, shell.run({ "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
      "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
      folder .. "/key", "-out", folder .. "/certificate", "-days", "2", "-subj", "/CN=127.0.0.1",
      "-addext", "subjectAltName=IP:127.0.0.1" }).status)
    local tls <const> = slack.start("--tls", folder .. "/certificate", folder .. "/key")
    local result <const> = server.run({ "alerts", "test", "slack", "--data", folder .. "/data", "--scripts",
      app.scripts }, { environment = tls:environment() })
    assert.are.equal(1, result.status)
    assert.is_truthy(result.stderr:find("its certificate is refused", 1, true), result.stderr)
    assert.is_falsy(result.stderr:find(slack.TOKEN, 1, true))
    tls:stop()
  end)

  it("is a strict one here", function()
    peer = slack.start()
    local function refused(word, message)
      message.channel, message.text = message.channel or slack.CHANNEL, message.text or "text"
      local answer <const> = client.json(peer, "POST", "/api/chat.postMessage", message, {
        Authorization = "Bearer " .. slack.TOKEN, ["Content-Type"] = "application/json; charset=utf-8",
      }).json()
      assert.are.equal(word, answer.error or "ok", json.encode(message):sub(1, 200))
    end
    local function section(text)
      return { blocks = { { type = "section", text = { type = "mrkdwn", text = text } } } }
    end
    refused("ok", section("fine &amp; <https://a.example|well>"))
    refused("invalid_blocks", section(("가"):rep(3001)))
    refused("invalid_blocks", section "")
    refused("invalid_blocks", section "<!channel>")
    refused("invalid_blocks", section "a & b")
    refused("invalid_blocks", section "```open")
    refused("invalid_blocks", section "a\27b")
    local header <const> = { type = "header", text = { type = "plain_text", text = ("x"):rep(151) } }
    refused("invalid_blocks", { blocks = { header } })
    refused("invalid_blocks", { blocks = json.array {} })
    refused("thread_not_found", { thread_ts = "1.2" })
    refused("channel_not_found", { channel = "C1" })
    refused("no_text", { text = " " })
    refused("msg_blocks_too_long", { text = ("x"):rep(10001) })
  end)

  it("speaks the host's language", function()
    peer = slack.start()
    app:save("messages/ko.lua", scripts.source "messages/ko.lua")
    local result <const> = server.run({ "alerts", "test", "slack", "--data", app.folder .. "/data", "--scripts",
      app.scripts }, { environment = peer:environment { LC_ALL = "ko_KR.UTF-8" } })
    assert.are.equal(0, result.status, result.stderr)
    local one <const> = peer:messages()[1]
    assert.is_true(one.valid, one.reason)
    assert.is_truthy(slack.words(one.message):find("시험 알림 :glitch_crab:", 1, true))
    assert.is_truthy(one.message.text:find("시험 메시지", 1, true))
  end)
end)
