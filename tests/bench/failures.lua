--- What the scenarios of the route that always fails have in common.
-- @module bench.failures
local json = require "mulligan.json"
local worlds = require "bench.worlds"

local failures = {}

failures.PATH = "/api/v1/debug/always-500/"

--- A 500's body without its reference.
function failures.same(value)
  value.error_id = type(value.error_id)
  value.detail = value.detail:gsub("ERR%-[%w-]+%w", "ERR")
  return value
end

local function recorded(world, server)
  if server.kind ~= "host" then
    return worlds.count(world.databases[server.kind], "error_log")
  end
  local total = 0
  for _, group in ipairs(assert(json.decode(worlds.host(world.data, world.scripts, "errors", "groups", "--json")))) do
    total = total + group.total
  end
  return total
end

--- Fails unless every 500 that was answered is on the disk.
-- @param run the run
-- @param world in which nothing but this scenario failed
-- @param server which was asked
-- @param answered how often
function failures.check_rows(run, world, server, answered)
  local count <const> = recorded(world, server)
  if count < answered or count > answered + server.loads * run.CONNECTIONS + 2 then
    error(("%s answered %d times with a 500, and has recorded %d"):format(server.name, answered, count), 0)
  end
end

return failures
