--- An exception handler that answers as the path asks it to, mostly badly.
local exceptions = require "mulligan.exceptions"

local handler = {}

local kinds = {}

function kinds.loop()
  while true do end
end

kinds["loop-pcall"] = function()
  while true do
    pcall(kinds.loop)
  end
end

function kinds.raise()
  error("the handler has its own trouble")
end

kinds["raise-table"] = function()
  error({ trouble = "of the handler" })
end

kinds["raise-nil"] = function()
  error(nil)
end

kinds["raise-exception"] = function()
  exceptions.NotFound("The handler looks for something."):raise()
end

function kinds.recurse()
  return kinds.recurse() + 1
end

function kinds.yield()
  coroutine.yield(500, {})
end

function kinds.memory()
  local list <const> = {}
  while true do
    list[#list + 1] = ("x"):rep(1024 * 1024) .. #list
  end
end

function kinds.number()
  return 42
end

kinds["not-a-status"] = function()
  return "five hundred", {}
end

function kinds.fraction()
  return 500.5, {}
end

kinds["status-0"] = function()
  return 0, {}
end

kinds["status-1000"] = function()
  return 1000, {}
end

kinds["body-function"] = function()
  return 500, { callback = print }
end

kinds["body-cyclic"] = function()
  local body <const> = {}
  body.body = body
  return 500, body
end

kinds["body-number"] = function()
  return 500, 42
end

kinds["body-utf8"] = function()
  return 500, { detail = "\xff\xfe" }
end

kinds["body-huge"] = function()
  return 500, ("x"):rep(100 * 1024 * 1024)
end

kinds["headers-number"] = function()
  return 500, {}, 42
end

kinds["headers-break"] = function()
  return 500, {}, { ["X-Split"] = "a\r\nX-Injected: b" }
end

--- Answers for `exc`.
function handler.handle(exc, context)
  local kind <const> = context.request.params and context.request.params.handler
  if not kind then
    return exceptions.handler(exc, context)
  end
  return kinds[kind](exc, context)
end

return handler
