--- What the limits cost where none is met: this host beside itself without them, on the small answer and on a list of
-- 1,000 rows that a handler builds. Both are asked in turn, so that what disturbs the machine disturbs both.
local answers = require "bench.answers"
local figures = require "bench.figures"

local ROUTES <const> = {
  { title = "a small answer", path = "/small/", goal = 0.95 },
  { title = "a list of 1,000 rows", path = "/thousand/", goal = 0.85 },
}

local function rates(run, servers, path)
  local request <const> = { path = path }
  local body <const> = answers.check(servers[1], request, { status = 200 })
  answers.check(servers[2], request, { status = 200, body = body })
  local found <const> = { {}, {} }
  for round = 1, run.rounds do
    for turn = 1, #servers do
      local index <const> = (turn + round) % #servers + 1
      local result <const> = run:load(servers[index], { requests = { request } })
      found[index][round] = result.rate
      run:say("limits, round %d: %s %s %s/s", round, servers[index].name, path, figures.text(result.rate))
    end
  end
  return found[1], found[2]
end

local function measure(run)
  local world <const> = run:world("synthetic")
  local servers <const> = { run:start("host", world), run:start("unlimited", world) }
  local list <const> = {}
  for index, route in ipairs(ROUTES) do
    local limited <const>, unlimited <const> = rates(run, servers, route.path)
    list[index] = {
      name = "Limits: " .. route.title, value = figures.ratio(limited, unlimited), unit = "of the rate without",
      goal = { at_least = route.goal },
      detail = ("%s/s, %s/s"):format(figures.text(figures.median(limited)), figures.text(figures.median(unlimited))),
    }
  end
  for _, server in ipairs(servers) do
    assert(server:stop())
  end
  return list
end

return { name = "limits", title = "What the limits cost", measure = measure }
