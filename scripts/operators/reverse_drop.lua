--- Drop reversal: brings a student back into a seminar that the student dropped.
--
-- The rules are models/enrolment.lua's; here is what an operator reads.

local enrolment = require "models.enrolment"
local i18n = require "mulligan.i18n"
local seminars = require "models.seminars"
local users = require "models.users"

-- What is shown of each dropped seminar, and under which heading.
local function as_table(dropped)
  local rows = {}
  for _, row in ipairs(dropped) do
    rows[#rows + 1] = {
      seminar = row.seminar_id,
      name = row.name,
      joined_at = row.joined_at,
      dropped_at = row.dropped_at,
      places_left = row.places_left,
    }
  end
  rows.columns = { "seminar", "name", "joined_at", "dropped_at", "places_left" }
  return rows
end

-- Shows what could be reversed for this user instead, if anything, and ends the run.
local function refuse(op, user, reason)
  local dropped <const> = enrolment.dropped_by(user.id)
  if #dropped == 0 then
    op.say(i18n.t("{email} has no dropped seminar.", { email = user.email }))
  else
    op.say(i18n.t("Seminars that {email} dropped:", { email = user.email }))
    op.table(as_table(dropped))
  end
  op.abort(reason)
end

local function run(params, op)
  local user <const> = users.find_by_email(params.email)
  if not user then
    op.abort(i18n.t("There is no user with the e-mail address {email}.", { email = params.email }))
  end
  local seminar <const> = seminars.find(params.seminar)
  if not seminar then
    refuse(op, user, i18n.t("There is no seminar {id}.", { id = params.seminar }))
  end

  local names <const> = { email = user.email, name = seminar.name, id = seminar.id }
  local row <const>, refusal <const>, places <const> = enrolment.reverse_drop(user.id, seminar.id, {
    reason = params.reason,
    over_capacity = params.over_capacity,
    allow_rejoin = params.allow_rejoin,
  })
  if refusal == "no_reason" then
    op.abort(i18n.t("Give a reason: it is kept with the run."))
  elseif refusal == "never_joined" then
    refuse(op, user, i18n.t('{email} has never been in "{name}" ({id}), so there is no drop to reverse.', names))
  elseif refusal == "not_dropped" then
    local text <const> = '{email} is in "{name}" ({id}) and has not dropped it: there is nothing to reverse.'
    refuse(op, user, i18n.t(text, names))
  elseif refusal == "seminar_full" then
    op.abort(i18n.t(
      '"{name}" ({id}) is full: {taken} of {capacity} places are taken. '
        .. "Add --over-capacity to bring the student back all the same.",
      { name = seminar.name, id = seminar.id, taken = places.taken, capacity = places.capacity }
    ))
  end

  if params.allow_rejoin then
    op.say(i18n.t('{email} may join "{name}" ({id}) again; until then the student is not in it.', names))
  else
    if row.places_left <= 0 then
      op.say(i18n.t('Careful: "{name}" ({id}) is full, and this brings it over its capacity.', names))
    end
    op.say(i18n.t('{email} is back in "{name}" ({id}).', names))
  end
  op.table({
    columns = { "student", "seminar", "joined_at", "dropped_at", "reason" },
    {
      student = user.email,
      seminar = seminar.name,
      joined_at = row.joined_at,
      dropped_at = row.dropped_at,
      reason = params.reason,
    },
  })
end

return {
  title = i18n.t("Drop reversal"),
  summary = i18n.t("Brings a student back into a seminar that the student dropped."),
  help = i18n.t [[
The student is in the seminar again, since the same date as before, and can drop it again.
A full seminar is refused unless --over-capacity is given. With --allow-rejoin the old row is removed
instead, and the student joins again through the site.]],
  params = {
    {
      name = "email",
      type = "string",
      required = true,
      help = i18n.t("The student's e-mail address."),
    },
    {
      name = "seminar",
      type = "integer",
      required = true,
      help = i18n.t("The number of the seminar that was dropped."),
      choices_sql = [[
        SELECT s.id, s.name || ', ' || substr(us.dropped_at, 1, 10)
          FROM user_seminar us JOIN seminar s ON s.id = us.seminar_id JOIN user u ON u.id = us.user_id
         WHERE u.email = :email AND NOT us.is_active
         ORDER BY us.dropped_at DESC]],
    },
    {
      name = "reason",
      type = "string",
      required = true,
      help = i18n.t("Why the student comes back; kept with the run."),
    },
    {
      name = "over_capacity",
      type = "boolean",
      default = false,
      help = i18n.t("Also when the seminar is full."),
    },
    {
      name = "allow_rejoin",
      type = "boolean",
      default = false,
      help = i18n.t("Remove the old row, so that the student can join again, instead of bringing the student back."),
    },
  },
  run = run,
}
