--- What alerts cost a request when nobody takes them: this host beside itself, one without channels, one whose Slack
-- and mail server take every connection and never say a word. Both are asked in turn, for the small answer and for the
-- route that always fails. All those failures are one storm: it makes a handful of messages, and is counted exactly.
local answers = require "bench.answers"
local failures = require "bench.failures"
local figures = require "bench.figures"
local json = require "mulligan.json"
local process = require "bench.process"
local shell = require "support.shell"
local socket = require "socket"
local worlds = require "bench.worlds"

local ROUTES <const> = {
  { title = "a small answer", request = { path = "/small/" }, status = 200 },
  { title = "always 500", request = { path = failures.PATH }, status = 500 },
}
local CLOSE <const> = 0.05 -- how far from the host without alerts is no loss
local MOST_MESSAGES <const> = 6

-- Connections are taken by the kernel, and wait here for somebody who never comes.
local function dead_server()
  local listener <const> = assert(socket.bind("127.0.0.1", 0, 1024))
  local _, port <const> = listener:getsockname()
  return { listener = listener, port = math.tointeger(tonumber(port)) }
end

-- The benchmark's application, with the service's route that fails and its templates.
local function make_scripts(folder)
  local scripts <const> = folder .. "/scripts"
  assert(os.execute(("mkdir -p %s && cp -r tests/bench/app %s && cp -r scripts/alerts %s"):format(shell.quote(folder),
    shell.quote(scripts), shell.quote(scripts))))
  shell.write(scripts .. "/routes/failing.lua", ([[
local auth = require "mulligan.auth"
local route = require "mulligan.route"

route.get(%q, function()
  error("always")
end, { auth = auth.none })
]]):format(failures.PATH))
  return scripts
end

local function start(run, name, folder, scripts, environment)
  local data <const> = folder .. "/" .. name
  local server <const> = process.start {
    name = "host", work = run.work, command = worlds.serve(data, scripts), environment = environment,
    announces = worlds.ANNOUNCES,
  }
  server.name, server.kind, server.data, server.failures = name, "host", data, 0
  return server
end

local function measure_route(run, servers, route)
  local found <const> = { { rate = {}, p50 = {}, p99 = {} }, { rate = {}, p50 = {}, p99 = {} } }
  for round = 1, run.rounds do
    for turn = 1, #servers do
      local index <const> = (turn + round) % #servers + 1
      local result <const> = run:load(servers[index], { requests = { route.request }, status = route.status })
      for name, list in pairs(found[index]) do
        list[round] = result[name]
      end
      if route.status == 500 then
        servers[index].failures = servers[index].failures + result.requests
      end
      run:say("alerts, round %d: %s %s %s/s", round, servers[index].name, route.title, figures.text(result.rate))
    end
  end
  local with <const>, without <const> = found[1], found[2]
  local function figure(name, list, unit, goal)
    return {
      name = ("Alerts that nobody takes, %s: %s"):format(route.title, name),
      value = figures.ratio(with[list], without[list]), unit = "of it without alerts", goal = goal,
      detail = ("%s and %s %s"):format(figures.text(figures.median(with[list])),
        figures.text(figures.median(without[list])), unit),
    }
  end
  return figure("rate", "rate", "/s", { at_least = 1 - CLOSE }),
    figure("half of the requests", "p50", "ms", { at_most = 1 + CLOSE }),
    figure("99 of 100", "p99", "ms", { at_most = 1 + CLOSE })
end

-- How many messages the storm has made, by the channel that has most; its total has to be what was answered.
local function count_messages(run, server, scripts)
  local status <const> = assert(json.decode(worlds.host(server.data, scripts, "alerts", "status", "--json")))
  local most = 0
  for _, channel in ipairs(status.channels) do
    most = math.max(most, channel.waiting + channel.held + channel.delivered + channel.failed)
  end
  local total = 0
  for _, group in ipairs(assert(json.decode(worlds.host(server.data, scripts, "errors", "groups", "--json")))) do
    if group.title:find("always", 1, true) then
      total = total + group.total
    end
  end
  -- What was under way when a round ended was answered to nobody; and there was the first one, below.
  if total < server.failures or total > server.failures + run.rounds * run.CONNECTIONS + 1 then
    error(("alerts: %d failures were answered, %d are on record"):format(server.failures, total), 0)
  end
  return most
end

local function measure(run)
  local folder <const> = run.work .. "/alerts"
  local scripts <const>, slack <const>, mail <const> = make_scripts(folder), dead_server(), dead_server()
  local servers <const> = {
    start(run, "with", folder, scripts, {
      SLACK_API_URL = "http://127.0.0.1:" .. slack.port, SLACK_TOKEN = "xoxb-dead", SLACK_CHANNEL = "C0DEAD",
      MAIL_SERVER = "127.0.0.1", MAIL_PORT = mail.port, MAIL_FROM = "host@example.com", ADMINS = "team@example.com",
    }),
    start(run, "without", folder, scripts),
  }
  for _, server in ipairs(servers) do
    answers.check(server, ROUTES[2].request, { status = 500 }) -- from here on there is something to deliver
  end
  local list <const> = {}
  for _, route in ipairs(ROUTES) do
    shell.append(list, { measure_route(run, servers, route) })
  end
  list[#list + 1] = {
    name = "Alerts: messages a channel of all those failures",
    value = count_messages(run, servers[1], scripts), unit = "messages", goal = { at_most = MOST_MESSAGES },
    detail = figures.text(servers[1].failures) .. " equal errors",
  }
  for _, server in ipairs(servers) do
    assert(server:stop())
  end
  for _, dead in ipairs { slack, mail } do
    dead.listener:close()
  end
  return list
end

return { name = "alerts", title = "What alerts cost when nobody takes them", measure = measure }
