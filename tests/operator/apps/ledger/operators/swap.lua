local db = require "mulligan.db"

return {
  title = "Swap two names",
  params = {},
  run = function()
    db.exec("UPDATE room SET name = '-' WHERE id = 1")
    db.exec("UPDATE room SET name = 'red' WHERE id = 2")
    db.exec("UPDATE room SET name = 'blue' WHERE id = 1")
  end,
}
