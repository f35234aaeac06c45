--- The usual exception handler, but one that fails for whoever asks for it.
local exceptions = require "mulligan.exceptions"

local handler = {}

--- Answers for `exc`.
function handler.handle(exc, context)
  if context.request.headers["x-handler"] == "fail" then
    local trouble <const> = { with = "the handler" }
    error("the handler has its own trouble: " .. trouble.with .. trouble)
  end
  return exceptions.handler(exc, context)
end

return handler
