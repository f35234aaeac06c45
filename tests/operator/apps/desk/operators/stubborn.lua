local db = require "mulligan.db"

return {
  title = "Stubborn",
  params = {},
  run = function(_, op)
    pcall(op.abort, "No more of this.")
    db.exec("UPDATE item SET note = 'all the same'")
  end,
}
