--- A route that always fails, so that anyone can see what a 500 looks like, in every form that it has.

local auth = require "mulligan.auth"
local route = require "mulligan.route"

route.get("/api/v1/debug/always-500/", function()
  error("always fails")
end, { auth = auth.none, renderers = { "json", "html", "text", "problem" } })
