--- Registers routes: which function answers which method on which path.
--
--    local route = require "mulligan.route"
--    route.get("/api/v1/seminar/{id:int}/", function(req)
--      return 200, { id = req.params.id }
--    end, { auth = auth.required })
--
-- A pattern's segment is fixed text, `{name}` for any text, or `{name:int}` for digits that fit 64 bits; they are tried
-- in the order fixed, int, text. A handler returns `status, body, headers`: a table is sent as JSON, a string as it is,
-- nil is no body.
local auth = require "mulligan.auth"
local core = require "mulligan.core"
local permissions = require "mulligan.permissions"
local throttling = require "mulligan.throttling"

local route = {}

local OPTIONS <const> = {
  auth = true,
  authenticators = true,
  deadline = true,
  log_bodies = true,
  parsers = true,
  permissions = true,
  renderers = true,
  throttle = true,
}

local function check_options(pattern, options)
  for name in pairs(options) do
    if not OPTIONS[name] then
      local names = {}
      for known in pairs(OPTIONS) do
        names[#names + 1] = known
      end
      table.sort(names)
      error(('route "%s": there is no option "%s"; there are %s'):format(pattern, tostring(name),
        table.concat(names, ", ")), 4)
    end
  end
end

-- What has to be asked before the handler runs, in this order; most routes have nothing to ask.
local function collect_checks(entry)
  local checks = {}
  for _, stage in ipairs { auth, permissions, throttling } do
    checks[#checks + 1] = stage.check_for(entry)
  end
  return checks[1] and checks or nil
end

local function register(method, pattern, handler, options)
  if type(pattern) ~= "string" then
    error(("a route's pattern is a text, not a %s"):format(type(pattern)), 3)
  end
  if type(handler) ~= "function" then
    error(('route "%s": the handler is a function, not a %s'):format(pattern, type(handler)), 3)
  end
  if options ~= nil and type(options) ~= "table" then
    error(('route "%s": the options are a table, not a %s'):format(pattern, type(options)), 3)
  end
  local entry = { method = method, pattern = pattern, handler = handler }
  if options then
    check_options(pattern, options)
    for name, value in pairs(options) do
      entry[name] = value
    end
  end
  entry.checks = collect_checks(entry)
  core.register(entry)
end

--- Registers a handler for GET (and so for HEAD).
-- @tparam string pattern the path, from the slash on
-- @tparam function handler `(req)` → status, body, headers
-- @tparam ?table options auth, authenticators, permissions, throttle, parsers, renderers, deadline (seconds),
-- log_bodies (true: the request log keeps the beginnings of what is sent and answered, without secrets)
function route.get(pattern, handler, options)
  register("GET", pattern, handler, options)
end

--- Registers a handler for POST; as `route.get`.
function route.post(pattern, handler, options)
  register("POST", pattern, handler, options)
end

--- Registers a handler for PUT; as `route.get`.
function route.put(pattern, handler, options)
  register("PUT", pattern, handler, options)
end

--- Registers a handler for PATCH; as `route.get`.
function route.patch(pattern, handler, options)
  register("PATCH", pattern, handler, options)
end

--- Registers a handler for DELETE; as `route.get`.
function route.delete(pattern, handler, options)
  register("DELETE", pattern, handler, options)
end

return route
