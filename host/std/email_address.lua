--- Is a text an e-mail address? The rules are those of Django's EmailValidator.
local email_address = {}

local LONGEST <const> = 320
local LONGEST_LABEL <const> = 63
local ATOM <const> = "[%w!#$%%&'*+/=?^_`{}|~-]"

-- Calls `check` on each part between dots; true if there is one and all of them pass.
local function each_part(text, check)
  for part in (text .. "."):gmatch("([^.]*)%.") do
    if not check(part) then
      return false
    end
  end
  return true
end

local function is_dotted_atoms(user)
  return each_part(user, function(part)
    return part:find("^" .. ATOM .. "+$") ~= nil
  end)
end

-- "quoted words"@example.org: control characters but NUL, tab, line feed and carriage return, and escapes.
local function is_quoted(user)
  local inside = user:match('^"(.*)"$')
  if not inside then
    return false
  end
  local rest = inside:gsub("\\[\1-\9\11\12\14-\127]", "")
  return not rest:find('[^\1-\8\11\12\14-\31!#-[%]^-\127]')
end

-- Letters beyond ASCII stand for the encoded form (xn--…) that such a name has in the DNS.
local function is_label(label)
  if #label > LONGEST_LABEL and not label:find("[\x80-\xff]") then
    return false
  end
  return label:find("^[%w\x80-\xff-]+$") ~= nil and not label:find("^-") and not label:find("-$")
end

local function is_domain(domain)
  local names, top = domain:match("^(.+)%.([^.]+)$")
  if not names then
    return false
  end
  local top_fits = #top >= 2 and #top <= LONGEST_LABEL and top:find("^[%w\x80-\xff-]+$") and not top:find("-$")
  return top_fits ~= nil and top_fits ~= false and each_part(names, is_label)
end

local function is_ipv4(text)
  local count = 0
  local numbers = each_part(text, function(part)
    count = count + 1
    return part:find("^%d%d?%d?$") ~= nil and not part:find("^0%d") and tonumber(part) <= 255
  end)
  return numbers and count == 4
end

-- The groups of one side of `::`, an IPv4 address at its end counting for two; nil if one is none.
local function count_groups(text, may_end_in_ipv4)
  local count = 0
  local head, last = text:match("^(.-)([^:]*)$")
  if may_end_in_ipv4 and is_ipv4(last) then
    text, count = head:sub(1, -2), 2
  end
  if text == "" then
    return count
  end
  for group in (text .. ":"):gmatch("([^:]*):") do
    if not group:find("^%x%x?%x?%x?$") then
      return nil
    end
    count = count + 1
  end
  return count
end

local function is_ipv6(text)
  local left, right = text:match("^(.-)::(.*)$")
  if not left then
    return count_groups(text, true) == 8
  end
  local before, after = count_groups(left, false), count_groups(right, true)
  return before ~= nil and after ~= nil and before + after < 8
end

--- Has the text the form of an address? Nothing is looked up.
-- @tparam string text
-- @treturn boolean
function email_address.is_valid(text)
  if #text > LONGEST and (utf8.len(text) or LONGEST + 1) > LONGEST then
    return false
  end
  local user, domain = text:match("^(.+)@([^@]*)$")
  if not user or not (is_dotted_atoms(user) or is_quoted(user)) then
    return false
  end
  if domain == "localhost" or is_domain(domain) then
    return true
  end
  local literal = domain:match("^%[([%x:.]+)%]$")
  return literal ~= nil and (is_ipv4(literal) or is_ipv6(literal))
end

return email_address
