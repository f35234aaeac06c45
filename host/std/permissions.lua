--- Who may do what.
--
--    local function is_instructor(req)
--      return req.user.instructor ~= nil, "Only instructors may do this.", "not_instructor"
--    end
--    route.post("/seminar/", create, { auth = auth.required, permissions = { is_instructor } })
--
-- A permission is a function of the request. It returns true, or `false, message, code`; message and code may be left
-- out.
local auth = require "mulligan.auth"
local exceptions = require "mulligan.exceptions"

local permissions = {}

local function refuse(req, entry, message, code)
  -- Who has not logged in is told to, since that may be all that is missing.
  local asked = entry.auth and entry.auth ~= auth.none and #auth.authenticators(entry) > 0
  if asked and not req.user then
    exceptions.NotAuthenticated():raise()
  end
  exceptions.PermissionDenied(message, code):raise()
end

--- What has to be asked for a route before its handler.
-- @tparam table entry the route's options
-- @treturn ?function of the request, which raises where a permission refuses; nil if there is nothing to ask
function permissions.check_for(entry)
  local list = entry.permissions
  if type(list) == "function" then
    list = { list }
  end
  if not list or #list == 0 then
    return nil
  end
  for _, permission in ipairs(list) do
    if type(permission) ~= "function" then
      error(("permissions: a permission is a function, not a %s"):format(type(permission)), 0)
    end
  end
  return function(req)
    for _, permission in ipairs(list) do
      local allowed, message, code = permission(req)
      if not allowed then
        refuse(req, entry, message, code)
      end
    end
  end
end

return permissions
