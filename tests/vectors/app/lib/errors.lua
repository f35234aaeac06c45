--- The exceptions that a request can ask for by name, and the exception handlers of `/handled/…/`.
local exceptions = require "mulligan.exceptions"
local json = require "mulligan.json"

local errors = {}

local ServiceUnavailable = exceptions.APIException:extend("ServiceUnavailable", {
  status_code = 503,
  default_detail = "Service temporarily unavailable, try again later.",
  default_code = "service_unavailable",
})

local CLASSES <const> = {
  api_exception = exceptions.APIException,
  validation_error = exceptions.ValidationError,
  parse_error = exceptions.ParseError,
  authentication_failed = exceptions.AuthenticationFailed,
  not_authenticated = exceptions.NotAuthenticated,
  permission_denied = exceptions.PermissionDenied,
  not_found = exceptions.NotFound,
  not_acceptable = exceptions.NotAcceptable,
  service_unavailable = ServiceUnavailable,
}

--- Makes the exception that a body describes.
-- @tparam table body `name`, and optionally `detail`, `code` and `wait`
-- @return an exception
function errors.describe(body)
  local name, detail, code = body.name, body.detail, body.code
  if name == "method_not_allowed" then
    return exceptions.MethodNotAllowed("BREW", detail, code)
  elseif name == "unsupported_media_type" then
    return exceptions.UnsupportedMediaType("text/tea", detail, code)
  elseif name == "throttled" then
    return exceptions.Throttled(body.wait, detail, code)
  end
  return CLASSES[name](detail, code)
end

-- A body that is a text would be sent as it is, so it is written as JSON here.
local function as_json(status, body)
  return status, json.encode(body), { ["Content-Type"] = "application/json" }
end

local handlers = {}

handlers["/handled/codes/"] = function(exc)
  return as_json(exc.status_code, exc:get_codes())
end

handlers["/handled/full/"] = function(exc)
  return as_json(exc.status_code, exc:get_full_details())
end

handlers["/handled/status-code/"] = function(exc, context)
  local status, body, headers = exceptions.handler(exc, context)
  if not json.is_array(body) then
    body.status_code = status
  end
  return status, body, headers
end

--- The application's exception handler: a route may have one of its own.
-- @param exc what was raised
-- @tparam table context `request`, `route`, `user`
-- @return status, body, headers
function errors.handler(exc, context)
  local own = exceptions.is(exc) and handlers[context.route]
  return (own or exceptions.handler)(exc, context)
end

return errors
