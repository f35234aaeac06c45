local db = require "mulligan.db"

return {
  title = "Heap",
  params = {},
  run = function()
    db.exec("INSERT INTO heap (line) VALUES ('x')")
  end,
}
