--- One seminar of the service, with its twenty participants.
local worlds = require "bench.worlds"

return {
  name = "seminar",
  title = "A seminar with 20 participants",
  world = "service",
  servers = { "host", "civetweb", "drf" },
  requests = function(world)
    return { { path = "/api/v1/seminar/1/", headers = worlds.as(world, 1) } }
  end,
  goals = { { peer = "drf", at_least = 60 } },
}
