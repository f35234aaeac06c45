--- The fields of a serializer.
--
--    amount = fields.integer { min = 1, max = 1000 },
--    note   = fields.text { allow_blank = true, allow_null = true, default = json.null },
--    tags   = fields.list { of = fields.text { max = 5 }, max = 3 },
--    lines  = fields.many { of = Line },
--
-- Every field takes: `required` (true unless there is a default), `default` (a value, or a function of the serializer
-- that makes one; it is not checked further), `allow_null`, `source` (the name in `validated_data`), `messages`
-- (texts of its own, by code) and `validators`, a list of functions of the value and the serializer. A validator
-- passes by returning true or nothing, and refuses by returning `false, message, code`; the message is a text or
-- whatever ValidationError takes. Fields keep the order in which they were made, which is the order of hooks and
-- checks.
local coerce = require "mulligan.coerce"
local email_address = require "mulligan.email_address"
local field = require "mulligan.field"
local json = require "mulligan.json"
local settings = require "mulligan.settings"
local time = require "mulligan.time"

local fields = {}

-- Numbers ------------------------------------------------------------------------------------------------------------

local function number_kind(name, read, invalid)
  return field.kind(name, {
    options = { "min", "max" },
    messages = {
      invalid = invalid,
      max_string_length = "String value too large.",
      max_value = "Ensure this value is less than or equal to {max_value}.",
      min_value = "Ensure this value is greater than or equal to {min_value}.",
    },
    prepare = field.limit_value,
    convert = function(self, value)
      if type(value) == "string" and #value > coerce.LONGEST_NUMBER then
        return self:fail("max_string_length")
      end
      local number = read(value)
      if number == nil then
        return self:fail("invalid")
      end
      return number
    end,
  })
end

--- A whole number of 64 bits; text is read too. Options: `min`, `max`.
-- @function fields.integer
fields.integer = number_kind("integer", coerce.integer, "A valid integer is required.")

--- A finite number; text is read too. Options: `min`, `max`.
-- @function fields.float
fields.float = number_kind("float", coerce.float, "A valid number is required.")

-- Text ---------------------------------------------------------------------------------------------------------------

local function null_character(self, value)
  if value:find("\0", 1, true) then
    return self:detail("null_characters_not_allowed")
  end
  return nil
end

local function prepare_text(self)
  if self.trim == nil then
    self.trim = true
  end
  field.limit_length(self)
  self.checks[#self.checks + 1] = null_character
end

--- Text. Options: `min`, `max` (characters), `allow_blank`, `trim` (true unless it says false).
-- @function fields.text
fields.text = field.kind("text", {
  options = { "min", "max", "allow_blank", "trim" },
  messages = {
    invalid = "Not a valid string.",
    blank = "This field may not be blank.",
    max_length = "Ensure this field has no more than {max_length} characters.",
    min_length = "Ensure this field has at least {min_length} characters.",
    null_characters_not_allowed = "Null characters are not allowed.",
  },
  prepare = prepare_text,
  convert = function(self, value)
    local text = (type(value) == "string" or type(value) == "number") and coerce.text(value)
    if not text or not utf8.len(text) then
      return self:fail("invalid")
    end
    return self.trim and coerce.trim(text) or text
  end,
})

local run = fields.text.run

-- A blank is settled before anything else: no check and no validator sees it.
function fields.text:run(value, serializer)
  if value == "" or (self.trim and type(value) == "string" and coerce.trim(value) == "") then
    if self.allow_blank then
      return ""
    end
    return self:fail("blank")
  end
  return run(self, value, serializer)
end

--- An e-mail address. Options: those of text.
-- @function fields.email
fields.email = field.kind("email", {
  parent = fields.text,
  messages = { invalid = "Enter a valid email address." },
  prepare = function(self)
    prepare_text(self)
    self.checks[#self.checks + 1] = function(_, value)
      if email_address.is_valid(value) then
        return nil
      end
      return self:detail("invalid")
    end
  end,
})

-- Words --------------------------------------------------------------------------------------------------------------

local NULL_WORDS <const> = { [""] = true, null = true, Null = true, NULL = true }

--- True or false, also as 1 and 0 and in words.
-- @function fields.boolean
fields.boolean = field.kind("boolean", {
  messages = { invalid = "Must be a valid boolean." },
  convert = function(self, value)
    local truth = coerce.boolean(value)
    if truth ~= nil then
      return truth
    end
    if self.allow_null and NULL_WORDS[value] then
      return json.null
    end
    return self:fail("invalid")
  end,
})

--- One of a list. Options: `choices` (a list of texts or numbers), `allow_blank`.
-- @function fields.choice
fields.choice = field.kind("choice", {
  options = { "choices", "allow_blank" },
  messages = { invalid_choice = '"{input}" is not a valid choice.' },
  prepare = function(self)
    if type(self.choices) ~= "table" or #self.choices == 0 then
      return "needs choices, a list of texts or numbers"
    end
    self.by_text = {}
    for _, choice in ipairs(self.choices) do
      self.by_text[coerce.text(choice)] = choice
    end
    return nil
  end,
  convert = function(self, value)
    if value == "" and self.allow_blank then
      return value
    end
    local text = coerce.text(value)
    local choice = self.by_text[text]
    if choice == nil then
      return self:fail("invalid_choice", { input = text })
    end
    return choice
  end,
})

-- Times --------------------------------------------------------------------------------------------------------------

--- A time of day, `HH:MM`, 24 hours; kept as that text.
-- @function fields.time
fields.time = field.kind("time", {
  messages = { invalid = "Time has wrong format. Use one of these formats instead: {format}." },
  convert = function(self, value)
    local hour = type(value) == "string" and value:match("^(%d%d):[0-5]%d$")
    if not hour or tonumber(hour) > 23 then
      return self:fail("invalid", { format = "hh:mm" })
    end
    return value
  end,
})

-- The zone of a date and time as RFC 3339 writes it; nil if it is none.
local function complete_zone(text)
  if text == "" or text == "Z" then
    return "Z"
  end
  local sign, hours, minutes = text:match("^([+-])(%d%d):?(%d%d)$")
  if not sign then
    sign, hours = text:match("^([+-])(%d%d)$")
  end
  return sign and ("%s%s:%s"):format(sign, hours, minutes or "00")
end

-- A date and time as RFC 3339 writes it; nil if the text has not the form of one.
local function complete_datetime(text)
  local year, month, day, hour, minute, rest = text:match("^(%d%d%d%d)%-(%d%d?)%-(%d%d?)[T ](%d%d?):(%d%d?)(.*)$")
  if not year then
    return nil
  end
  local second, after_second = rest:match("^:(%d%d?)(.*)$")
  local fraction, after_fraction = (after_second or ""):match("^[.,](%d+)(.*)$")
  -- A leap second has no place in the time that is kept.
  if (second and tonumber(second) > 59) or (fraction and #fraction > 12) then
    return nil
  end
  local zone = complete_zone(after_fraction or after_second or rest)
  return zone and ("%s-%02d-%02dT%02d:%02d:%02d.%s%s"):format(year, month, day, hour, minute, second or 0,
    (fraction or "0"):sub(1, 6), zone)
end

--- A date and time, ISO 8601, UTC where it names no zone; kept as RFC 3339 in UTC with microseconds.
-- @function fields.datetime
fields.datetime = field.kind("datetime", {
  messages = { invalid = "Datetime has wrong format. Use one of these formats instead: {format}." },
  convert = function(self, value)
    local complete = type(value) == "string" and complete_datetime(value)
    local microseconds = complete and time.parse(complete)
    if not microseconds then
      return self:fail("invalid", { format = "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]" })
    end
    return time.format(microseconds)
  end,
})

-- Containers ---------------------------------------------------------------------------------------------------------

local LIST_MESSAGES <const> = {
  not_a_list = 'Expected a list of items but got type "{input_type}".',
  empty = "This list may not be empty.",
  max_length = "Ensure this field has no more than {max_length} elements.",
  min_length = "Ensure this field has at least {min_length} elements.",
}

-- The code and values of what is wrong with the list as such; nil if nothing is.
local function list_problem(self, value)
  if type(value) ~= "table" or not json.is_array(value) then
    return "not_a_list", { input_type = coerce.type_name(value) }
  end
  if self.allow_empty == false and #value == 0 then
    return "empty"
  end
  return nil
end

--- A list whose items are all like the field `of`. Options: `of`, `min`, `max` (items), `allow_empty`.
-- Errors come keyed by the item's position, from 0.
-- @function fields.list
fields.list = field.kind("list", {
  options = { "of", "min", "max", "allow_empty" },
  messages = LIST_MESSAGES,
  prepare = function(self)
    if not field.is(self.of) then
      return "needs of, the field that its items are like"
    end
    return field.limit_length(self)
  end,
  convert = function(self, value, serializer)
    local problem, values = list_problem(self, value)
    if problem then
      return self:fail(problem, values)
    end
    local result, errors = json.array {}, {}
    for index, item in ipairs(value) do
      local converted, detail = self.of:run(item, serializer)
      -- Text keys: a table of integers from 1 would go out as a list.
      result[index], errors[tostring(index - 1)] = converted, detail
    end
    if next(errors) then
      return nil, errors
    end
    return result
  end,
})

local function needs_serializer(self)
  if type(self.of) ~= "table" or type(self.of.validate_nested) ~= "function" then
    return "needs of, a serializer"
  end
  return nil
end

--- An object with a serializer of its own. Options: `of`.
-- @function fields.nested
fields.nested = field.kind("nested", {
  options = { "of" },
  prepare = needs_serializer,
  convert = function(self, value, serializer)
    return self.of:validate_nested(value, serializer)
  end,
})

local function length_problem(self, value)
  if self.max and #value > self.max then
    return "max_length", { max_length = self.max }
  end
  if self.min and #value < self.min then
    return "min_length", { min_length = self.min }
  end
  return nil
end

local function run_item(self, item, serializer)
  if item == json.null then
    return self:fail("null")
  end
  return self.of:validate_nested(item, serializer)
end

--- A list of objects with a serializer of their own. Options: `of`, `min`, `max` (items), `allow_empty`.
-- Errors come as a list, `{}` for an item that is right; what is wrong with the list as a whole comes under
-- `non_field_errors`.
-- @function fields.many
fields.many = field.kind("many", {
  options = { "of", "min", "max", "allow_empty" },
  messages = LIST_MESSAGES,
  prepare = needs_serializer,
  convert = function(self, value, serializer)
    local problem, values = list_problem(self, value)
    if not problem then
      problem, values = length_problem(self, value)
    end
    if problem then
      return nil, { [settings.non_field_errors_key] = json.array { self:detail(problem, values) } }
    end
    local result, errors, failed = json.array {}, json.array {}, false
    for index, item in ipairs(value) do
      local converted, detail = run_item(self, item, serializer)
      result[index], errors[index] = converted, detail or {}
      failed = failed or detail ~= nil
    end
    if failed then
      return nil, errors
    end
    return result
  end,
})

return fields
