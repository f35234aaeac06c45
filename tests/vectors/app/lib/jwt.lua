--- The authenticator whose clients understand a challenge.
local token = require "lib.token"

return { authenticate = token.authenticate, scheme = 'JWT realm="api"' }
