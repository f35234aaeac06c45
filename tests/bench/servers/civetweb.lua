--- A bare C handler on the same library (peers/civetweb.c), answering with the very bytes that the host answered with.
-- @module bench.servers.civetweb
local process = require "bench.process"
local shell = require "support.shell"

local civetweb = { title = "bare civetweb", for_one_scenario = true }

--- @param run the run
-- @param more `answers`: a table of bodies by path
function civetweb.start(run, _, more)
  local command <const> = { "build/bench/bench_civetweb" }
  for path, body in pairs(more.answers) do
    local file <const> = ("%s/answers/%d"):format(run.work, #command)
    shell.write(file, body)
    command[#command + 1] = path:gsub("%?.*", "") .. "=" .. file
  end
  return process.start {
    name = "civetweb", work = run.work, command = command,
    announces = "^bench_civetweb: listening on http://127%.0%.0%.1:(%d+)$",
  }
end

return civetweb
