--- Secrets for tests to plant and to look for afterwards.
-- @module support.planted
local crypto = require "mulligan.crypto"

local planted = {}

--- A word that nobody has said before, with letters and digits.
-- @return the word
function planted.word()
  return "k7" .. crypto.sha256(crypto.random(16)):sub(1, 20)
end

--- Bytes as base64, padded.
-- @param bytes any
-- @return the text
function planted.base64(bytes)
  local alphabet <const> = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  local text <const> = bytes:gsub("..?.?", function(group)
    local first, second, third = group:byte(1, 3)
    local bits <const> = first << 16 | (second or 0) << 8 | (third or 0)
    local out = ""
    for index = 0, #group do
      local digit <const> = bits >> 18 - 6 * index & 63
      out = out .. alphabet:sub(digit + 1, digit + 1)
    end
    return out .. ("="):rep(3 - #group)
  end)
  return text
end

--- Digits that pass for a card number: the last one makes the sum right.
-- @return sixteen digits
function planted.card()
  local digits = "4" .. crypto.sha256(crypto.random(16)):gsub("%D", ""):rep(2):sub(1, 14)
  local sum = 0
  for index = 15, 1, -1 do
    local digit = digits:byte(index) - 48
    if index % 2 == 1 then
      digit = digit * 2 > 9 and digit * 2 - 9 or digit * 2
    end
    sum = sum + digit
  end
  return digits .. (10 - sum % 10) % 10
end

return planted
