--- Load: wrk driving one server with the requests of a plan.
-- @module bench.load
local shell = require "support.shell"

local load = {}

--- The load generator's threads; it has to share the machine's cores with the server.
load.THREADS = 2

local function literal(value)
  if type(value) ~= "table" then
    return type(value) == "string" and ("%q"):format(value):gsub("\\\n", "\\n") or tostring(value)
  end
  local parts <const> = {}
  for key, item in pairs(value) do
    parts[#parts + 1] = ("[%s]=%s"):format(literal(key), literal(item))
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

--- Drives a server for a while.
-- @param server host and port
-- @param plan `requests`: a list of `method`, `path`, `headers` and `body`, sent in turn; `numbers`: for paths with
-- `{n}`, which is replaced by `first` and up, one more each time that the list is through, `step` requests having been
-- made before; `connections`; `seconds`, a whole number
-- @param folder for what wrk reads
-- @return a table: `requests`, `rate` (answers a second), `p50` and `p99` (milliseconds), `issued` (how many steps of
-- the walk were made), `errors` (a table: connect, read, write, status, timeout; status counts the answers from 400 up)
function load.run(server, plan, folder)
  local path <const> = folder .. "/plan.lua"
  shell.write(path, "return " .. literal({
    requests = plan.requests, numbers = plan.numbers, threads = load.THREADS,
  }))
  local url <const> = ("http://%s:%d/"):format(server.host, server.port)
  local command <const> = shell.join({
    "setpriv", "--pdeathsig", "KILL", "wrk", "-t", load.THREADS, "-c", plan.connections, "-d", plan.seconds .. "s",
    "--timeout", "30s", "-s", "tests/bench/wrk.lua", url, "--", path,
  })
  local pipe <const> = assert(io.popen("exec " .. command .. " 2>&1 </dev/null"))
  local output <const> = pipe:read("a")
  local line <const> = output:match("\nresult ([^\n]+)")
  if not pipe:close() or not line then
    error("wrk failed:\n" .. output, 0)
  end
  local numbers <const> = {}
  for name, value in line:gmatch("(%w+)=(%d+)") do
    numbers[name] = math.tointeger(tonumber(value))
  end
  return {
    requests = numbers.requests,
    rate = numbers.requests / numbers.duration * 1e6,
    p50 = numbers.p50 / 1000,
    p99 = numbers.p99 / 1000,
    issued = numbers.issued * load.THREADS,
    errors = {
      connect = numbers.connect, read = numbers.read, write = numbers.write, status = numbers.status,
      timeout = numbers.timeout,
    },
  }
end

return load
