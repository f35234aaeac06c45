--- Slack and a mail server that misbehave as a test tells them (channel_fake.py), and a host's settings for both.
-- @module support.channels
local client = require "support.client"
local json = require "mulligan.json"
local server = require "support.server"
local shell = require "support.shell"
local socket = require "socket"

--- The seconds that channels.start() waits.
local PATIENCE <const> = 240

local Channels = {}
Channels.__index = Channels

local channels = {}

--- Starts both; stop() ends them, and so does the end of the test.
-- @return an object: `slack` and `mail`, their ports
function channels.start()
  local folder <const> = shell.temporary_folder()
  -- It reads its standard input until the pipe behind it ends, which is when this program closes it or is gone.
  local pipe <const> = assert(io.popen(("exec setpriv --pdeathsig KILL python3 %s >%s/ports"):format(
    shell.quote(server.source("tests/support/channel_fake.py")), shell.quote(folder)), "w"))
  local self <const> = setmetatable({ pipe = pipe, folder = folder }, Channels)
  local deadline <const> = socket.gettime() + PATIENCE
  local ports
  repeat
    socket.sleep(0.02)
    ports = (shell.read(folder .. "/ports") or ""):match("^{.*}\n")
  until ports or socket.gettime() > deadline
  for name, port in pairs(assert(json.decode(assert(ports, "the fake channels did not start")))) do
    self[name] = port
  end
  return self
end

--- Ends both.
function Channels:stop()
  self.pipe:close()
  shell.remove(self.folder)
end

--- The settings of a host that is to use both.
-- @param more a table of further variables
-- @return a table of variables
function Channels:environment(more)
  local environment <const> = {
    SLACK_API_URL = "http://127.0.0.1:" .. self.slack, SLACK_TOKEN = "xoxb-fake-token", SLACK_CHANNEL = "C0FAKE",
    MAIL_SERVER = "127.0.0.1", MAIL_PORT = self.mail, MAIL_FROM = "mulligan@example.com", ADMINS = "kim@example.com",
  }
  for name, value in pairs(more or {}) do
    environment[name] = value
  end
  return environment
end

local function ask(self, path)
  local response <const> = client.get({ host = "127.0.0.1", port = self.control }, path)
  assert(response.status == 200, response.body)
  return response.json()
end

--- From now on connections are treated so; channel_fake.py knows the words.
-- @param words a table: `slack`, `mail`, either may be absent
function Channels:be(words)
  local pairs_of <const> = {}
  for channel, word in pairs(words) do
    pairs_of[#pairs_of + 1] = channel .. "=" .. word
  end
  ask(self, "/be?" .. table.concat(pairs_of, "&"))
end

--- Makes both as they were at the start.
function Channels:forget()
  ask(self, "/forget")
end

--- What both have seen.
-- @return a table by channel: `arrived`, for each message the list of its words `news-…`, and `treated`, how many
-- connections were treated in which way
function Channels:seen()
  return ask(self, "/seen")
end

--- How often each word arrived.
-- @param channel "slack" or "mail"
-- @return a table by word
function Channels:counts(channel)
  local counts <const> = {}
  for _, words in ipairs(self:seen()[channel].arrived) do
    for _, word in ipairs(words) do
      counts[word] = (counts[word] or 0) + 1
    end
  end
  return counts
end

return channels
