local crypto = require "mulligan.crypto"
local db = require "mulligan.db"

return {
  title = "Open a room",
  params = { { name = "name", type = "string", required = true }, { name = "code", type = "string", secret = true } },
  run = function(params, op)
    local note <const> = crypto.token() .. math.random(1, 1 << 40) .. (params.code and crypto.sha256(params.code) or "")
    db.exec("INSERT INTO room (name, note) VALUES (?, ?)", params.name, note)
    op.say("open: %s, code %s", params.name, tostring(params.code))
  end,
}
