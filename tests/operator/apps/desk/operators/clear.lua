local db = require "mulligan.db"

return {
  title = "Clear the desk",
  params = {},
  run = function(_, op)
    op.table(db.query("SELECT id, name, ready FROM item ORDER BY id"))
    if not op.confirm("Everything goes.", "everything") then
      op.abort("Then all stays.")
    end
    db.exec("DELETE FROM item")
  end,
}
