--- Memory that the host holds: at rest, under load, and whether many requests leave anything behind.
local figures = require "bench.figures"
local socket = require "socket"
local worlds = require "bench.worlds"

local function resident(server)
  return assert(server:status(), "the host is gone").VmRSS / 1024
end

-- All workers are there when their number no longer changes.
local function settled(server)
  local before
  repeat
    before = server:status().Threads
    socket.sleep(0.2)
  until server:status().Threads == before
  return resident(server)
end

local function requests(world)
  local list <const> = {}
  for index, path in ipairs { "/api/v1/seminar/1/", "/api/v1/user/me/", "/api/v1/seminar/" } do
    list[index] = { path = path, headers = worlds.as(world, 1) }
  end
  return list
end

local function measure(run)
  local world <const> = run:world("service")
  local few <const>, many <const> = run.quick and 2000 or 100000, run.quick and 10000 or 1000000
  local server <const> = run:start("host", world)
  local at_rest <const> = settled(server)
  local answered, after_few = 0, nil
  while answered < many do
    answered = answered + run:load(server, { requests = requests(world) }).requests
    local held <const> = resident(server)
    run:say("memory: %s MiB after %s requests", figures.text(held), figures.text(answered))
    after_few = after_few or (answered >= few and held) or nil
  end
  local after_many <const>, peak <const> = resident(server), server:status().VmHWM / 1024
  assert(server:stop())
  return {
    { name = "Memory at rest, 256 workers", value = at_rest, unit = "MiB", goal = { at_most = 48 } },
    { name = "Memory under load, at most", value = peak, unit = "MiB" },
    {
      name = ("Growth of memory from %s to %s requests"):format(figures.text(few), figures.text(many)),
      value = after_many - after_few, unit = "MiB",
      goal = not run.quick and { at_most = 1 } or nil, -- a quick run ends before the caches are full
      detail = ("%s MiB, %s MiB"):format(figures.text(after_few), figures.text(after_many)),
    },
  }
end

return { name = "memory", title = "Memory", measure = measure }
