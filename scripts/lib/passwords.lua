--- Hashing and checking passwords, and what to say when too many people do so at once.

local crypto = require "mulligan.crypto"
local exceptions = require "mulligan.exceptions"
local error_codes = require "lib.error_codes"

local ServiceBusy <const> = exceptions.APIException:extend("ServiceBusy", {
  status_code = 503,
  default_detail = "Too many people are logging in right now. Please try again in a moment.",
  default_code = "busy",
  app_code = error_codes.busy,
  wait = 1, -- seconds, for Retry-After: a hash takes a fraction of one
})

local passwords = {}

-- A password costs 19 MiB and two passes, so the host computes few at a time and turns away who would wait too long.
local function unless_busy(result, message, code)
  if code == "busy" then
    ServiceBusy():raise()
  end
  if result == nil then
    error(message)
  end
  return result
end

--- The hash to store for a password.
-- @tparam string password
-- @treturn string
function passwords.hash(password)
  return unless_busy(crypto.hash_password(password))
end

--- Is this the password? Takes the same time without a hash, that is, for a user who does not exist.
-- @tparam string password
-- @tparam ?string hash
-- @treturn boolean
function passwords.verify(password, hash)
  return unless_busy(crypto.verify_password(password, hash))
end

return passwords
