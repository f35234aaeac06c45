--- Seminars, as clients send them and as the API shows them.

local fields = require "mulligan.fields"
local json = require "mulligan.json"
local serializers = require "mulligan.serializers"
local word_boolean = require "lib.word_boolean"

local seminars = {}

local LONGEST_NAME <const>, GREATEST_NUMBER <const> = 150, 2147483647

--- A seminar to open, or, `partial`, what to change of one.
seminars.Seminar = serializers.define {
  name = fields.text { max = LONGEST_NAME },
  capacity = fields.integer { min = 1, max = GREATEST_NUMBER },
  count = fields.integer { min = 1, max = GREATEST_NUMBER },
  time = fields.time {},
  online = word_boolean { default = true },
}

--- How somebody joins.
seminars.Join = serializers.define {
  role = fields.choice { choices = { "participant", "instructor" } },
}

local function person(row)
  return {
    id = row.user_id,
    username = row.username,
    email = row.email,
    first_name = row.first_name,
    last_name = row.last_name,
    joined_at = row.joined_at,
  }
end

--- A seminar as the API shows it: SEMINAR.
-- @tparam table seminar from models/seminars.lua
-- @tparam table members what enrolment.of_seminar() lists
-- @treturn table
function seminars.body(seminar, members)
  local instructors <const>, participants <const> = json.array {}, json.array {}
  for _, row in ipairs(members) do
    local member <const> = person(row)
    if row.role == "instructor" then
      instructors[#instructors + 1] = member
    else
      member.is_active = row.is_active
      member.dropped_at = row.dropped_at or json.null
      participants[#participants + 1] = member
    end
  end
  return {
    id = seminar.id,
    name = seminar.name,
    capacity = seminar.capacity,
    count = seminar.count,
    time = seminar.time,
    online = seminar.online,
    instructors = instructors,
    participants = participants,
  }
end

--- The list of seminars as the API shows it: a list of ITEM.
-- @tparam table found what models/seminars.lua's list() found
-- @treturn table
function seminars.items(found)
  local items <const> = json.array {}
  for index, seminar in ipairs(found) do
    local instructors <const> = json.array {}
    for place, row in ipairs(seminar.instructors) do
      instructors[place] = person(row)
    end
    items[index] = {
      id = seminar.id,
      name = seminar.name,
      instructors = instructors,
      participant_count = seminar.participant_count,
    }
  end
  return items
end

return seminars
