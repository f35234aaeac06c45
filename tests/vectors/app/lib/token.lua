--- The credentials of `Authorization: JWT <token>`, of which one is good.
local exceptions = require "mulligan.exceptions"

local token = {}

--- Who sent the request?
-- @tparam table req
-- @treturn ?table the user; nil without such a header
-- @raise AuthenticationFailed
function token.authenticate(req)
  local credentials = (req.headers.authorization or ""):match("^JWT (.+)$")
  if not credentials then
    return nil
  end
  if credentials ~= "good" then
    exceptions.AuthenticationFailed("Error decoding signature."):raise()
  end
  return { id = 1 }
end

return token
