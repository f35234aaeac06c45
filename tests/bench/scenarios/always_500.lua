--- The route that always fails. Every answer waits until its error is on the disk; as shipped, a storm is stored whole
-- for the first hundred of a minute and counted after the first thousand. Each peer writes a row an answer.
local failures = require "bench.failures"

return {
  name = "always_500",
  title = "Always 500, recorded durably",
  world = "errors",
  servers = { "host", "flask", "drf" },
  requests = function()
    return { { path = failures.PATH } }
  end,
  status = 500,
  same = failures.same,
  finish = failures.check_rows,
  goals = { { peer = "drf", at_least = 15 } },
}
