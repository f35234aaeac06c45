--- The route that always fails, as shipped, beside a DRF that writes nothing down.
local failures = require "bench.failures"

return {
  name = "always_500_unrecorded",
  title = "Always 500, beside a DRF that records nothing",
  full_only = true,
  world = "errors",
  servers = { "host", "drf" },
  settings = { drf = { BENCH_UNRECORDED = 1 } },
  requests = function()
    return { { path = failures.PATH } }
  end,
  status = 500,
  same = failures.same,
}
