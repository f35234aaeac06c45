local db = require "mulligan.db"

return {
  title = "Admit a guest",
  params = {
    { name = "room", type = "string", required = true },
    { name = "guest", type = "string", required = true },
  },
  run = function(params, op)
    local room <const> = db.one([[
      SELECT id, places - (SELECT count(*) FROM guest WHERE room_id = room.id) AS free FROM room WHERE name = ?]],
      params.room)
    if room.free < 1 then
      op.abort(("%s is full"):format(params.room))
    end
    -- Its id is its own, so that two guests never want the same row.
    db.exec("INSERT INTO guest (id, room_id, name) VALUES (?, ?, ?)", #params.guest * 1000 + params.guest:byte(),
      room.id, params.guest)
  end,
}
