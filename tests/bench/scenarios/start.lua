--- From the start of the program until it listens, its data folder being ready.
local figures = require "bench.figures"

local function measure(run)
  local world <const> = run:world("service")
  local times <const> = {}
  for index = 1, run.quick and 5 or 15 do
    local server <const> = run:start("host", world)
    times[index] = server.seconds * 1000
    assert(server:stop())
  end
  return { { name = "Start until it listens", value = figures.median(times), unit = "ms", goal = { at_most = 150 } } }
end

return { name = "start", title = "Start", measure = measure }
