--- What all fields of a serializer share: their options, how they are run, and how they refuse.
--
-- For the host's own use; scripts make fields with `mulligan.fields`. A field has `field:run(value, serializer)`: the
-- value to keep, or nil and the details of what is wrong, as a list or table of ErrorDetails. A null is `json.null` on
-- both sides.
local exceptions = require "mulligan.exceptions"
local json = require "mulligan.json"

local field = {}

local Field = {
  messages = {
    required = "This field is required.",
    null = "This field may not be null.",
  },
}
Field.__index = Field

local COMMON <const> = {
  required = true, default = true, allow_null = true, source = true, messages = true, validators = true,
}

-- Kinds and fields ---------------------------------------------------------------------------------------------------

local function merged(base, own)
  local result = {}
  for name, value in pairs(base) do
    result[name] = value
  end
  for name, value in pairs(own or {}) do
    result[name] = value
  end
  return result
end

local created = 0

-- Errors at level 3 name the line of the script that makes the field.
local function check_options(kind, options, known)
  if type(options) ~= "table" then
    error(("fields.%s takes a table of options, not a %s"):format(kind, type(options)), 3)
  end
  for name in pairs(options) do
    if not COMMON[name] and not known[name] then
      error(("fields.%s has no option '%s'"):format(kind, tostring(name)), 3)
    end
  end
  if options.required and options.default ~= nil then
    error(("fields.%s: a required field needs no default"):format(kind), 3)
  end
  if type(options.default) == "table" then
    error(("fields.%s: give a function that makes the default, or all requests share one table"):format(kind), 3)
  end
end

--- Makes a kind of field.
-- @tparam string name as in `fields.<name>`
-- @tparam table definition `options`, a list of names beside the common ones; `messages`, by code;
--   `convert(field, value, serializer)`, the value or nil and details; `prepare(field)`, which completes a new one or
--   returns what is wrong with its options; `parent`, a kind to have all this from
-- @treturn table the kind; call it with the options to make a field
function field.kind(name, definition)
  local parent = definition.parent or Field
  local class = { kind = name }
  class.__index = class
  class.messages = merged(parent.messages, definition.messages)
  class.convert = definition.convert
  class.run = definition.run
  class.known = merged(parent.known or {}, nil)
  for _, option in ipairs(definition.options or {}) do
    class.known[option] = true
  end

  local function make(_, options)
    options = options or {}
    check_options(name, options, class.known)
    created = created + 1
    local made = setmetatable({ order = created, checks = {} }, class)
    for option, value in pairs(options) do
      made[option] = value
    end
    if options.required == nil then
      made.required = options.default == nil
    end
    made.messages = merged(class.messages, options.messages)
    local problem = definition.prepare and definition.prepare(made)
    if problem then
      error(("fields.%s %s"):format(name, problem), 2)
    end
    return made
  end

  return setmetatable(class, { __index = parent, __call = make })
end

--- Is the value a field?
-- @param value anything
-- @treturn boolean
function field.is(value)
  return type(value) == "table" and value.order ~= nil and value.run ~= nil and value.checks ~= nil
end

-- Running ------------------------------------------------------------------------------------------------------------

--- One of the field's messages.
-- @tparam string code
-- @tparam ?table values for its placeholders
-- @treturn ErrorDetail
function Field:detail(code, values)
  return exceptions.ErrorDetail(self.messages[code], code, values)
end

--- What a refusing `run` or `convert` returns.
-- @tparam string code
-- @tparam ?table values for the message's placeholders
-- @return nil and a list of one ErrorDetail
function Field:fail(code, values)
  return nil, json.array { self:detail(code, values) }
end

--- Calls the validators of a script, all of them, so that one answer names everything that is wrong.
-- @tparam {function,...} validators of the value and the serializer; they pass by true or nothing, and refuse by
--   `false, message, code`
-- @param value
-- @param serializer
-- @treturn table a list of ErrorDetails, empty if all passed; or, when a message was a table keyed by name, that table
function field.validate(validators, value, serializer)
  local errors = json.array {}
  for _, validator in ipairs(validators) do
    local passed, message, code = validator(value, serializer)
    if passed == false or (passed == nil and message ~= nil) then
      local detail = exceptions.ValidationError(message, code).detail
      if not json.is_array(detail) then
        return detail
      end
      table.move(detail, 1, #detail, #errors + 1, errors)
    end
  end
  return errors
end

local function check(self, value, serializer)
  local errors = field.validate(self.validators or {}, value, serializer)
  if next(errors) and not json.is_array(errors) then
    return errors
  end
  for _, built_in in ipairs(self.checks) do
    errors[#errors + 1] = built_in(self, value)
  end
  return errors[1] and errors or nil
end

--- Runs the field on what the client sent.
-- @param value what JSON or a form can hold
-- @param serializer the one that it is for
-- @return the value to keep, or nil and details
function Field:run(value, serializer)
  if value == json.null then
    if self.allow_null then
      return value
    end
    return self:fail("null")
  end
  local converted, detail = self:convert(value, serializer)
  if converted == nil or converted == json.null then
    return converted, detail
  end
  local errors = check(self, converted, serializer)
  if errors then
    return nil, errors
  end
  return converted
end

--- Settles a field that the client did not send.
-- @param serializer the one that it is for
-- @return the default; nil if it is to be left out; nil and details if it had to be there
function Field:absent(serializer)
  if serializer.partial then
    return nil
  end
  if self.required then
    return self:fail("required")
  end
  if type(self.default) == "function" then
    return self.default(serializer)
  end
  return self.default
end

-- Limits -------------------------------------------------------------------------------------------------------------

-- A check of the option `limit`: refuses with the message `code` where `exceeds(value, limit)`.
local function add_limit(self, limit, code, exceeds)
  if self[limit] == nil then
    return
  end
  self.checks[#self.checks + 1] = function(_, value)
    if exceeds(value, self[limit]) then
      return self:detail(code, { [code] = self[limit] })
    end
    return nil
  end
end

local function length(value)
  return type(value) == "string" and utf8.len(value) or #value
end

--- Has a new field check its options `min` and `max` against the value.
-- @param self the field
function field.limit_value(self)
  add_limit(self, "max", "max_value", function(value, most)
    return value > most
  end)
  add_limit(self, "min", "min_value", function(value, least)
    return value < least
  end)
end

--- Has a new field check its options `min` and `max` against the number of characters or items.
-- @param self the field
function field.limit_length(self)
  add_limit(self, "max", "max_length", function(value, most)
    return length(value) > most
  end)
  add_limit(self, "min", "min_length", function(value, least)
    return length(value) < least
  end)
end

return field
