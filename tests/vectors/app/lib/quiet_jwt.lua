--- The same as lib.jwt, but naming no scheme.
local token = require "lib.token"

return { authenticate = token.authenticate }
