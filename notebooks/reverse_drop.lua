-- ---
-- title: Drop reversal
-- jupyter:
--   jupytext:
--     text_representation:
--       extension: .lua
--       format_name: percent
--       format_version: '1.3'
--   kernelspec:
--     display_name: Lua (Mulligan)
--     language: lua
--     name: mulligan
-- ---

-- %% [markdown]
-- # Drop reversal
--
-- A student dropped a seminar and should be in it again. This looks at what there is, brings the student back, and
-- shows the seminar as it will be. **Nothing is saved before you confirm the plan at the end.**
--
-- 드랍한 세미나로 수강생을 되돌립니다. 마지막에 계획을 확인하기 전에는 아무것도 저장하지 않습니다.

-- %% Who and where tags=["parameters"]
-- @param email string required "The student's e-mail address. 수강생 이메일."
-- @param seminar integer required "The number of the seminar that was dropped. 세미나 번호." choices_sql="SELECT s.id, s.name || ', ' || substr(us.dropped_at, 1, 10) FROM user_seminar us JOIN seminar s ON s.id = us.seminar_id JOIN user u ON u.id = us.user_id WHERE u.email = :email AND NOT us.is_active ORDER BY us.dropped_at DESC"
-- @param reason string required "Why the student comes back; kept with the run. 사유."
-- @param over_capacity boolean default=false "Also when the seminar is full. 정원이 찼어도."
-- @param allow_rejoin boolean default=false "Remove the old row, so that the student can join again."
local enrolment = require "models.enrolment"
local i18n = require "mulligan.i18n"
local seminars = require "models.seminars"
local users = require "models.users"

local student = users.find_by_email(email)
if not student then
  op.abort(i18n.t("There is no user with the e-mail address {email}.", { email = email }))
end

-- %% [markdown]
-- ## What the student dropped

-- %% The student's seminars
local joined = enrolment.of_user(student.id)
joined.columns = { "seminar_id", "name", "role", "is_active", "joined_at", "dropped_at" }
op.table(joined)

-- %% [markdown]
-- ## How full the seminar is

-- %% Places
local place = seminars.find(seminar)
if not place then
  op.abort(i18n.t("There is no seminar {id}.", { id = seminar }))
end
local taken = enrolment.active_participants(seminar)
op.chart({
  { label = "taken", value = taken },
  { label = "free", value = math.max(place.capacity - taken, 0) },
}, { title = place.name })

-- %% [markdown]
-- ## The reversal
--
-- The rule is the one of `scripts/operators/reverse_drop.lua`: a full seminar is refused unless `over_capacity` is
-- given, and with `allow_rejoin` the old row is removed instead.

-- %% Bring the student back
local names = { email = email, name = place.name, id = seminar }
local refusals = {
  no_reason = "Give a reason: it is kept with the run.",
  never_joined = '{email} has never been in "{name}" ({id}), so there is no drop to reverse.',
  not_dropped = '{email} is in "{name}" ({id}) and has not dropped it: there is nothing to reverse.',
  seminar_full = '"{name}" ({id}) is full. Give over_capacity=true to bring the student back all the same.',
}
local row, refusal = enrolment.reverse_drop(student.id, seminar, {
  reason = reason,
  over_capacity = over_capacity,
  allow_rejoin = allow_rejoin,
})
if not row then
  op.abort(i18n.t(refusals[refusal] or refusal, names))
end
if allow_rejoin then
  op.say(i18n.t('{email} may join "{name}" ({id}) again; until then the student is not in it.', names))
else
  op.say(i18n.t('{email} is back in "{name}" ({id}).', names))
end

-- %% [markdown]
-- ## The seminar as it will be

-- %% Its participants
local after = enrolment.of_seminar(seminar)
after.columns = { "role", "email", "is_active", "joined_at", "dropped_at" }
op.table(after)
