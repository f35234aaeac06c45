--- People, as clients send them and as the API shows them.

local fields = require "mulligan.fields"
local json = require "mulligan.json"
local serializers = require "mulligan.serializers"
local validators = require "mulligan.validators"
local word_boolean = require "lib.word_boolean"

local users = {}

-- The limits are Django's: 254 characters for an e-mail address, 150 for a name.
local LONGEST_EMAIL <const>, LONGEST_NAME <const>, LONGEST_PASSWORD <const> = 254, 150, 128
local GREATEST_YEAR <const> = 2147483647

-- Digits of the scripts that people write names in: ASCII, Arabic, Persian, Devanagari, full-width.
local DIGIT_ZEROS <const> = { 0x30, 0x660, 0x6F0, 0x966, 0xFF10 }

local function without_digits(name)
  for _, code in utf8.codes(name) do
    for _, zero in ipairs(DIGIT_ZEROS) do
      if code >= zero and code <= zero + 9 then
        return false, "A name cannot contain digits."
      end
    end
  end
  return true
end

local function person_name()
  return fields.text { max = LONGEST_NAME, default = "", allow_blank = true, validators = { without_digits } }
end

-- Both names or neither; in a change, a name that is not sent is as missing as an empty one.
local function both_names(_, data)
  local first <const>, last <const> = data.first_name, data.last_name
  if (first == nil) == (last == nil) and (first == "") == (last == "") then
    return data
  end
  local missing <const> = (last == nil or (first or "") ~= "") and "last_name" or "first_name"
  return nil, { [missing] = "Give both the first and the last name, or neither." }
end

local function affiliation()
  return fields.text { max = LONGEST_NAME, default = "", allow_blank = true }
end

local function year()
  return fields.integer { min = 0, max = GREATEST_YEAR, default = json.null, allow_null = true }
end

--- What a change of e-mail address to somebody else's is told.
users.EMAIL_TAKEN = "This e-mail address belongs to somebody else."

local EMAIL_OF_NOBODY_ELSE <const> = validators.unique { table = "user", column = "email", message = users.EMAIL_TAKEN }

local Signup <const> = serializers.define {
  email = fields.email { max = LONGEST_EMAIL },
  username = fields.text { max = LONGEST_NAME },
  password = fields.text { max = LONGEST_PASSWORD, trim = false },
  role = fields.choice { choices = { "participant", "instructor" } },
  first_name = person_name(),
  last_name = person_name(),
  validate = both_names,
}

-- The fields of the other role are not looked at, whatever they hold.
local SIGNUP_AS <const> = {
  participant = Signup:extend { university = affiliation(), accepted = word_boolean { default = true } },
  instructor = Signup:extend { company = affiliation(), year = year() },
}

--- What somebody signs up with: the fields of the role that it names.
-- @param data what the client sent
-- @treturn table a serializer
function users.signup(data)
  local role <const> = type(data) == "table" and data.role
  return (SIGNUP_AS[role] or Signup) { data = data }
end

--- What a login takes.
users.Login = serializers.define {
  email = fields.text { max = LONGEST_EMAIL },
  password = fields.text { max = LONGEST_PASSWORD, trim = false },
}

--- What makes a participant of an instructor.
users.Participant = serializers.define {
  university = affiliation(),
  accepted = word_boolean { default = true },
}

local Changes <const> = serializers.define {
  username = fields.text { max = LONGEST_NAME },
  email = fields.email { max = LONGEST_EMAIL, validators = { EMAIL_OF_NOBODY_ELSE } },
  password = fields.text { max = LONGEST_PASSWORD, trim = false },
  first_name = person_name(),
  last_name = person_name(),
  validate = both_names,
}
local ParticipantChanges <const> = Changes:extend { university = affiliation() }
local InstructorChanges <const> = Changes:extend { company = affiliation(), year = year() }
local AllChanges <const> = ParticipantChanges:extend { company = affiliation(), year = year() }

--- What a user wants to change: the fields of the profiles that the user has; all of them may be left out.
-- @tparam table user from models/users.lua
-- @param data what the client sent
-- @treturn table a serializer
function users.changes(user, data)
  local class = user.instructor and InstructorChanges or ParticipantChanges
  if user.participant and user.instructor then
    class = AllChanges
  end
  return class { data = data, partial = true, instance = user }
end

local function or_null(value)
  return value == nil and json.null or value
end

local function participant_body(profile, joined)
  local seminars <const> = json.array {}
  for _, row in ipairs(joined) do
    if row.role == "participant" then
      seminars[#seminars + 1] = {
        id = row.seminar_id,
        name = row.name,
        joined_at = row.joined_at,
        is_active = row.is_active,
        dropped_at = or_null(row.dropped_at),
      }
    end
  end
  return { id = profile.id, university = profile.university, accepted = profile.accepted, seminars = seminars }
end

local function instructor_body(profile, joined)
  local charge = json.null
  for _, row in ipairs(joined) do
    if row.role == "instructor" then
      charge = { id = row.seminar_id, name = row.name, joined_at = row.joined_at } -- the one joined last stays
    end
  end
  return { id = profile.id, company = profile.company, year = or_null(profile.year), charge = charge }
end

--- A user as the API shows it: USER.
-- @tparam table user from models/users.lua
-- @tparam table joined what enrolment.of_user() lists
-- @treturn table
function users.body(user, joined)
  return {
    id = user.id,
    username = user.username,
    email = user.email,
    first_name = user.first_name,
    last_name = user.last_name,
    last_login = or_null(user.last_login),
    date_joined = user.date_joined,
    participant = user.participant and participant_body(user.participant, joined) or json.null,
    instructor = user.instructor and instructor_body(user.instructor, joined) or json.null,
  }
end

return users
