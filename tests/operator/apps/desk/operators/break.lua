local db = require "mulligan.db"

return {
  title = "Break",
  params = { { name = "code", type = "string", secret = true }, { name = "where", type = "string", default = "here" } },
  run = function(params)
    local opening <const> = "the code " .. tostring(params.code) .. " does not open it"
    db.exec("UPDATE item SET note = 'half done'")
    error(opening)
  end,
}
