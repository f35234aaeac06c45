--- The host's `mulligan.json`, as far as the benchmark needs it, for a Lua that is not the host's: over dkjson.
-- @module bench.json
local dkjson = require "dkjson"

local json = { null = dkjson.null }

--- @return the value; nil and a message for what is no JSON
function json.decode(text)
  local value <const>, _, message = dkjson.decode(text, 1, dkjson.null)
  if value == nil then
    return nil, message or "nothing there"
  end
  return value
end

--- @return the text
function json.encode(value)
  return dkjson.encode(value)
end

--- Marks a list, so that an empty one is written as [].
function json.array(list)
  return setmetatable(list, { __jsontype = "array" })
end

return json
