local db = require "mulligan.db"

return {
  title = "Weekly",
  params = {},
  run = function(_, op)
    op.table(db.query("SELECT name, note FROM item ORDER BY id"))
    return "That was the week."
  end,
}
