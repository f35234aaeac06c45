--- Flask on SQLite (peers/flask_measured.py).
-- @module bench.servers.flask
local gunicorn = require "bench.servers.gunicorn"

local flask = { title = "Flask" }

--- @param run the run
-- @param world `databases`
function flask.start(run, world)
  return gunicorn.start(run, {
    name = "flask", folder = "tests/bench/peers", application = "flask_measured:app",
    environment = { BENCH_DATABASE = world.databases.flask },
  })
end

return flask
