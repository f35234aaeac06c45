--- What a client sent, read as the type that a field wants.
--
-- JSON clients send numbers and booleans, forms send text for everything, and both are read alike, by the rules that
-- Python's `int()`, `float()` and `str()` follow, since those are what clients of Django REST Framework rely on.
-- Nothing here raises: what cannot be read is nil.
local json = require "mulligan.json"

local coerce = {}

--- Longer texts are not read as numbers: nobody means them, and reading them takes time.
coerce.LONGEST_NUMBER = 1000

-- White space as Python's `str.strip()` knows it, beyond ASCII.
local WIDE_SPACE <const> = {
  ["\u{85}"] = true, ["\u{A0}"] = true, ["\u{1680}"] = true, ["\u{2000}"] = true, ["\u{2001}"] = true,
  ["\u{2002}"] = true, ["\u{2003}"] = true, ["\u{2004}"] = true, ["\u{2005}"] = true, ["\u{2006}"] = true,
  ["\u{2007}"] = true, ["\u{2008}"] = true, ["\u{2009}"] = true, ["\u{200A}"] = true, ["\u{2028}"] = true,
  ["\u{2029}"] = true, ["\u{202F}"] = true, ["\u{205F}"] = true, ["\u{3000}"] = true,
}

local function is_ascii_space(byte)
  return byte == 32 or (byte >= 9 and byte <= 13) or (byte >= 28 and byte <= 31)
end

-- How many bytes of white space stand at `position`, looking ahead from there.
local function space_at(text, position)
  if is_ascii_space(text:byte(position)) then
    return 1
  end
  local two, three = text:sub(position, position + 1), text:sub(position, position + 2)
  return WIDE_SPACE[two] and 2 or WIDE_SPACE[three] and 3 or 0
end

-- How many bytes of white space end at `position`.
local function space_before(text, position)
  if is_ascii_space(text:byte(position)) then
    return 1
  end
  local two, three = text:sub(position - 1, position), text:sub(position - 2, position)
  return WIDE_SPACE[two] and 2 or WIDE_SPACE[three] and 3 or 0
end

--- The text without white space at its ends. Takes time in proportion to that white space, which a pattern would not.
-- @tparam string text
-- @treturn string
function coerce.trim(text)
  local first, last = 1, #text
  while first <= last do
    local width = space_at(text, first)
    if width == 0 then
      break
    end
    first = first + width
  end
  while last >= first do
    local width = space_before(text, last)
    if width == 0 then
      break
    end
    last = last - width
  end
  return text:sub(first, last)
end

--- The name that messages give to a value's type, which is Python's.
-- @param value anything that JSON can be
-- @treturn string
function coerce.type_name(value)
  if value == nil or value == json.null then
    return "NoneType"
  end
  local kind = type(value)
  if kind == "table" then
    return json.is_array(value) and "list" or "dict"
  end
  if kind == "number" then
    return math.type(value) == "integer" and "int" or "float"
  end
  return ({ string = "str", boolean = "bool" })[kind] or kind
end

-- The shortest digits that read back as the same number, with "e" from 1e16 on and below 1e-4.
local function float_text(number)
  if number ~= number then
    return "nan"
  end
  if number == math.huge or number == -math.huge then
    return number > 0 and "inf" or "-inf"
  end
  local scientific
  for precision = 14, 16 do
    scientific = ("%%.%de"):format(precision):format(number)
    if tonumber(scientific) == number then
      break
    end
  end
  local sign, first, rest, exponent = scientific:match("^(-?)(%d)%.(%d*)e([+-]%d+)$")
  local digits = first .. rest:gsub("0+$", "")
  exponent = tonumber(exponent)
  if exponent < -4 or exponent >= 16 then
    local fraction = #digits > 1 and "." .. digits:sub(2) or ""
    return ("%s%s%se%s%02d"):format(sign, first, fraction, exponent < 0 and "-" or "+", math.abs(exponent))
  end
  if exponent < 0 then
    return sign .. "0." .. ("0"):rep(-exponent - 1) .. digits
  end
  digits = digits .. ("0"):rep(exponent + 2 - #digits)
  return sign .. digits:sub(1, exponent + 1) .. "." .. digits:sub(exponent + 2)
end

-- A form cannot say null or nothing: it sends an empty text. Its table is marked, so that a serializer can tell.
local FORM <const> = { __name = "form" }

--- Marks a table as the fields of a form.
-- @tparam table data
-- @treturn table the same
function coerce.mark_form(data)
  return setmetatable(data, FORM)
end

--- Are these the fields of a form?
-- @tparam table data
-- @treturn boolean
function coerce.is_form(data)
  return getmetatable(data) == FORM
end

--- A value as text, for a message or a text field.
-- @param value anything that JSON can be; lists and tables come as JSON
-- @treturn string
function coerce.text(value)
  if type(value) == "string" then
    return value
  end
  if value == nil or value == json.null then
    return "None"
  end
  if type(value) == "boolean" then
    return value and "True" or "False"
  end
  if math.type(value) == "float" then
    return float_text(value)
  end
  if type(value) == "table" then
    -- json.encode raises on what is no JSON: the bytes of a form's file.
    local written, text = pcall(json.encode, value)
    return written and text or "…"
  end
  return tostring(value)
end

-- `1_000` is a number, `_1`, `1_` and `1__0` are not.
local function without_underscores(text)
  if text:find("^_") or text:find("_$") or text:find("%D_") or text:find("_%D") then
    return nil
  end
  return (text:gsub("_", ""))
end

--- A whole number: an integer, a whole float, or either as text.
-- @param value anything
-- @treturn ?integer nil for anything else, and for what 64 bits do not hold
function coerce.integer(value)
  if math.type(value) == "integer" then
    return value
  end
  if math.type(value) == "float" then
    value = float_text(value)
  end
  if type(value) ~= "string" or #value > coerce.LONGEST_NUMBER then
    return nil
  end
  local whole = coerce.trim(value):gsub("%.0*$", "")
  local digits = without_underscores(coerce.trim(whole))
  if not digits or not digits:find("^[+-]?%d+$") then
    return nil
  end
  return math.tointeger(tonumber(digits))
end

--- A number, or one as text; true is 1 and false is 0.
-- @param value anything
-- @treturn ?number a finite float; nil for anything else
function coerce.float(value)
  if type(value) == "boolean" then
    return value and 1.0 or 0.0
  end
  if type(value) == "string" then
    local text = #value <= coerce.LONGEST_NUMBER and without_underscores(coerce.trim(value))
    -- Lua's own reading knows hexadecimal as well.
    value = text and text:find("^[+-]?[%d.][%d.eE+-]*$") and tonumber(text)
  end
  if type(value) ~= "number" then
    return nil
  end
  local number = value * 1.0
  return number - number == 0 and number or nil
end

local WORDS <const> = {
  t = true, T = true, y = true, Y = true, yes = true, Yes = true, YES = true, on = true, On = true, ON = true,
  ["1"] = true, f = false, F = false, n = false, N = false, no = false, No = false, NO = false, off = false,
  Off = false, OFF = false, ["0"] = false,
}

--- A truth value: a boolean, 1 or 0, or one of the words for them; "true" and "false" may be in any case.
-- @param value anything
-- @treturn ?boolean nil for anything else
function coerce.boolean(value)
  if type(value) == "boolean" then
    return value
  end
  if value == 1 or value == 0 then
    return value == 1
  end
  if type(value) ~= "string" then
    return nil
  end
  local word = WORDS[value]
  if word == nil and #value <= #"false" then
    word = ({ ["true"] = true, ["false"] = false })[value:lower()]
  end
  return word
end

return coerce
