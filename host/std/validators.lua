--- Validators that fields share: functions of a value and its serializer, for a field's `validators`.
local db = require "mulligan.db"

local validators = {}

-- Names go into the SQL as they are, so they must be plain; values are bound.
local function quoted(name)
  if type(name) ~= "string" or not name:find("^[%a_][%w_]*$") then
    error(("unique: %s is not a plain name of a table or column"):format(tostring(name)), 3)
  end
  return '"' .. name .. '"'
end

--- No row of the table may have the value already, but the one that is being changed: the serializer's `instance`,
-- known by its key.
--
--    email = fields.email { validators = { validators.unique { table = "user", column = "email" } } },
--
-- Two requests at once can both pass: the table needs its UNIQUE constraint all the same.
-- @tparam table options `table`, `column`, `exclude` (the key's column, `id` unless given), `message`, `code`
-- @treturn function
function validators.unique(options)
  local key = options.exclude or "id"
  local among_all = ("SELECT 1 FROM %s WHERE %s = ?"):format(quoted(options.table), quoted(options.column))
  local among_others = ("%s AND %s <> ?"):format(among_all, quoted(key))
  local message, code = options.message or "This field must be unique.", options.code or "unique"

  return function(value, serializer)
    local own = serializer.instance and serializer.instance[key]
    local row
    if own == nil then
      row = db.one(among_all, value)
    else
      row = db.one(among_others, value, own)
    end
    if row then
      return false, message, code
    end
    return true
  end
end

return validators
