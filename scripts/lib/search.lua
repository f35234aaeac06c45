--- Finding a text inside another whatever the case, in SQL and for more letters than A to Z.
--
-- SQLite's LIKE folds A to Z only, and has no idea of É and é. Its GLOB tells cases apart but knows sets of letters, so
-- a search for "café" becomes the pattern `*[cC][aA][fF][éÉ]*`: nothing else is stored, and nothing is escaped twice.
-- LIKE is eight times as fast on a million names, so it does what it can: a text of ASCII alone.

local search = {}

-- Letters whose small form lies this far behind the capital one: first capital, last capital, distance.
local SHIFTED <const> = {
  { 0x41, 0x5A, 32 }, -- A to Z
  { 0xC0, 0xD6, 32 }, -- À to Ö
  { 0xD8, 0xDE, 32 }, -- Ø to Þ
  { 0x386, 0x386, 38 }, -- Ά
  { 0x388, 0x38A, 37 }, -- Έ to Ί
  { 0x38C, 0x38C, 64 }, -- Ό
  { 0x38E, 0x38F, 63 }, -- Ύ and Ώ
  { 0x391, 0x3A1, 32 }, -- Α to Ρ
  { 0x3A3, 0x3AB, 32 }, -- Σ to Ϋ
  { 0x400, 0x40F, 80 }, -- Ѐ to Џ
  { 0x410, 0x42F, 32 }, -- А to Я
  { 0x531, 0x556, 48 }, -- Armenian
  { 0xFF21, 0xFF3A, 32 }, -- full-width A to Z
}

-- Letters that stand in pairs, capital and small side by side: first capital, last small one.
local PAIRED <const> = {
  { 0x100, 0x12F },
  { 0x132, 0x137 },
  { 0x139, 0x148 },
  { 0x14A, 0x177 },
  { 0x179, 0x17E },
  { 0x460, 0x481 },
  { 0x48A, 0x4BF },
  { 0x4D0, 0x52F },
  { 0x1E00, 0x1E95 },
  { 0x1EA0, 0x1EFF },
}

-- What `code` looks like in the other case; nil for what has no case.
local function other_case(code)
  for _, range in ipairs(SHIFTED) do
    local first <const>, last <const>, distance <const> = range[1], range[2], range[3]
    if code >= first and code <= last then
      return code + distance
    end
    if code >= first + distance and code <= last + distance then
      return code - distance
    end
  end
  for _, range in ipairs(PAIRED) do
    if code >= range[1] and code <= range[2] then
      local capital <const> = (code - range[1]) % 2 == 0
      return capital and code + 1 or code - 1
    end
  end
  return nil
end

-- No text that is searched is longer: a longer needle is found nowhere. GLOB itself refuses patterns of 50,000 bytes.
local LONGEST <const> = 1000

--- The patterns for "holds this text, in any case", to be used as `name LIKE :like ESCAPE '\' AND name GLOB :glob`.
-- @tparam string text what to look for; "" is in everything
-- @treturn table like, glob
function search.contains(text)
  local length <const> = utf8.len(text)
  if not length or length > LONGEST or text:find("\0", 1, true) then
    return { like = "", glob = "" } -- these fit the empty text only, which no searched column holds
  end
  if length == #text then
    return { like = "%" .. text:gsub("[\\%%_]", "\\%0") .. "%", glob = "*" }
  end
  local parts <const> = { "*" }
  for _, code in utf8.codes(text) do
    local char <const> = utf8.char(code)
    local other <const> = other_case(code)
    if other then
      parts[#parts + 1] = "[" .. char .. utf8.char(other) .. "]"
    elseif char == "*" or char == "?" or char == "[" then
      parts[#parts + 1] = "[" .. char .. "]"
    else
      parts[#parts + 1] = char
    end
  end
  parts[#parts + 1] = "*"
  return { like = "%", glob = table.concat(parts) }
end

return search
