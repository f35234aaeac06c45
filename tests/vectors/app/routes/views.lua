--- What a route can meet before and in its handler.
local exceptions = require "mulligan.exceptions"
local route = require "mulligan.route"

local function too_often(req)
  exceptions.Throttled(tonumber(req.query.wait)):raise()
end

route.get("/throttled/", function()
  return 200, { ok = true }
end, { throttle = too_often })

route.get("/missing/", function()
  exceptions.NotFound():raise()
end)

route.get("/denied/", function()
  exceptions.PermissionDenied():raise()
end)

route.post("/read-body/", function(req)
  return 200, { got = req.data }
end)
