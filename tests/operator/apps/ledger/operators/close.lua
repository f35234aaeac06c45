local db = require "mulligan.db"

return {
  title = "Close a room",
  params = { { name = "name", type = "string", required = true } },
  run = function(params)
    db.exec("DELETE FROM room WHERE name = ?", params.name)
  end,
}
