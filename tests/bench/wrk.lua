--- What wrk runs: it sends a plan's requests and says what came of them. See load.lua.
--
-- wrk calls setup() once a thread, init() in each thread's own Lua (5.1), request() before each request and done() at
-- the end, in the first one's Lua. Without request(), wrk sends one and the same without asking: so a plan of one
-- request costs no Lua.
-- luacheck: std luajit, globals setup init request done wrk place issued

local threads = {}

function setup(thread)
  thread:set("place", #threads)
  threads[#threads + 1] = thread
end

-- Each thread takes every so-manieth request of the walk, so that no two ever send the same one.
local function walk(plan)
  local requests, numbers = plan.requests, plan.numbers
  issued = 0
  request = function()
    local step = (numbers and numbers.step or 0) + issued * plan.threads + place
    issued = issued + 1
    local one = requests[step % #requests + 1]
    local path = one.path
    if numbers then
      path = path:gsub("{n}", numbers.first + math.floor(step / #requests))
    end
    return wrk.format(one.method, path, one.headers, one.body)
  end
end

function init(arguments)
  local plan = dofile(arguments[1])
  if #plan.requests > 1 or plan.numbers then
    walk(plan)
    return
  end
  local only = plan.requests[1]
  wrk.method, wrk.path, wrk.body = only.method or "GET", only.path, only.body
  for name, value in pairs(only.headers or {}) do
    wrk.headers[name] = value
  end
end

function done(summary, latency)
  local most = 0
  for _, thread in ipairs(threads) do
    most = math.max(most, thread:get("issued") or 0)
  end
  local errors = summary.errors
  io.write(("\nresult requests=%d duration=%d p50=%d p99=%d"):format(
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99)))
  io.write((" connect=%d read=%d write=%d status=%d timeout=%d issued=%d\n"):format(
    errors.connect, errors.read, errors.write, errors.status, errors.timeout, most))
end
