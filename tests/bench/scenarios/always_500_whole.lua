--- The same with the greatest limit of a storm: the first 100,000 of a minute are stored whole, with stack and locals.
local failures = require "bench.failures"

return {
  name = "always_500_whole",
  title = "Always 500, each row whole",
  full_only = true,
  world = "errors_whole",
  servers = { "host", "drf" },
  settings = { host = { MULLIGAN_ERROR_STORM_LIMIT = 100000 } },
  requests = function()
    return { { path = failures.PATH } }
  end,
  status = 500,
  same = failures.same,
  finish = failures.check_rows,
  goals = { { peer = "drf", at_least = 15 } },
}
