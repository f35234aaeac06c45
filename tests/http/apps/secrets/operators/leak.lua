--- Fails with what it was told in confidence, and says it to the log before.
local log = require "mulligan.log"

return {
  title = "Leak",
  params = {
    { name = "code", type = "string", secret = true },
    { name = "api_token", type = "string" },
    { name = "note", type = "string" },
  },
  run = function(params)
    local words <const> = ("%s %s %s"):format(params.code, params.api_token or "", params.note)
    log.warning("about to fail:", words)
    error("cannot go on with " .. words)
  end,
}
