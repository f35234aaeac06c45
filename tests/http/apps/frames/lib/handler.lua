--- An exception handler that fails itself, where it is asked to.
local exceptions = require "mulligan.exceptions"

local handler = {}

--- Answers as the library does, but for one path.
-- @param exc what was raised
-- @param context of the request
-- @return status, body and headers
function handler.handle(exc, context)
  local path = context.request.path
  if path == "/handled-badly/" then
    error("the handler of " .. path .. " fails, too")
  end
  return exceptions.handler(exc, context)
end

return handler
