--- What the request log costs: this host beside itself with neither access.log nor requests.db, on the small answer.
-- Both are asked in turn, so that what disturbs the machine disturbs both. Afterwards every answer must be a line, and
-- the counts in requests.db must be the number of the lines.
local answers = require "bench.answers"
local figures = require "bench.figures"
local shell = require "support.shell"
local worlds = require "bench.worlds"

local REQUEST <const> = { path = "/small/" }
local KINDS <const> = {
  { name = "with the request log", environment = { MULLIGAN_LOG_FILES = 1000 } }, -- so that no line is removed
  { name = "without it", environment = { MULLIGAN_ACCESS_LOG = "off", MULLIGAN_REQUEST_LOG = "off" } },
}

local function start_all(run, world)
  local servers <const> = {}
  for index, kind in ipairs(KINDS) do
    local data <const> = ("%s/request_log_%d"):format(run.work, index)
    servers[index] = run:start("host", world, { data = data, environment = kind.environment })
    servers[index].data, servers[index].answered, servers[index].loads = data, 1, 0
  end
  local body <const> = answers.check(servers[1], REQUEST, { status = 200 })
  answers.check(servers[2], REQUEST, { status = 200, body = body })
  return servers
end

local function drive(run, server)
  local result <const> = run:load(server, { requests = { REQUEST } })
  server.answered, server.loads = server.answered + result.requests, server.loads + 1
  return result
end

-- Answers that were under way when a load ended were given, but counted by nobody.
local function check_lines(run, server)
  local counted <const> = shell.run { "sh", "-c", "cat " .. shell.quote(server.data) .. "/logs/access.log* | wc -l" }
  local lines <const> = assert(math.tointeger(tonumber(counted.stdout)), counted.stderr)
  local unseen <const> = server.loads * run.CONNECTIONS
  if lines < server.answered or lines > server.answered + unseen then
    error(("request_log: access.log has %d lines of %d answers"):format(lines, server.answered), 0)
  end
  local sums <const> = shell.run { "sqlite3", "-readonly", server.data .. "/requests.db",
    "SELECT sum(requests), sum(sampled) FROM request_minute" }
  local requests <const>, sampled <const> = sums.stdout:match("^(%d+)|(%d+)\n$")
  if math.tointeger(tonumber(requests)) ~= lines then
    error(("request_log: requests.db counts %s of %d requests %s"):format(requests, lines, sums.stderr), 0)
  end
  local rows <const> = worlds.count(server.data .. "/requests.db", "request_log")
  return lines, rows, math.tointeger(tonumber(sampled))
end

local function measure(run)
  local servers <const> = start_all(run, run:world("synthetic"))
  local rates <const>, costs <const> = { {}, {} }, { {}, {} }
  if not run.quick then
    for _, server in ipairs(servers) do
      drive(run, server) -- warms up
    end
  end
  for round = 1, run.rounds do
    for turn = 1, #servers do
      local index <const> = (turn + round) % #servers + 1
      local result <const> = drive(run, servers[index])
      rates[index][round], costs[index][round] = result.rate, result.cost
      run:say("request_log, round %d: %s, %s/s", round, KINDS[index].name, figures.text(result.rate))
    end
  end
  for _, server in ipairs(servers) do
    assert(server:stop())
  end
  local lines <const>, rows <const>, sampled <const> = check_lines(run, servers[1])
  local added <const> = figures.median(costs[1]) - figures.median(costs[2])
  return {
    {
      name = "Access log and request log on", value = figures.ratio(rates[1], rates[2]), unit = "of the rate without",
      goal = { at_least = 0.9 },
      detail = ("%s/s, %s/s; %s µs of processor time a request; %s lines, none lost; %s rows, %s counted only"):format(
        figures.text(figures.median(rates[1])), figures.text(figures.median(rates[2])),
        figures.text(math.max(added, 0)), figures.text(lines), figures.text(rows), figures.text(sampled)),
    },
  }
end

return { name = "request_log", title = "What the request log costs", measure = measure }
