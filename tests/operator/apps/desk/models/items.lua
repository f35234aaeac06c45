--- The things on the desk.
local db = require "mulligan.db"

local items = {}

--- The thing of this name, or nil.
-- @tparam string name
function items.find(name)
  return db.one("SELECT * FROM item WHERE name = ?", name)
end

--- Fails where no operator wrote a line.
function items.broken()
  local nothing <const> = items.find("")
  return nothing.name
end

return items
