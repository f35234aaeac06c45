--- The operators' desk on a large database: how soon the REPL answers, what a plan takes and whether it holds up those
-- who write meanwhile, and what it takes to save many rows.
local figures = require "bench.figures"
local shell = require "support.shell"
local socket = require "socket"
local worlds = require "bench.worlds"

local CHANGED <const>, ROW_BYTES <const> = 20000, 2000

local MIGRATION <const> = [[
CREATE TABLE item (id INTEGER PRIMARY KEY, count INTEGER NOT NULL, filling TEXT NOT NULL);
CREATE TABLE counter (id INTEGER PRIMARY KEY, count INTEGER NOT NULL);
CREATE TABLE visit (id INTEGER PRIMARY KEY, at TEXT NOT NULL);
]]

local ROUTE <const> = [[
local db = require "mulligan.db"
local route = require "mulligan.route"
local time = require "mulligan.time"

route.post("/visit/", function()
  db.exec("INSERT INTO visit (at) VALUES (?)", time.now())
  return 201, {}
end)
]]

local OPERATOR <const> = [[
local db = require "mulligan.db"

return {
  title = "Count up: one item, or all counters",
  params = { { name = "all", type = "boolean" } },
  run = function(params)
    db.exec(params.all and "UPDATE counter SET count = count + 1" or "UPDATE item SET count = count + 1 WHERE id = 1")
  end,
}
]]

local function make_world(run)
  local folder <const> = run.work .. "/desk"
  local mebibytes <const> = run.quick and 64 or 1024
  local world <const> = { data = folder .. "/data", scripts = folder .. "/scripts", mebibytes = mebibytes }
  shell.write(world.scripts .. "/migrations/0001_item.sql", MIGRATION)
  shell.write(world.scripts .. "/routes/visit.lua", ROUTE)
  shell.write(world.scripts .. "/operators/count_up.lua", OPERATOR)
  worlds.host(world.data, world.scripts, "migrate")
  local rows <const> = mebibytes * 1048576 // ROW_BYTES
  worlds.sql(world.data .. "/app.db", ([[
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
    INSERT INTO item (id, count, filling) SELECT i, 0, hex(randomblob(%d)) FROM n;
    INSERT INTO counter (id, count) SELECT id, 0 FROM item WHERE id <= %d;
  ]]):format(rows, ROW_BYTES // 2 - 20, CHANGED), folder)
  return world
end

-- Seconds that a command of the host takes, from its start to its end; the median of a few.
local function time_command(run, world, ...)
  local times <const> = {}
  for index = 1, run.quick and 3 or 5 do
    local began <const> = socket.gettime()
    worlds.host(world.data, world.scripts, ...)
    times[index] = socket.gettime() - began
  end
  return figures.median(times)
end

local function count_up(run, world, ...)
  return time_command(run, world, "run", "count_up", ...)
end

-- Milliseconds that 99 of 100 writes take at most, from two writers, alone and with one plan made after another.
local function writers(run, world)
  local server <const> = run:start("host", world)
  local plan <const> = { requests = { { method = "POST", path = "/visit/" } }, connections = 2, status = 201 }
  local alone <const> = run:load(server, plan).p99
  local flag <const> = world.data .. "/planning"
  shell.write(flag, "")
  local planner <const> = assert(io.popen(("while [ -e %s ]; do %s || exit; done >/dev/null"):format(shell.quote(flag),
    shell.join { worlds.BINARY, "run", "count_up", "--data", world.data, "--scripts", world.scripts })))
  local beside <const> = run:load(server, plan).p99
  os.remove(flag)
  if not planner:close() then
    error("desk: a plan failed while others wrote", 0)
  end
  assert(server:stop())
  return alone, beside
end

local function measure(run)
  local world <const> = make_world(run)
  local size <const> = ("app.db of %d MiB"):format(world.mebibytes)
  local first <const> = time_command(run, world, "repl", "-e", "1 + 1")
  local planned <const> = count_up(run, world)
  local many <const> = count_up(run, world, "--all")
  local applied <const> = count_up(run, world, "--all", "--apply", "--yes")
  local alone <const>, beside <const> = writers(run, world)
  return {
    { name = "REPL, from its start to its first answer and its end", value = first * 1000, unit = "ms",
      goal = { at_most = 100 }, detail = size },
    { name = "A plan that changes one row", value = planned, unit = "s", goal = { at_most = 3 }, detail = size },
    { name = "A writer's p99 while plans are made, as a multiple", value = beside / alone, unit = "of it alone",
      detail = ("%s ms, %s ms"):format(figures.text(alone), figures.text(beside)) },
    { name = ("Applying %d rows, beyond planning them"):format(CHANGED), value = applied - many,
      unit = "s", goal = { at_most = 1 }, detail = ("%s s, %s s"):format(figures.text(many), figures.text(applied)) },
  }
end

return { name = "desk", title = "The operators' desk", measure = measure }
