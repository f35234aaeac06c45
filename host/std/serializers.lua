--- Serializers: what a client may send, declared, checked, and turned into clean values.
--
--    local Seminar = serializers.define {
--      name     = fields.text { max = 100 },
--      capacity = fields.integer { min = 1 },
--      online   = fields.boolean { default = true },
--
--      validate_name = function(self, name)
--        if name == "test" then
--          return nil, "Choose a better name."
--        end
--        return name
--      end,
--
--      validate = function(self, data)
--        return data
--      end,
--    }
--
--    local seminar = Seminar { data = req.data, partial = true, instance = row }
--    seminar:is_valid { raise = true }
--    save(seminar.validated_data)
--
-- All fields are looked at first, in the order in which they were made (`validate_<field>` after its field); then, only
-- if they are fine, the functions of the list `validators` and `validate`. A hook returns the value to keep, or
-- refuses by `nil, message, code`, the message being a text or whatever ValidationError takes. What a hook raises is
-- not caught. A null that was sent is `json.null` in `validated_data`; what was not sent and has no default is
-- absent.
local coerce = require "mulligan.coerce"
local exceptions = require "mulligan.exceptions"
local field = require "mulligan.field"
local json = require "mulligan.json"
local settings = require "mulligan.settings"

local serializers = {}

--- A serializer at work on one request's data.
-- @field errors after is_valid(): what is wrong, as texts in the language in use; an empty table if nothing is
-- @field detail the same as ErrorDetails, with codes; nil if nothing is wrong
-- @field validated_data after is_valid(): the clean values by name; nil if anything is wrong
-- @field initial_data what the client sent
-- @field context whatever the handler gave
-- @field instance the row that is to be changed, or nil
-- @field partial may everything be left out?
local Serializer = {}
Serializer.__index = Serializer

local function at_large(detail)
  return { [settings.non_field_errors_key] = json.array { detail } }
end

-- What a validator of the whole said, in the shape of a body: texts under non_field_errors, a table as it is.
local function as_object_errors(detail)
  if json.is_array(detail) then
    return { [settings.non_field_errors_key] = detail }
  end
  local result = {}
  for name, value in pairs(detail) do
    -- A lone message becomes a list of one, as everywhere.
    result[name] = exceptions.ValidationError(value).detail
  end
  return result
end

-- Calls a hook; its value, or nil and details.
local function call_hook(name, hook, serializer, value)
  local result, message, code = hook(serializer, value)
  if result == nil and message == nil then
    error(("%s returned nothing: it returns the value to keep, or nil and a message"):format(name), 0)
  end
  if result == nil then
    return nil, exceptions.ValidationError(message, code).detail
  end
  return result
end

-- What was sent for a field; nil if nothing was. An input of a form that was left empty counts as null or as not sent.
local function read(one, data)
  local value = data[one.name]
  if value ~= "" or one.allow_blank or not coerce.is_form(data) then
    return value
  end
  if one.allow_null then
    return json.null
  end
  return one.required and value or nil
end

local function run_field(serializer, one, data)
  local value = read(one, data)
  local detail
  if value == nil then
    value, detail = one:absent(serializer)
  else
    value, detail = one:run(value, serializer)
  end
  local hook = value ~= nil and serializer.hooks[one.hook]
  if hook then
    return call_hook(one.hook, hook, serializer, value)
  end
  return value, detail
end

local function run_fields(serializer, data)
  local validated, errors = {}, {}
  for _, one in ipairs(serializer.fields) do
    local value, detail = run_field(serializer, one, data)
    if detail then
      errors[one.name] = detail
    elseif value ~= nil then
      validated[one.source or one.name] = value
    end
  end
  if next(errors) then
    return nil, errors
  end
  return validated
end

-- The clean values of an object, or nil and details.
local function run(serializer, data)
  if type(data) ~= "table" or json.is_array(data) then
    return nil, at_large(exceptions.ErrorDetail("Invalid data. Expected a dictionary, but got {datatype}.", "invalid",
      { datatype = coerce.type_name(data) }))
  end
  local validated, errors = run_fields(serializer, data)
  if errors then
    return nil, errors
  end
  errors = field.validate(serializer.validators, validated, serializer)
  if next(errors) then
    return nil, as_object_errors(errors)
  end
  local hook = serializer.hooks.validate
  if not hook then
    return validated
  end
  validated, errors = call_hook("validate", hook, serializer, validated)
  if errors then
    return nil, as_object_errors(errors)
  end
  return validated
end

--- Checks the data.
-- @tparam ?{raise=boolean} options `raise`: raise a ValidationError instead of returning false
-- @treturn boolean
function Serializer:is_valid(options)
  local validated, detail
  if self.initial_data == json.null then
    detail = at_large(exceptions.ErrorDetail("No data provided", "null"))
  else
    validated, detail = run(self, self.initial_data)
  end
  self.validated_data, self.detail = validated, detail
  self.errors = detail and exceptions.plain(detail) or {}
  if detail and options and options.raise then
    exceptions.ValidationError(detail):raise()
  end
  return detail == nil
end

-- Definitions --------------------------------------------------------------------------------------------------------

local function start(class, options)
  if type(options) ~= "table" or options.data == nil then
    error("a serializer takes a table with data, as in Seminar { data = req.data }", 2)
  end
  return setmetatable({
    initial_data = options.data,
    partial = options.partial or false,
    context = options.context or {},
    instance = options.instance,
  }, class)
end

-- For fields.nested and fields.many.
local function validate_nested(class, data, parent)
  local serializer = setmetatable({
    initial_data = data,
    partial = parent.partial,
    context = parent.context,
    parent = parent,
  }, class)
  return run(serializer, data)
end

local function copy_members(members)
  local copy = {}
  for name, member in pairs(members) do
    copy[name] = member
  end
  return copy
end

-- One field object may serve in several serializers, under several names.
local function named(one, name)
  return setmetatable({ name = name, hook = "validate_" .. name }, { __index = one })
end

local function ordered_fields(members)
  local list, present = {}, {}
  for name, member in pairs(members) do
    if field.is(member) then
      list[#list + 1] = named(member, name)
      present[name] = true
    end
  end
  table.sort(list, function(a, b)
    return a.order < b.order or (a.order == b.order and a.name < b.name)
  end)
  return list, present
end

local function collect_hooks(members, present)
  local hooks = {}
  for name, member in pairs(members) do
    if type(member) == "function" then
      local target = name:match("^validate_(.+)$")
      if name ~= "validate" and not present[target or ""] then
        error(("'%s' is no hook: there are validate and validate_<field>"):format(name), 0)
      end
      hooks[name] = member
    elseif name ~= "validators" and not field.is(member) then
      error(("'%s' is neither a field nor a hook, but a %s"):format(tostring(name), type(member)), 0)
    end
  end
  return hooks
end

--- Makes a serializer out of fields, hooks (`validate`, `validate_<field>`) and `validators`, a list of functions of
-- the validated data and the serializer. Call the result with `data`, and optionally `partial`, `instance` and
-- `context`.
-- @tparam table members
-- @treturn table
function serializers.define(members)
  local class = setmetatable({ validate_nested = validate_nested }, { __index = Serializer, __call = start })
  class.__index = class
  local present
  class.fields, present = ordered_fields(members)
  class.hooks = collect_hooks(members, present)
  local validators = members.validators
  class.validators = type(validators) == "table" and not field.is(validators) and validators or {}

  --- A serializer with this one's members and more; a member of the same name takes the place of the old one.
  function class.extend(_, more)
    local all = copy_members(members)
    for name, member in pairs(more) do
      all[name] = member
    end
    return serializers.define(all)
  end

  return class
end

return serializers
