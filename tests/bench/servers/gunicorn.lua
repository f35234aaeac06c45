--- gunicorn, under which the Python peers run: two workers of four threads.
-- @module bench.servers.gunicorn
local process = require "bench.process"

local gunicorn = {}

--- Starts an application.
-- @param run the run
-- @param options `name`; `application`: as gunicorn takes it; `folder`: where its modules are; `environment`
function gunicorn.start(run, options)
  local port <const> = process.free_port()
  options.environment.PYTHONDONTWRITEBYTECODE = 1
  return process.start {
    name = options.name, work = run.work, port = port, environment = options.environment,
    command = {
      "/usr/bin/gunicorn", "--chdir", options.folder, "--bind", "127.0.0.1:" .. port, "--workers", "2",
      "--threads", "4", "--log-level", "warning", "--graceful-timeout", "5", options.application,
    },
  }
end

return gunicorn
