--- One path with two methods.
local route = require "mulligan.route"

route.get("/methods/", function()
  return 200, { ok = true }
end)

route.post("/methods/", function()
  return 201, { ok = true }
end)
