--- People and their profiles.
--
-- A user is a table with the columns of `user`, without the password, and `participant` and `instructor`: the profile's
-- columns, or nil for who is not one. Every user has at least one of the two.

local db = require "mulligan.db"
local time = require "mulligan.time"

local users = {}

local SELECT <const> = [[
  SELECT u.id, u.username, u.email, u.first_name, u.last_name, u.last_login, u.date_joined,
         p.id AS participant_id, p.university, p.accepted,
         i.id AS instructor_id, i.company, i.year
    FROM user u
    LEFT JOIN participant_profile p ON p.user_id = u.id
    LEFT JOIN instructor_profile i ON i.user_id = u.id ]]

local function from_row(row)
  if not row then
    return nil
  end
  local user = {
    id = row.id,
    username = row.username,
    email = row.email,
    first_name = row.first_name,
    last_name = row.last_name,
    last_login = row.last_login,
    date_joined = row.date_joined,
  }
  if row.participant_id then
    user.participant = { id = row.participant_id, university = row.university, accepted = row.accepted }
  end
  if row.instructor_id then
    user.instructor = { id = row.instructor_id, company = row.company, year = row.year }
  end
  return user
end

--- The user with this id, or nil.
-- @tparam integer id
function users.find(id)
  return from_row(db.one(SELECT .. "WHERE u.id = ?", id))
end

--- The user with this e-mail address, in any case, or nil.
-- @tparam string email
function users.find_by_email(email)
  return from_row(db.one(SELECT .. "WHERE u.email = ?", email))
end

--- What a login needs, `{id, email, password}` with the password's hash, or nil.
-- @tparam string email in any case
function users.credentials(email)
  return db.one("SELECT id, email, password FROM user WHERE email = ?", email)
end

--- Does this e-mail address belong to somebody (else)?
-- @tparam string email in any case
-- @tparam ?integer except_id the user whose own address does not count
function users.email_taken(email, except_id)
  return db.one("SELECT 1 FROM user WHERE email = ? AND id IS NOT ?", email, except_id or db.null) ~= nil
end

--- Makes a participant of a user who is none.
-- @tparam integer user_id
-- @tparam table profile `university`, `accepted`
function users.add_participant(user_id, profile)
  local now <const> = time.now()
  db.exec(
    [[INSERT INTO participant_profile (user_id, university, accepted, created_at, updated_at)
      VALUES (:user_id, :university, :accepted, :now, :now)]],
    { user_id = user_id, university = profile.university, accepted = profile.accepted, now = now }
  )
end

--- Makes an instructor of a user who is none.
-- @tparam integer user_id
-- @tparam table profile `company`, and `year` or nil
function users.add_instructor(user_id, profile)
  local now <const> = time.now()
  db.exec(
    [[INSERT INTO instructor_profile (user_id, company, year, created_at, updated_at)
      VALUES (:user_id, :company, :year, :now, :now)]],
    { user_id = user_id, company = profile.company, year = profile.year or db.null, now = now }
  )
end

--- Signs somebody up, with the one profile of the role.
-- @tparam table account `email`, `username`, `password` (a hash), `first_name`, `last_name`, `role` and what
-- add_participant() or add_instructor() takes
-- @treturn ?integer the new user's id, or nil and "email_taken"
function users.create(account)
  return db.transaction(function()
    if users.email_taken(account.email) then
      return nil, "email_taken"
    end
    local id <const> = db.exec(
      [[INSERT INTO user (username, email, password, first_name, last_name, date_joined)
        VALUES (:username, :email, :password, :first_name, :last_name, :now)]],
      {
        username = account.username,
        email = account.email,
        password = account.password,
        first_name = account.first_name,
        last_name = account.last_name,
        now = time.now(),
      }
    ).last_id
    if account.role == "participant" then
      users.add_participant(id, account)
    else
      users.add_instructor(id, account)
    end
    return id
  end)
end

--- Makes a participant of a user, unless they are one.
-- @tparam integer user_id
-- @tparam table profile `university`, `accepted`
-- @treturn ?boolean true, or nil and "already_participant"
function users.become_participant(user_id, profile)
  return db.transaction(function()
    if db.one("SELECT 1 FROM participant_profile WHERE user_id = ?", user_id) then
      return nil, "already_participant"
    end
    users.add_participant(user_id, profile)
    return true
  end)
end

-- What a user may change, and where it is kept. The order is that of the SET clause.
local CHANGEABLE <const> = {
  { table = "user", key = "id", columns = { "username", "email", "password", "first_name", "last_name" } },
  { table = "participant_profile", key = "user_id", columns = { "university" }, dated = true },
  { table = "instructor_profile", key = "user_id", columns = { "company", "year" }, dated = true },
}

--- Changes what is given and leaves the rest; a profile that the user does not have is left out.
-- @tparam integer id
-- @tparam table changes column to new value; `password` is a hash, `db.null` clears `year`
-- @treturn ?boolean true, or nil and "email_taken"
function users.update(id, changes)
  if next(changes) == nil then
    return true
  end
  return db.transaction(function()
    if changes.email and users.email_taken(changes.email, id) then
      return nil, "email_taken"
    end
    for _, place in ipairs(CHANGEABLE) do
      local settings, values = {}, { id = id, now = time.now() }
      for _, column in ipairs(place.columns) do
        if changes[column] ~= nil then
          settings[#settings + 1] = column .. " = :" .. column
          values[column] = changes[column]
        end
      end
      if #settings > 0 then
        if place.dated then
          settings[#settings + 1] = "updated_at = :now"
        else
          values.now = nil
        end
        db.exec(
          ("UPDATE %s SET %s WHERE %s = :id"):format(place.table, table.concat(settings, ", "), place.key),
          values
        )
      end
    end
    return true
  end)
end

--- Notes that somebody has just logged in.
-- @tparam integer id
function users.touch_login(id)
  db.transaction(function()
    db.exec("UPDATE user SET last_login = ? WHERE id = ?", time.now(), id)
  end)
end

return users
