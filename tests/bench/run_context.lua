--- One run of the benchmark: its worlds, its servers, and the rounds in which they are measured.
-- @module bench.run_context
local answers = require "bench.answers"
local figures = require "bench.figures"
local load = require "bench.load"
local process = require "bench.process"
local worlds = require "bench.worlds"

local Run = {}
Run.__index = Run

--- Seconds after which a server that has not answered once will not.
local LONGEST <const> = 120

--- Connections of a load that does not say how many.
Run.CONNECTIONS = 32

--- @param options work, quick, rounds, seconds
-- @return the run; end it with close()
function Run.new(options)
  return setmetatable({
    work = options.work, quick = options.quick, rounds = options.rounds, seconds = options.seconds,
    worlds = {}, servers = {},
  }, Run)
end

--- Says on standard error what is being done.
-- @param ... as of string.format
function Run:say(...) -- luacheck: ignore self
  io.stderr:write("  ", (string.format(...)), "\n")
end

--- A world, made when it is first asked for.
function Run:world(name)
  return worlds.get(self, name)
end

--- Starts a server of its own for the caller, who stops it.
-- @param kind a file in servers/
-- @param world of run:world()
-- @param more what that file's start() takes besides, or nil
-- @return the process
function Run:start(kind, world, more)
  local server <const> = require("bench.servers." .. kind).start(self, world, more or {})
  server.name, server.kind = kind, kind
  return server
end

--- Drives a server and fails if an answer was wrong.
-- @param server of run:start()
-- @param plan as of load.run(); `status`, 200 unless given
-- @return the result of load.run() with `cost`, microseconds of processor time an answer
function Run:load(server, plan)
  local numbers <const> = plan.numbers and { first = plan.numbers.first, step = plan.numbers.step }
  local seconds, issued = plan.seconds or self.seconds, 0
  local worked, result
  repeat
    worked = server:processor_seconds()
    result = load.run(server, {
      requests = plan.requests, numbers = numbers, connections = plan.connections or Run.CONNECTIONS, seconds = seconds,
    }, self.work)
    issued = issued + result.issued
    if numbers then
      numbers.step = numbers.step + result.issued
    end
    seconds = 2 * seconds -- a machine busy with something else is no wrong answer
  until result.requests > 0 or seconds > LONGEST
  result.issued = issued
  answers.check_load(server, result, plan.status or 200)
  result.cost = (server:processor_seconds() - worked) / result.requests * 1e6
  return result
end

-- ---- a scenario of load ----

-- A request that can be sent outside a walk: the last numbers are kept free for such.
local function single(walk, request)
  if not walk then
    return request
  end
  walk.checked = (walk.checked or 0) + 1
  local number <const> = walk.last + 1 - walk.checked
  local one <const> = { path = request.path:gsub("{n}", number) }
  for _, key in ipairs { "method", "headers", "body" } do
    one[key] = request[key]
  end
  return one
end

-- Servers of the world stay for the next scenario on it; one that was made for a scenario's answers does not.
local function start_all(run, scenario, world, requests, expected)
  local servers <const> = {}
  if scenario.settings then
    run:close()
  end
  for index, kind in ipairs(scenario.servers) do
    local server = run.servers[kind]
    if not server then
      server = run:start(kind, world, {
        answers = expected.answers, environment = scenario.settings and scenario.settings[kind],
      })
      run.servers[kind] = server
    end
    servers[index] = server
    server.walk = scenario.numbers and scenario.numbers(world)
    if server.walk then
      server.walk.step = 0
    end
    local value <const>, body <const> = answers.check(server, single(server.walk, requests[1]), expected)
    if index == 1 then
      expected.body = value
      expected.answers = { [requests[1].path] = body }
    end
  end
  return servers
end

local function drive(run, scenario, server, requests, seconds)
  local walk <const> = server.walk
  local result <const> = run:load(server, {
    requests = requests, numbers = walk and { first = walk.first, step = walk.step },
    connections = scenario.connections, seconds = seconds, status = scenario.status,
  })
  server.answered, server.loads = server.answered + result.requests, server.loads + 1
  if walk then
    walk.step = walk.step + result.issued
    if walk.first + walk.step // #requests >= walk.last - 20 then
      error(("%s: %s ran out of numbers after %d requests"):format(scenario.name, server.name, server.answered), 0)
    end
  end
  return result
end

local function summary(scenario, cells)
  local host <const> = cells[1]
  for _, cell in ipairs(cells) do
    cell.rate, cell.cost = figures.median(cell.rates), figures.median(cell.costs)
    cell.p50, cell.p99 = figures.median(cell.p50s), figures.median(cell.p99s)
    cell.ratio = cell ~= host and figures.ratio(host.rates, cell.rates) or nil
  end
  local goals <const> = {}
  for index, goal in ipairs(scenario.goals or {}) do
    for _, cell in ipairs(cells) do
      if cell.server == goal.peer then
        goals[index] = {
          peer = goal.peer, at_least = goal.at_least, value = cell.ratio,
          reached = cell.ratio ~= nil and figures.reached(goal, cell.ratio),
        }
      end
    end
  end
  return {
    name = scenario.name, title = scenario.title, connections = scenario.connections or Run.CONNECTIONS,
    cells = cells, goals = goals,
  }
end

local function measure_load(run, scenario)
  local world <const> = run:world(scenario.world)
  local requests <const> = scenario.requests(world)
  local expected <const> = { status = scenario.status or 200, same = scenario.same }
  local servers <const> = start_all(run, scenario, world, requests, expected)
  local cells <const> = {}
  for index, server in ipairs(servers) do
    cells[index] = { server = server.kind, rates = {}, p50s = {}, p99s = {}, costs = {} }
    server.answered, server.loads = 0, 0
  end
  if not run.quick then
    for _, server in ipairs(servers) do
      drive(run, scenario, server, requests, 1) -- warms up
    end
  end
  for round = 1, run.rounds do
    for turn = 1, #servers do
      local index <const> = (turn + round - 2) % #servers + 1 -- each is first, last and in the middle in its turn
      local server <const>, cell <const> = servers[index], cells[index]
      local result <const> = drive(run, scenario, server, requests, run.seconds)
      cell.rates[round], cell.costs[round] = result.rate, result.cost
      cell.p50s[round], cell.p99s[round] = result.p50, result.p99
      run:say("%s, round %d: %s %s/s", scenario.name, round, server.name, figures.text(result.rate))
    end
  end
  for _, server in ipairs(servers) do
    answers.check(server, single(server.walk, requests[1]), expected)
    if scenario.finish then
      scenario.finish(run, world, server, server.answered)
    end
  end
  if scenario.settings then
    run:close()
  else
    run:stop_made_for_one()
  end
  return summary(scenario, cells)
end

-- ---- all of it ----

function Run:stop(kind)
  local server <const> = self.servers[kind]
  self.servers[kind] = nil
  local stopped <const>, message <const> = server:stop()
  if not stopped then
    error(message, 0)
  end
end

function Run:stop_made_for_one()
  for kind in pairs(self.servers) do
    if require("bench.servers." .. kind).for_one_scenario then
      self:stop(kind)
    end
  end
end

--- Measures one scenario.
-- @return a table for report.lua: name, title and either cells and goals, or figures
function Run:scenario(scenario)
  self:say("%s: %s", scenario.name, scenario.title)
  if self.world_in_use ~= scenario.world then
    self:close()
    self.world_in_use = scenario.world
  end
  if scenario.measure then
    return { name = scenario.name, title = scenario.title, figures = scenario.measure(self) }
  end
  return measure_load(self, scenario)
end

--- Stops every server that scenarios share; raises if one does not end as it should.
function Run:close()
  for kind in pairs(self.servers) do
    self:stop(kind)
  end
end

--- Stops every server, after a failure, too.
function Run:forget()
  self.servers = {}
  process.stop_all()
end

return Run
