--- nginx with its Lua module (peers/nginx.conf): two workers, an event loop in each.
-- @module bench.servers.nginx
local process = require "bench.process"
local shell = require "support.shell"

local nginx = { title = "nginx + Lua" }

local function user()
  local pipe <close> = assert(io.popen("id -un; id -gn"))
  return pipe:read("l") .. " " .. pipe:read("l")
end

local function here()
  local pipe <close> = assert(io.popen("pwd"))
  return pipe:read("l")
end

--- @param run the run
-- @param world `databases`
function nginx.start(run, world)
  local folder <const> = run.work .. "/nginx"
  local port <const> = process.free_port()
  local values <const> = {
    user = user(), folder = folder, port = port, peers = here() .. "/tests/bench/peers",
    database = world.databases.nginx,
  }
  local configuration <const> = shell.read("tests/bench/peers/nginx.conf"):gsub("{(%l+)}", values)
  shell.write(folder .. "/nginx.conf", configuration)
  return process.start {
    name = "nginx", work = run.work, port = port,
    command = { "nginx", "-p", folder, "-c", folder .. "/nginx.conf", "-e", "stderr" },
  }
end

return nginx
