--- Dropping a seminar that one is in: each request is another participant's, or for another seminar.
local enrolment = require "bench.enrolment"

return {
  name = "drop",
  title = "Dropping a seminar",
  world = "busy",
  servers = { "host", "drf" },
  requests = function(world)
    return enrolment.requests(world, { method = "DELETE" })
  end,
  numbers = function(world)
    return enrolment.walk(world.drops)
  end,
  same = enrolment.same,
  finish = function(run, world, server, answered)
    enrolment.check_rows(run, world, server, answered, "NOT is_active AND dropped_at IS NOT NULL")
  end,
}
