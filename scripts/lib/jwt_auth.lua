--- Who sends a request: `Authorization: JWT <token>`, the scheme word in any case.
--
-- A token is signed with the host's key and good for two hours. Another scheme is no attempt at all, so that the answer
-- says what is missing; a token that is wrong in any way says what is wrong with it.

local crypto = require "mulligan.crypto"
local exceptions = require "mulligan.exceptions"
local time = require "mulligan.time"
local users = require "models.users"

local jwt_auth = { scheme = 'JWT realm="api"' }

local LIFETIME <const> = 2 * 60 * 60

-- A class of its own, so that ErrorLog does not count it among refusals that are anybody's mistake. Alerts go by its
-- code.
local ForgedToken <const> = exceptions.AuthenticationFailed:extend("ForgedToken", { default_code = "forged_token" })

--- The token that a user gets for signing up or logging in.
-- @tparam integer user_id
-- @tparam string email
-- @treturn string
function jwt_auth.token(user_id, email)
  local now <const> = math.tointeger(time.us() // 1000000)
  return crypto.sign({ user_id = user_id, email = email, iat = now, exp = now + LIFETIME })
end

local function refuse(text)
  exceptions.AuthenticationFailed(text):raise()
end

--- The host calls this for every route that asks who it is.
-- @treturn ?table the user and the token's claims; nil without credentials
function jwt_auth.authenticate(req)
  local scheme <const>, behind <const> = (req.headers.authorization or ""):match("^%s*(%S+)%s*(.*)$")
  if not scheme or scheme:upper() ~= "JWT" then
    return nil
  end
  -- In two steps: trimming with `.-` takes as long as checking the token.
  local rest <const> = behind:match("^.*%S") or ""
  if rest == "" then
    refuse("Invalid Authorization header. No credentials provided.")
  end
  if rest:find("%s") then
    refuse("Invalid Authorization header. Credentials string should not contain spaces.")
  end
  local claims <const>, message <const>, code <const> = crypto.verify(rest)
  if not claims then
    -- What looks like a token and was not signed here was made by somebody; junk is a client's mistake.
    if code == "invalid_signature" and rest:find("^[%w_-]+%.[%w_-]+%.[%w_-]*$") then
      ForgedToken(message):raise()
    end
    refuse(message)
  end
  local id <const> = claims.user_id
  local user <const> = math.type(id) == "integer" and users.find(id)
  if not user then
    refuse("The user of this token does not exist any more.")
  end
  return user, claims
end

return jwt_auth
