--- A model with a slip of the pen in it.
local db = require "mulligan.db"
local log = require "mulligan.log"

local seminars = {}

local percent <const> = 100

--- How full a seminar is.
function seminars.fill(id, joined)
  local seminar <const> = db.one("SELECT name, capacity FROM seminar WHERE id = ?", id)
  log.info("counting who joined " .. seminar.name)
  local share <const> = joined * percent // seminar.capcity
  return share // 1
end

return seminars
