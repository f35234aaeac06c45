--- A strict Slack of our own, slack_server.py: it takes only what Slack documents, and keeps what it was sent.
-- @module support.slack
local client = require "support.client"
local json = require "mulligan.json"
local server = require "support.server"
local shell = require "support.shell"

local Slack = {}
Slack.__index = Slack

local slack = {}

--- The one token, channel and webhook that it knows.
slack.TOKEN = "xoxb-test-token-0123456789"
slack.CHANNEL = "C0ALERTS"
slack.WEBHOOK = "/services/T0TEAM/B0HOOK/s3cretWebhookPath"

local PYTHON <const> = "/usr/bin/python3"

--- Starts one on a free port.
-- @param ... more arguments, such as "--tls", a certificate, a key
-- @return the object; its caller ends it with stop()
function slack.start(...)
  local command <const> = shell.join(shell.append(
    { "setpriv", "--pdeathsig", "KILL", PYTHON, "-B", server.source("tests/support/slack_server.py") }, { ... }))
  local pipe <const> = assert(io.popen(("exec setpriv --pdeathsig KILL sh -c %s"):format(
    shell.quote(command .. " & echo $!; wait"))))
  local self <const> = setmetatable({ pipe = pipe, host = "127.0.0.1" }, Slack)
  self.pid = math.tointeger(pipe:read("l"))
  local line <const> = pipe:read("l")
  self.base, self.port = (line or ""):match("^listening on (https?://127%.0%.0%.1:(%d+))$")
  self.port = assert(math.tointeger(self.port), "the Slack server did not start")
  return self
end

--- Ends it.
function Slack:stop()
  if self.pipe then
    os.execute("kill " .. self.pid)
    self.pipe:close()
    self.pipe = nil
  end
end

--- The variables that make a host use it.
-- @param more variables to add, or, by `false`, to leave out
-- @return a table
function Slack:environment(more)
  local environment <const> = {
    SLACK_TOKEN = slack.TOKEN, SLACK_CHANNEL = slack.CHANNEL, SLACK_API_URL = self.base .. "/api",
    PUBLIC_URL = "https://seminars.example.com",
  }
  for name, value in pairs(more or {}) do
    environment[name] = value or nil
  end
  return environment
end

--- The variables that make a host use its webhook.
-- @return a table
function Slack:webhook_environment()
  return self:environment { SLACK_TOKEN = false, SLACK_CHANNEL = false, SLACK_WEBHOOK_URL = self.base .. slack.WEBHOOK }
end

--- What it was sent so far.
-- @return a list of tables: way, valid, reason, message, answer, ts
function Slack:messages()
  return client.get(self, "/messages").json()
end

--- Waits until it was sent so many messages; fails if one of them is not valid.
-- @param host the server that sends them
-- @param count how many at least
-- @return the list
function Slack:eventually(host, count)
  return host:eventually(("Slack has %d messages"):format(count), function()
    local messages <const> = self:messages()
    for _, one in ipairs(messages) do
      assert(one.valid, ("Slack refuses this: %s\n%s"):format(one.reason, json.encode(one.message)))
    end
    return #messages >= count and messages
  end)
end

--- Tells it what to answer to the next messages.
-- @param ... { error = "…" }, or { status =, body =, headers = }
function Slack:answer_next(...)
  assert(client.json(self, "POST", "/next", json.array { ... }).status == 200)
end

--- Forgets messages and answers.
function Slack:forget()
  assert(client.json(self, "POST", "/forget", {}).status == 200)
end

--- All texts of a message's blocks, one a line, for tests that look for words.
-- @param message as it was sent
-- @return the text
function slack.words(message)
  local lines <const> = {}
  local function collect(value)
    if type(value) ~= "table" then
      return
    end
    if type(value.text) == "string" then
      lines[#lines + 1] = value.text
    end
    for _, inner in pairs(value) do
      collect(inner)
    end
  end
  collect(message.blocks)
  return table.concat(lines, "\n")
end

return slack
