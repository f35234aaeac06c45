--- Who is in which seminar, and the rules of joining, dropping and coming back.
--
-- Whatever a rule depends on is read inside the transaction that writes: writers take turns, so with one place left
-- and fifty people joining at once, one of them finds it free. A refused wish is no bug: it comes back as nil and a
-- word, of which lib/refusals.lua makes what a client reads, and operators/reverse_drop.lua what an operator does.

local db = require "mulligan.db"
local json = require "mulligan.json"
local time = require "mulligan.time"

local enrolment = {}

--- Writes the row of somebody who joins. For callers that have checked the rules, inside their transaction.
-- @tparam integer user_id
-- @tparam integer seminar_id
-- @tparam string role "participant" or "instructor"
function enrolment.add(user_id, seminar_id, role)
  db.exec(
    [[INSERT INTO user_seminar (user_id, seminar_id, role, created_at, updated_at)
      VALUES (:user_id, :seminar_id, :role, :now, :now)]],
    { user_id = user_id, seminar_id = seminar_id, role = role, now = time.now() }
  )
end

--- The row of this user in this seminar, or nil: `id, role, is_active, joined_at, dropped_at`.
-- @tparam integer user_id
-- @tparam integer seminar_id
function enrolment.find(user_id, seminar_id)
  return db.one(
    [[SELECT id, role, is_active, created_at AS joined_at, dropped_at
        FROM user_seminar WHERE user_id = ? AND seminar_id = ?]],
    user_id,
    seminar_id
  )
end

--- How many places of a seminar are taken.
-- @tparam integer seminar_id
function enrolment.active_participants(seminar_id)
  return db.one(
    "SELECT count(*) AS n FROM user_seminar WHERE seminar_id = ? AND role = 'participant' AND is_active",
    seminar_id
  ).n
end

--- Is this user in charge of this seminar?
-- @tparam integer user_id
-- @tparam integer seminar_id
function enrolment.is_instructor(user_id, seminar_id)
  local row <const> = enrolment.find(user_id, seminar_id)
  return row ~= nil and row.role == "instructor"
end

--- Everything a user joined, dropped or not, in the order of joining:
-- `seminar_id, name, role, is_active, joined_at, dropped_at`.
-- @tparam integer user_id
function enrolment.of_user(user_id)
  return db.query(
    [[SELECT us.seminar_id, s.name, us.role, us.is_active, us.created_at AS joined_at, us.dropped_at
        FROM user_seminar us JOIN seminar s ON s.id = us.seminar_id
       WHERE us.user_id = ?
       ORDER BY us.created_at, us.id]],
    user_id
  )
end

--- Everybody who joined a seminar, dropped or not, in the order of joining:
-- `role, user_id, username, email, first_name, last_name, joined_at, is_active, dropped_at`.
-- @tparam integer seminar_id
function enrolment.of_seminar(seminar_id)
  return db.query(
    [[SELECT us.role, us.user_id, u.username, u.email, u.first_name, u.last_name,
             us.created_at AS joined_at, us.is_active, us.dropped_at
        FROM user_seminar us JOIN user u ON u.id = us.user_id
       WHERE us.seminar_id = ?
       ORDER BY us.created_at, us.id]],
    seminar_id
  )
end

--- The instructors of these seminars: a list for each seminar's id.
-- @tparam {integer,...} seminar_ids
function enrolment.instructors_by_seminar(seminar_ids)
  -- CROSS JOIN keeps SQLite to this order: from the few seminars that were found to their rows in the index.
  local rows <const> = db.query(
    [[SELECT us.seminar_id, us.user_id, u.username, u.email, u.first_name, u.last_name, us.created_at AS joined_at
        FROM json_each(:ids) wanted
             CROSS JOIN user_seminar us ON us.seminar_id = wanted.value AND us.role = 'instructor' AND us.is_active = 1
             CROSS JOIN user u ON u.id = us.user_id
       ORDER BY us.created_at, us.id]],
    { ids = json.encode(json.array(seminar_ids)) }
  )
  local lists <const> = {}
  for _, row in ipairs(rows) do
    local list <const> = lists[row.seminar_id] or {}
    list[#list + 1] = row
    lists[row.seminar_id] = list
  end
  return lists
end

--- Lets a user join a seminar.
-- @tparam integer user_id
-- @tparam integer seminar_id
-- @tparam string role "participant" or "instructor"
-- @treturn ?boolean true, or nil and the first of these that holds: "seminar_missing", "dropped_before",
-- "already_joined", "not_participant", "not_instructor", "not_accepted", "seminar_full", "already_in_charge"
function enrolment.join(user_id, seminar_id, role)
  return db.transaction(function()
    local seminar <const> = db.one("SELECT capacity FROM seminar WHERE id = ?", seminar_id)
    if not seminar then
      return nil, "seminar_missing"
    end
    local row <const> = enrolment.find(user_id, seminar_id)
    if row then
      return nil, row.is_active and "already_joined" or "dropped_before"
    end
    if role == "participant" then
      local profile <const> = db.one("SELECT accepted FROM participant_profile WHERE user_id = ?", user_id)
      if not profile then
        return nil, "not_participant"
      end
      if not profile.accepted then
        return nil, "not_accepted"
      end
      if enrolment.active_participants(seminar_id) >= seminar.capacity then
        return nil, "seminar_full"
      end
    else
      if not db.one("SELECT 1 FROM instructor_profile WHERE user_id = ?", user_id) then
        return nil, "not_instructor"
      end
      if db.one("SELECT 1 FROM user_seminar WHERE user_id = ? AND role = 'instructor' AND is_active", user_id) then
        return nil, "already_in_charge"
      end
    end
    enrolment.add(user_id, seminar_id, role)
    return true
  end)
end

--- Lets a participant drop a seminar. The row stays; somebody who is not in it, or has dropped it, changes nothing.
-- @tparam integer user_id
-- @tparam integer seminar_id
-- @treturn ?boolean true, or nil and "instructor_cannot_drop"
function enrolment.drop(user_id, seminar_id)
  return db.transaction(function()
    local row <const> = enrolment.find(user_id, seminar_id)
    if not row or not row.is_active then
      return true
    end
    if row.role == "instructor" then
      return nil, "instructor_cannot_drop"
    end
    local now <const> = time.now()
    db.exec(
      "UPDATE user_seminar SET is_active = FALSE, dropped_at = :now, updated_at = :now WHERE id = :id",
      { id = row.id, now = now }
    )
    return true
  end)
end

--- The seminars that a user dropped, last one first: `seminar_id, name, joined_at, dropped_at, places_left`.
-- @tparam integer user_id
function enrolment.dropped_by(user_id)
  return db.query(
    [[SELECT us.seminar_id, s.name, us.created_at AS joined_at, us.dropped_at,
             s.capacity - (SELECT count(*) FROM user_seminar o
                            WHERE o.seminar_id = s.id AND o.role = 'participant' AND o.is_active) AS places_left
        FROM user_seminar us JOIN seminar s ON s.id = us.seminar_id
       WHERE us.user_id = ? AND NOT us.is_active
       ORDER BY us.dropped_at DESC, us.id]],
    user_id
  )
end

--- Takes a drop back, for an operator: the rule of operators/reverse_drop.lua and of the notebook of that name.
--
-- The student is in again as if nothing had happened, since the same `joined_at`. With `allow_rejoin` the row is
-- removed instead, and the student, who takes no place by that, may join again through the API.
-- @tparam integer user_id
-- @tparam integer seminar_id
-- @tparam table options `reason`: why, which must say something; `over_capacity`: also when the seminar is full;
-- `allow_rejoin`: remove the row
-- @treturn ?table the row as it was, with `places_left` before; or nil and the first of these that holds:
-- "seminar_missing", "no_reason", "never_joined", "not_dropped", "seminar_full" (then also `{taken, capacity}`)
function enrolment.reverse_drop(user_id, seminar_id, options)
  return db.transaction(function()
    local seminar <const> = db.one("SELECT capacity FROM seminar WHERE id = ?", seminar_id)
    if not seminar then
      return nil, "seminar_missing"
    end
    if not (options.reason or ""):find("%S") then
      return nil, "no_reason"
    end
    local row <const> = enrolment.find(user_id, seminar_id)
    if not row then
      return nil, "never_joined"
    end
    if row.is_active then
      return nil, "not_dropped"
    end
    local taken <const> = enrolment.active_participants(seminar_id)
    row.places_left = seminar.capacity - taken
    if options.allow_rejoin then
      db.exec("DELETE FROM user_seminar WHERE id = ?", row.id)
      return row
    end
    if row.places_left <= 0 and not options.over_capacity then
      return nil, "seminar_full", { taken = taken, capacity = seminar.capacity }
    end
    db.exec(
      "UPDATE user_seminar SET is_active = TRUE, dropped_at = NULL, updated_at = ? WHERE id = ?",
      time.now(),
      row.id
    )
    return row
  end)
end

return enrolment
