--- One's own account, with the twenty seminars that one is in.
local worlds = require "bench.worlds"

return {
  name = "me",
  title = "user/me/ of a participant in 20 seminars",
  world = "service",
  servers = { "host", "civetweb", "drf" },
  requests = function(world)
    return { { path = "/api/v1/user/me/", headers = worlds.as(world, 1) } }
  end,
  goals = { { peer = "drf", at_least = 60 } },
}
