local db = require "mulligan.db"
local time = require "mulligan.time"

return {
  title = "Note",
  params = {
    { name = "room", type = "string", required = true },
    { name = "note", type = "string", required = true },
    { name = "reason", type = "string" },
    { name = "email", type = "string" },
  },
  run = function(params, op)
    db.exec("UPDATE room SET note = ?, updated_at = ? WHERE name = ?", params.note, time.us(), params.room)
    op.say("noted: %s", params.note)
  end,
}
