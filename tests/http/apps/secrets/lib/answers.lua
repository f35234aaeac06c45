--- An exception handler that fails itself when it is told to, with what it was told in confidence.
local exceptions = require "mulligan.exceptions"

local answers = {}

function answers.answer(exc, context)
  local told <const> = context.request.headers["x-fail-with"]
  if told then
    local secret <const> = told
    error("the handler failed with " .. secret)
  end
  return exceptions.handler(exc, context)
end

return answers
