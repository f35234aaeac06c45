--- Gives demo data a past: everything that was just made happened some days ago instead.
--
-- Only operators/demo_data.lua may do so. All is made at one moment, since the clock of an operator's run stands still.

local db = require "mulligan.db"
local time = require "mulligan.time"

local demo_history = {}

local MICROSECONDS_PER_DAY <const> = 24 * 60 * 60 * 1000000

local function days_ago(days)
  return time.format(time.us() - math.floor(days * MICROSECONDS_PER_DAY))
end

--- Somebody signed up so many days ago.
-- @tparam integer user_id
-- @tparam number days
function demo_history.signed_up(user_id, days)
  local at <const> = days_ago(days)
  db.exec("UPDATE user SET date_joined = ? WHERE id = ?", at, user_id)
  for _, profile in ipairs { "participant_profile", "instructor_profile" } do
    db.exec("UPDATE " .. profile .. " SET created_at = :at, updated_at = :at WHERE user_id = :id", {
      at = at,
      id = user_id,
    })
  end
end

--- A seminar was opened so many days ago, by its instructor.
-- @tparam integer seminar_id
-- @tparam number days
function demo_history.opened(seminar_id, days)
  local values <const> = { at = days_ago(days), id = seminar_id }
  db.exec("UPDATE seminar SET created_at = :at, updated_at = :at WHERE id = :id", values)
  db.exec("UPDATE user_seminar SET created_at = :at, updated_at = :at WHERE seminar_id = :id", values)
end

--- Somebody joined a seminar so many days ago, and, if it was dropped, dropped it half a day later.
-- @tparam integer user_id
-- @tparam integer seminar_id
-- @tparam number days
function demo_history.joined(user_id, seminar_id, days)
  db.exec(
    [[UPDATE user_seminar
         SET created_at = :joined, updated_at = CASE WHEN is_active THEN :joined ELSE :dropped END,
             dropped_at = CASE WHEN is_active THEN NULL ELSE :dropped END
       WHERE user_id = :user_id AND seminar_id = :seminar_id]],
    { joined = days_ago(days), dropped = days_ago(days - 0.5), user_id = user_id, seminar_id = seminar_id }
  )
end

return demo_history
