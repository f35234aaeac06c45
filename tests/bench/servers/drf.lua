--- Django REST Framework on SQLite (peers/drf): the same endpoints, the same data, the same key for tokens.
-- @module bench.servers.drf
local gunicorn = require "bench.servers.gunicorn"

local drf = { title = "DRF" }

--- @param run the run
-- @param world `databases` and `secret`
-- @param more `environment`: variables for it, or nil
function drf.start(run, world, more)
  local environment <const> = {
    DJANGO_SETTINGS_MODULE = "peer.settings", BENCH_DATABASE = world.databases.drf, BENCH_SECRET = world.secret,
  }
  for name, value in pairs(more.environment or {}) do
    environment[name] = value
  end
  return gunicorn.start(run, {
    name = "drf", folder = "tests/bench/peers/drf", application = "peer.wsgi", environment = environment,
  })
end

return drf
