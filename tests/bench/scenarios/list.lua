--- The list of the service's twenty seminars.
local worlds = require "bench.worlds"

return {
  name = "list",
  title = "The list of 20 such seminars",
  world = "service",
  servers = { "host", "civetweb", "drf" },
  requests = function(world)
    return { { path = "/api/v1/seminar/", headers = worlds.as(world, 1) } }
  end,
  goals = { { peer = "drf", at_least = 60 } },
}
