--- Login tokens, seen from outside: what is in one, and forging one with the key of a server's data folder.
-- @module support.tokens
local crypto = require "mulligan.crypto"
local json = require "mulligan.json"
local shell = require "support.shell"

local tokens = {}

local ALPHABET <const> = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

local function decode(text)
  local bits, count, bytes = 0, 0, {}
  for char in text:gmatch(".") do
    bits, count = (bits << 6 | ALPHABET:find(char, 1, true) - 1) & 0xFFFF, count + 6
    if count >= 8 then
      count = count - 8
      bytes[#bytes + 1] = string.char(bits >> count & 0xFF)
    end
  end
  return table.concat(bytes)
end

local function encode(bytes)
  local bits, count, chars = 0, 0, {}
  for byte in bytes:gmatch(".") do
    bits, count = (bits << 8 | byte:byte()) & 0xFFFF, count + 8
    while count >= 6 do
      count = count - 6
      local index <const> = (bits >> count & 63) + 1
      chars[#chars + 1] = ALPHABET:sub(index, index)
    end
  end
  if count > 0 then
    local index <const> = (bits << 6 - count & 63) + 1
    chars[#chars + 1] = ALPHABET:sub(index, index)
  end
  return table.concat(chars)
end

local function from_hex(text)
  return (text:gsub("%x%x", function(pair)
    return string.char(tonumber(pair, 16))
  end))
end

--- The claims of a token.
-- @param token a JWT
-- @return a table
function tokens.claims(token)
  return assert(json.decode(decode(token:match("^[^.]+%.([^.]+)%.[^.]+$"))))
end

--- A token with these claims, signed as the server would.
-- @param server whose key
-- @param claims a table
-- @return a JWT
function tokens.sign(server, claims)
  local key <const> = from_hex(shell.read(server.data .. "/secret.key"):match("%x+"))
  local text <const> = encode('{"alg":"HS256","typ":"JWT"}') .. "." .. encode(json.encode(claims))
  return text .. "." .. encode(from_hex(crypto.hmac(key, text)))
end

return tokens
