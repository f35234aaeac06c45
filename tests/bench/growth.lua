--- A reading endpoint in a small and in a large database: what it costs must not grow with what it does not show.
-- @module bench.growth
local answers = require "bench.answers"
local figures = require "bench.figures"
local socket = require "socket"
local worlds = require "bench.worlds"

-- Few, because what is asked here is what a request costs, not how many can wait.
local CONNECTIONS <const> = 2

local function start(run, size)
  local world <const> = run:world("grown_" .. size)
  local server <const> = run:start("host", world)
  server.name = figures.text(size) .. " seminars"
  return server, world
end

-- Answers a second of each server, round by round.
local function rates(run, servers, request)
  local body <const> = answers.check(servers[1], request, { status = 200 })
  local began <const> = socket.gettime()
  answers.check(servers[2], request, { status = 200, body = body })
  -- A window long enough for some answers, however slow they are.
  local seconds <const> = math.max(run.seconds, math.ceil(3 * (socket.gettime() - began)))
  local found <const> = { {}, {} }
  for round = 1, run.rounds do
    for turn = 1, #servers do
      local index <const> = (turn + round) % #servers + 1
      local plan <const> = { requests = { request }, connections = CONNECTIONS, seconds = seconds }
      found[index][round] = run:load(servers[index], plan).rate
      run:say("round %d: %s: %s/s", round, servers[index].name, figures.text(found[index][round]))
    end
  end
  return found[1], found[2]
end

--- A scenario of one endpoint.
-- @param name of the scenario
-- @param what is asked for, in words
-- @param path of the request, which user 1 makes
-- @return the scenario
local function growth(name, what, path)
  local function measure(run)
    local few <const>, many <const> = 1000, run.quick and 100000 or 1000000
    local small <const>, world <const> = start(run, few)
    local large <const> = start(run, many)
    local before <const>, after <const> = rates(run, { small, large }, { path = path, headers = worlds.as(world, 1) })
    assert(small:stop())
    assert(large:stop())
    return {
      {
        name = ("Growth from %s seminars to %s: %s"):format(figures.text(few), figures.text(many), what),
        value = figures.ratio(after, before), unit = "of the rate",
        detail = ("%s/s, then %s/s"):format(figures.text(figures.median(before)), figures.text(figures.median(after))),
      },
    }
  end
  return { name = name, title = "Growth: " .. what, measure = measure }
end

return growth
