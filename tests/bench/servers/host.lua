--- This host.
-- @module bench.servers.host
local process = require "bench.process"
local worlds = require "bench.worlds"

local host = { title = "Mulligan" }

--- @param run the run
-- @param world its data and scripts
-- @param more `environment`: variables for it, or nil; `data`: a folder other than the world's
function host.start(run, world, more)
  return process.start {
    name = "host", work = run.work, command = worlds.serve(more.data or world.data, world.scripts),
    environment = more.environment, announces = worlds.ANNOUNCES,
  }
end

return host
