local db = require "mulligan.db"

return {
  title = "Many",
  params = { { name = "count", type = "integer", default = 100 } },
  run = function(params, op)
    local bar <close> = op.progress(params.count, "adding")
    for i = 1, params.count do
      db.exec("INSERT INTO item (name) VALUES (?)", "thing " .. i)
      bar:step()
    end
  end,
}
