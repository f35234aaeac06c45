--- Bodies, by their media type: JSON, URL-encoded forms and multipart forms.
local coerce = require "mulligan.coerce"
local exceptions = require "mulligan.exceptions"
local form = require "mulligan.form"
local json = require "mulligan.json"
local settings = require "mulligan.settings"

local parsers = {}

local function parse_json(_, body)
  local value, message = json.decode(body)
  if message then
    exceptions.ParseError(exceptions.ErrorDetail("JSON parse error - {reason}", nil, { reason = message })):raise()
  end
  return value
end

-- A form's files stand among its fields, as in Django REST Framework; each is a table of filename, content_type and
-- content.
local function parse_form(content_type, body)
  local fields, files = form.parse(content_type, body)
  if not fields then
    exceptions.ParseError(exceptions.ErrorDetail("Form parse error - {reason}", nil, { reason = files })):raise()
  end
  for name, file in pairs(files) do
    fields[name] = file
  end
  return coerce.mark_form(fields)
end

local by_name = {
  json = { media_type = "application/json", parse = parse_json },
  form = { media_type = "application/x-www-form-urlencoded", parse = parse_form },
  multipart = { media_type = "multipart/form-data", parse = parse_form },
}

--- Parses a body.
-- @tparam string content_type the header; "" if there is none
-- @tparam string body an empty one is an empty table, whatever its type
-- @tparam ?{string,...} names of the parsers that the route takes; by default the setting `parsers`
-- @return the value; a form is a table of texts and files
-- @raise UnsupportedMediaType, ParseError
function parsers.parse(content_type, body, names)
  if body == "" then
    return {}
  end
  local media_type = content_type:match("^%s*([^;%s]*)"):lower()
  for _, name in ipairs(names or settings.parsers) do
    local parser = by_name[name]
    if parser and parser.media_type == media_type then
      return parser.parse(content_type, body)
    end
  end
  return exceptions.UnsupportedMediaType(content_type):raise()
end

return parsers
