--- Hot editing: from a save to the first answer of the new scripts, and two hundred saves under load, of which no
-- request may notice anything: an answer made of two generations is a 500 here, and so a wrong one.
local client = require "support.client"
local figures = require "bench.figures"
local shell = require "support.shell"
local socket = require "socket"

local FILES <const>, PATIENCE <const> = 50, 30
local PAUSE <const> = "0.15" -- seconds between two saves: the host waits for a third of that before it loads

local EDITION <const> = [[
local early = require "lib.edition"
local route = require "mulligan.route"
local model = require "models.edition"

route.get("/edition/", function()
  if model() ~= early or require "lib.late" ~= early then
    error("an answer of two generations")
  end
  return 200, { edition = early }
end)
]]

-- A file of a usual size: a model, and the routes that use it.
local function usual_files(folder, index)
  local model <const>, routes <const> = {}, {}
  for number = 1, 10 do
    model[number] = ([[
function model.find_%d(id)
  return db.one("SELECT ? AS id, %d AS kind", id)
end
]]):format(number, number)
    routes[number] = ([[
route.get("/area%d/%d/{id:int}/", function(req)
  return 200, model.find_%d(req.params.id)
end)
]]):format(index, number, number)
  end
  shell.write(("%s/models/area%d.lua"):format(folder, index),
    'local db = require "mulligan.db"\n\nlocal model = {}\n\n' .. table.concat(model, "\n") .. "\nreturn model\n")
  shell.write(("%s/routes/area%d.lua"):format(folder, index),
    ('local route = require "mulligan.route"\nlocal model = require "models.area%d"\n\n'):format(index)
    .. table.concat(routes, "\n"))
end

local function make_world(run)
  local folder <const> = run.work .. "/reload"
  local scripts <const> = folder .. "/scripts"
  shell.write(scripts .. "/lib/edition.lua", "return 0\n")
  shell.write(scripts .. "/lib/late.lua", 'return require "lib.edition"\n')
  shell.write(scripts .. "/models/edition.lua",
    'local edition = require "lib.edition"\n\nreturn function()\n  return edition\nend\n')
  shell.write(scripts .. "/routes/edition.lua", EDITION)
  for index = 1, (FILES - 4) // 2 do
    usual_files(scripts, index)
  end
  return { folder = folder, data = folder .. "/data", scripts = scripts, databases = {} }
end

-- Saves an edition and asks for it until it is there.
local function time_save(world, server, edition)
  local connection <const> = assert(client.open(server))
  local began <const> = socket.gettime()
  shell.write(world.scripts .. "/lib/edition.lua", ("return %d\n"):format(edition))
  local response
  repeat
    response = assert(connection:request { path = "/edition/" })
    if response.status ~= 200 or socket.gettime() > began + PATIENCE then
      error(("reload: no answer of edition %d: %d %s"):format(edition, response.status, response.body), 0)
    end
  until response.body:find(("%%D%d%%D"):format(edition))
  local took <const> = (socket.gettime() - began) * 1000
  connection:close()
  return took
end

-- Starts a process that saves edition after edition; closing its pipe waits until it is through.
local function start_saving(world, first, count)
  local script <const> = [[edition=$1; while [ "$edition" -lt "$2" ]; do echo "return $edition" >"$3/lib/.edition" &&
    mv "$3/lib/.edition" "$3/lib/edition.lua"; edition=$((edition + 1)); sleep "$4"; done]]
  return assert(io.popen("setpriv --pdeathsig KILL sh -c " .. shell.quote(script) .. " sh "
    .. shell.join { first, first + count, world.scripts, PAUSE }))
end

local function loads_of(server)
  local _, count <const> = server:log():gsub("generation %d+ serves", "")
  return count
end

-- What old generations held goes back to the system once nothing has been loaded for a second.
local function resident(server)
  socket.sleep(2)
  return server:status().VmRSS / 1024
end

local function measure(run)
  local world <const> = make_world(run)
  local server <const> = run:start("host", world)
  local plan <const> = { requests = { { path = "/edition/" } }, seconds = run.quick and 2 or 10 }
  local times <const> = {}
  for index = 1, run.quick and 11 or 31 do
    times[index] = time_save(world, server, index)
    socket.sleep(0.1)
  end
  run:load(server, plan) -- warms up
  local calm <const> = run:load(server, plan).rate
  local before <const> = resident(server)
  local loaded <const>, saves <const> = loads_of(server), run.quick and 20 or 200
  local saver <const> = start_saving(world, 1000, saves)
  local during <const> = run:load(server, {
    requests = plan.requests, seconds = math.ceil(saves * tonumber(PAUSE)),
  }).rate
  saver:close()
  local reloads <const> = loads_of(server) - loaded
  local calm_again <const> = run:load(server, plan).rate
  local after <const> = resident(server)
  assert(server:stop())
  local calm_rate <const> = (calm + calm_again) / 2
  return {
    {
      name = ("Save to first new answer, %d files"):format(FILES), value = figures.median(times), unit = "ms",
      goal = { at_most = 100 },
    },
    {
      name = ("Answers a second during %d reloads"):format(reloads), value = during / calm_rate,
      unit = "of the rate without", goal = { at_least = 0.8 },
      detail = ("%s/s, %s/s"):format(figures.text(during), figures.text(calm_rate)),
    },
    {
      name = "Memory that stays of them", value = after - before, unit = "MiB", goal = { at_most = 2 },
      detail = ("%s MiB, %s MiB"):format(figures.text(before), figures.text(after)),
    },
  }
end

return { name = "reload", title = "Hot editing", measure = measure }
