--- A field for true and false as this service takes them: a boolean, or one of the words true and false in any case.
--
-- The library's own boolean field also reads 1, "yes", "on" and more, as Django REST Framework does: too much for here.

local fields = require "mulligan.fields"

--- Makes the field.
-- @tparam ?table options those of `fields.boolean`
-- @treturn table
return function(options)
  local field <const> = fields.boolean(options)
  local convert <const> = field.convert
  function field:convert(value, serializer)
    local word <const> = type(value) == "string" and value:lower()
    if type(value) == "boolean" or word == "true" or word == "false" then
      return convert(self, value, serializer)
    end
    return self:fail("invalid")
  end
  return field
end
