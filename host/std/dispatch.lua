--- What happens between the router, in C, and a route's handler. Called by the host only.
--
-- The order is Django REST Framework's: negotiation, authentication, permission, throttle, method, and the body when it
-- is first read.
local auth = require "mulligan.auth"
local exceptions = require "mulligan.exceptions"
local request = require "mulligan.request"
local settings = require "mulligan.settings"

local dispatch = { request_type = request.type }

--- Answers a request. A route that has no checks is not run through here: the host calls its handler at once.
-- @tparam table req the request
-- @tparam ?table entry the route's entry; for a method that the path has not, that of its first route; nil for no route
-- @tparam ?string refusal what the host found: "route" (there is none), "accept" (no format is acceptable) or "method"
-- @return status, body, headers
function dispatch.run(req, entry, refusal)
  if refusal == "route" then
    exceptions.NotFound():raise()
  elseif refusal == "accept" then
    exceptions.NotAcceptable():raise()
  end
  local checks = entry.checks
  if checks then
    for i = 1, #checks do
      checks[i](req, entry)
    end
  end
  if refusal then
    exceptions.MethodNotAllowed(req.method):raise()
  end
  return entry.handler(req)
end

local function find_handler(name)
  local module, field = name:match("^(.+)%.([^.]+)$")
  local handler = module and require(module)[field]
  if type(handler) ~= "function" then
    error(('the setting exception_handler names "%s", which is no function'):format(name), 0)
  end
  return handler
end

local handler

--- Finds the application's exception handler, once the routes are loaded: a setting that names none is to be known
-- before the first error is.
function dispatch.ready()
  handler = find_handler(settings.exception_handler)
end

--- Answers for what a route raised, through the application's exception handler.
-- @param exc what was raised
-- @tparam table req the request
-- @tparam ?table entry the route's entry
-- @return status (nil: not the handler's), body, headers, code, app_code
function dispatch.fail(exc, req, entry)
  auth.challenge(exc, entry)
  local user = rawget(req, "user")
  local status, body, headers = handler(exc, { request = req, route = entry and entry.pattern, user = user })
  if exceptions.is(exc) then
    return status, body, headers, exc:get_code(), exc.app_code
  end
  return status, body, headers
end

return dispatch
