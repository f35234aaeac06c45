--- Paths that want to know who is asking.
local auth = require "mulligan.auth"
local route = require "mulligan.route"

local function show()
  return 200, { ok = true }
end

local function only_instructors()
  return false, "Only instructors may do this.", "not_instructor"
end

route.get("/private/", show, { auth = auth.required, authenticators = { "lib.jwt" } })
route.get("/private-quiet/", show, { auth = auth.required, authenticators = { "lib.quiet_jwt" } })
route.get("/forbidden/", show, {
  auth = auth.required,
  authenticators = { "lib.jwt" },
  permissions = { only_instructors },
})
