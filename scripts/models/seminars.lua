--- Seminars: what they are, and the list of them. Who is in which is models/enrolment.lua's.

local db = require "mulligan.db"
local time = require "mulligan.time"
local enrolment = require "models.enrolment"
local search = require "lib.search"

local seminars = {}

local COLUMNS <const> = { "name", "capacity", "count", "time", "online" }

--- The seminar with this id, or nil.
-- @tparam integer id
function seminars.find(id)
  return db.one("SELECT id, name, capacity, count, time, online FROM seminar WHERE id = ?", id)
end

--- Opens a seminar, with its first instructor.
-- @tparam table fields `name, capacity, count, time, online`
-- @tparam integer instructor_id the user in charge of it
-- @treturn integer its id
function seminars.create(fields, instructor_id)
  return db.transaction(function()
    local id <const> = db.exec(
      [[INSERT INTO seminar (name, capacity, count, time, online, created_at, updated_at)
        VALUES (:name, :capacity, :count, :time, :online, :now, :now)]],
      {
        name = fields.name,
        capacity = fields.capacity,
        count = fields.count,
        time = fields.time,
        online = fields.online,
        now = time.now(),
      }
    ).last_id
    enrolment.add(instructor_id, id, "instructor")
    return id
  end)
end

--- Changes what is given and leaves the rest.
-- @tparam integer id
-- @tparam table changes any of `name, capacity, count, time, online`
-- @treturn ?boolean true, or nil and "capacity_too_small" with the number of active participants
function seminars.update(id, changes)
  local settings, values = {}, { id = id }
  for _, column in ipairs(COLUMNS) do
    if changes[column] ~= nil then
      settings[#settings + 1] = column .. " = :" .. column
      values[column] = changes[column]
    end
  end
  if #settings == 0 then
    return true
  end
  return db.transaction(function()
    if changes.capacity then
      local active <const> = enrolment.active_participants(id)
      if changes.capacity < active then
        return nil, "capacity_too_small", active
      end
    end
    values.now = time.now()
    db.exec("UPDATE seminar SET " .. table.concat(settings, ", ") .. ", updated_at = :now WHERE id = :id", values)
    return true
  end)
end

-- The two orders are two texts, so that no word of the client's becomes part of a statement. The plus signs keep SQLite
-- from preparing the statement anew for each pattern, in case an index would do for it: none does.
local LIST <const> = [[
  SELECT s.id, s.name,
         (SELECT count(*) FROM user_seminar us
           WHERE us.seminar_id = s.id AND us.role = 'participant' AND us.is_active = 1) AS participant_count
    FROM seminar s
   WHERE s.name LIKE +:like ESCAPE '\' AND s.name GLOB +:glob
   ORDER BY ]]
local NEWEST <const> = LIST .. "s.created_at DESC, s.id DESC"
local EARLIEST <const> = LIST .. "s.created_at, s.id"

--- Every seminar as the list shows it: `id, name, participant_count` (the active ones) and `instructors`.
-- Two queries, however long the list.
-- @tparam string name part of the name, in any case; "" for all
-- @tparam boolean earliest oldest first; else newest first
function seminars.list(name, earliest)
  local found <const> = db.query(earliest and EARLIEST or NEWEST, search.contains(name))
  local ids <const> = {}
  for place, seminar in ipairs(found) do
    ids[place] = seminar.id
  end
  local instructors <const> = enrolment.instructors_by_seminar(ids)
  for _, seminar in ipairs(found) do
    seminar.instructors = instructors[seminar.id] or {}
  end
  return found
end

return seminars
