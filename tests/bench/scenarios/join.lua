--- Joining a seminar: each request is another participant's, or for another seminar; the answer is the seminar.
local enrolment = require "bench.enrolment"

return {
  name = "join",
  title = "Joining a seminar",
  world = "busy",
  servers = { "host", "drf" },
  requests = function(world)
    return enrolment.requests(world, { method = "POST", body = '{"role":"participant"}' })
  end,
  numbers = function(world)
    return enrolment.walk(world.joins)
  end,
  status = 201,
  same = enrolment.same,
  finish = function(run, world, server, answered)
    enrolment.check_rows(run, world, server, answered,
      ("role = 'participant' AND is_active AND seminar_id <= %d"):format(world.joins.last))
  end,
}
