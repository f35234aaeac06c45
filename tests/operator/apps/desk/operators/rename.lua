local db = require "mulligan.db"

return {
  title = "Rename",
  summary = "Gives a thing another name.",
  params = {
    { name = "old_name", type = "string", required = true, help = "What it is called now.",
      choices_sql = "SELECT name, note FROM item ORDER BY id" },
    { name = "new_name", type = "string", required = true },
  },
  run = function(params, op)
    local done <const> = db.exec("UPDATE item SET name = ? WHERE name = ?", params.new_name, params.old_name)
    if done.changes == 0 then
      op.abort(("There is no %s."):format(params.old_name))
    end
    op.say("%s is now %s, says %s", params.old_name, params.new_name, op.operator)
  end,
}
