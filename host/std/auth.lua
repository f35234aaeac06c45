--- Who is asking.
--
-- A route says by its option `auth` whether it wants to know:
--
--    route.get("/me/", show_me, { auth = auth.required })
--
-- `required` refuses who has no credentials; `optional` takes anyone, but still refuses bad credentials; `none`, which
-- is the default, does not look. The authenticators are those of the route's option `authenticators`, or else of the
-- setting of that name: a list of module names, or of tables. An authenticator has `authenticate(req)`, which returns
-- the user (and what came with it, for `req.auth`), or nil where there are no credentials of its kind, and raises
-- AuthenticationFailed for wrong ones; and, if its clients understand a challenge, `scheme`, the text of
-- `WWW-Authenticate`.
local exceptions = require "mulligan.exceptions"
local settings = require "mulligan.settings"

local auth = {
  required = "required",
  optional = "optional",
  none = "none",
}

local MODES <const> = { required = true, optional = true, none = true }

local function resolve(one)
  local authenticator = type(one) == "string" and require(one) or one
  if type(authenticator) ~= "table" or type(authenticator.authenticate) ~= "function" then
    error(("authenticators: %s has no function authenticate(req)"):format(tostring(one)), 0)
  end
  return authenticator
end

-- Resolved once for each entry: modules are looked up when routes load, not in a request.
local resolved = setmetatable({}, { __mode = "k" })

--- The authenticators of a route, in their order.
-- @tparam table entry the route's options
-- @treturn {table,...}
function auth.authenticators(entry)
  local list = resolved[entry]
  if not list then
    list = {}
    for index, one in ipairs(entry.authenticators or settings.authenticators or {}) do
      list[index] = resolve(one)
    end
    resolved[entry] = list
  end
  return list
end

--- What has to be done for a route before its handler.
-- @tparam table entry the route's options
-- @treturn ?function of the request, which sets `req.user` and `req.auth`, or raises; nil if there is nothing to do
function auth.check_for(entry)
  local mode = entry.auth or auth.none
  if not MODES[mode] then
    error(("auth is auth.required, auth.optional or auth.none, not %s"):format(tostring(mode)), 0)
  end
  if mode == auth.none then
    return nil
  end
  local authenticators = auth.authenticators(entry)
  if mode == auth.required and #authenticators == 0 then
    error("auth.required needs an authenticator: name one in the setting or the option 'authenticators'", 0)
  end
  return function(req)
    for _, authenticator in ipairs(authenticators) do
      local user, credentials = authenticator.authenticate(req)
      if user then
        req.user, req.auth = user, credentials
        return
      end
    end
    if mode == auth.required then
      exceptions.NotAuthenticated():raise()
    end
  end
end

--- Completes an exception that asks for credentials, wherever it was raised: the challenge of the route's first
-- authenticator, or, where that names no scheme, a 403, since a 401 must carry one. Any other value is left alone.
-- @param exc what was raised
-- @tparam ?table entry the route's options; nil without a route
function auth.challenge(exc, entry)
  if not (exceptions.is(exc, exceptions.NotAuthenticated) or exceptions.is(exc, exceptions.AuthenticationFailed)) then
    return
  end
  local first = auth.authenticators(entry or {})[1]
  if first and first.scheme then
    exc.auth_header = first.scheme
  else
    exc.status_code = 403
  end
end

return auth
