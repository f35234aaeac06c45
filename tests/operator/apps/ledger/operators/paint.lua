local db = require "mulligan.db"

return {
  title = "Give every guest the same name",
  params = { { name = "colour", type = "string", required = true } },
  run = function(params)
    for _, guest in ipairs(db.query "SELECT id FROM guest") do
      db.exec("UPDATE guest SET name = ? WHERE id = ?", params.colour, guest.id)
    end
  end,
}
