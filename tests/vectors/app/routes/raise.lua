--- Raises what the body asks for; the paths differ in how it is handled (lib.errors).
local errors = require "lib.errors"
local route = require "mulligan.route"

local function raise(req)
  error(errors.describe(req.data))
end

route.post("/raise/", raise)
route.post("/handled/codes/", raise)
route.post("/handled/full/", raise)
route.post("/handled/status-code/", raise)
