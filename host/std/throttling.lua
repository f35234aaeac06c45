--- How often.
--
-- A route's option `throttle` is the name of a rate, a function, or a list of either. A rate is a line of the setting
-- `throttle_rates`, such as `login = "20/min"`; it counts by user, or by address for who has not logged in. To count by
-- something else:
--
--    local by_email = throttling.rate("login", function(req)
--      return req.remote_addr .. " " .. tostring(req.data.email)
--    end)
--
-- A function of one's own lets a request through by returning, and refuses it by raising
-- `exceptions.Throttled(seconds)`. All bundles of the process count together.
local exceptions = require "mulligan.exceptions"
local rate = require "mulligan.rate"
local settings = require "mulligan.settings"

local throttling = {}

local SECONDS <const> = {
  s = 1, sec = 1, second = 1, m = 60, min = 60, minute = 60, h = 3600, hour = 3600, d = 86400, day = 86400,
}

local function parse(name)
  local text = (settings.throttle_rates or {})[name]
  if text == nil then
    error(("throttle: the setting throttle_rates has no '%s'"):format(tostring(name)), 0)
  end
  local count, period = tostring(text):match("^(%d+)/(%a+)$")
  local seconds = SECONDS[period]
  count = math.tointeger(tonumber(count))
  if not seconds or not count or count == 0 then
    error(("throttle_rates: %s = '%s' is no rate such as 20/min (s, min, hour, day)"):format(name, tostring(text)), 0)
  end
  return count, seconds
end

local function by_caller(req)
  local user = req.user
  if user and user.id ~= nil then
    return "user " .. tostring(user.id)
  end
  return "address " .. req.remote_addr
end

--- A throttle that counts against a rate.
-- @tparam string name of the rate in the setting `throttle_rates`
-- @tparam ?function key of the request: the text to count by, or nil to let it through uncounted; by default the caller
-- @treturn function
function throttling.rate(name, key)
  local limit, window = parse(name)
  key = key or by_caller
  return function(req)
    local counted = key(req)
    if counted == nil then
      return
    end
    local allowed, wait = rate.hit(name .. "\0" .. counted, limit, window)
    if not allowed then
      exceptions.Throttled(wait):raise()
    end
  end
end

--- What has to be counted for a route before its handler.
-- @tparam table entry the route's options
-- @treturn ?function of the request, which raises Throttled; nil if nothing is counted
function throttling.check_for(entry)
  local option = entry.throttle
  if option == nil then
    return nil
  end
  local throttles = {}
  for index, one in ipairs(type(option) == "table" and option or { option }) do
    throttles[index] = type(one) == "function" and one or throttling.rate(one)
  end
  if #throttles <= 1 then
    return throttles[1]
  end
  return function(req)
    for _, throttle in ipairs(throttles) do
      throttle(req)
    end
  end
end

return throttling
