local db = require "mulligan.db"

return {
  title = "Ask",
  params = {},
  run = function(_, op)
    local sure <const> = op.confirm("Is it raining?", "rain")
    db.exec("UPDATE room SET note = ? WHERE id = 1", sure and "umbrella" or "sunglasses")
  end,
}
