--- This host without its limits (peers/unlimited.c), on a data folder of its own.
-- @module bench.servers.unlimited
local process = require "bench.process"
local worlds = require "bench.worlds"

local unlimited = { title = "Mulligan without limits" }

--- @param run the run
-- @param world its scripts
function unlimited.start(run, world)
  local command <const> = worlds.serve(run.work .. "/unlimited", world.scripts)
  command[1] = "build/bench/bench_unlimited"
  return process.start { name = "unlimited", work = run.work, command = command, announces = worlds.ANNOUNCES }
end

return unlimited
