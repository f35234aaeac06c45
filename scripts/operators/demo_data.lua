--- Demo data: people, seminars and a few drops to try things with, for an empty database.
-- `mulligan serve --demo` runs it.

local db = require "mulligan.db"
local demo_history = require "models.demo_history"
local enrolment = require "models.enrolment"
local i18n = require "mulligan.i18n"
local passwords = require "lib.passwords"
local seminars = require "models.seminars"
local users = require "models.users"

-- One password for all: these accounts are there to be used by whoever tries the program.
local PASSWORD <const> = "second-try"

local INSTRUCTORS <const> = {
  { "grace", "Grace", "Park", company = "Wafflesoft", year = 11 },
  { "minho", "민호", "김", company = "한빛연구소", year = 4 },
  { "irene", "Irene", "Novák", company = "", year = nil },
}

local PARTICIPANTS <const> = {
  { "jiwoo", "지우", "이", university = "서울대학교" },
  { "seoyeon", "서연", "박", university = "연세대학교" },
  { "alice", "Alice", "Weber", university = "TU Wien" },
  { "haneul", "하늘", "정", university = "고려대학교" },
  { "tomas", "Tomás", "Silva", university = "Universidade do Porto" },
  { "yuna", "유나", "최", university = "KAIST" },
  { "daniel", "Daniel", "Okafor", university = "University of Lagos" },
  { "doyun", "도윤", "강", university = "포항공과대학교" },
  { "emma", "Emma", "Larsen", university = "Aarhus Universitet" },
  { "minjun", "민준", "조", university = "서울대학교" },
  { "sofia", "Sofia", "Rossi", university = "Università di Bologna" },
  { "soomin", "수민", "윤", university = "" },
  { "lucas", "Lucas", "Martin", university = "Université de Lyon" },
  { "chaewon", "채원", "장", university = "이화여자대학교" },
  { "noah", "Noah", "Fischer", university = "ETH Zürich" },
  { "eunji", "은지", "임", university = "부산대학교" },
  { "priya", "Priya", "Nair", university = "IIT Madras" },
  { "taeyang", "태양", "한", university = "한양대학교" },
  { "olivia", "Olivia", "Brown", university = "University of Leeds" },
  { "gaeun", "가은", "오", university = "", accepted = false },
}

-- Each seminar: its instructor, its participants in the order of joining, and which of them dropped it.
local SEMINARS <const> = {
  {
    name = "Lua from the inside", capacity = 6, count = 8, time = "19:00", online = true,
    instructor = "grace",
    participants = { "jiwoo", "alice", "tomas", "yuna", "emma", "noah" },
    dropped = { "jiwoo" },
  },
  {
    name = "데이터베이스 첫걸음", capacity = 10, count = 6, time = "18:30", online = false,
    instructor = "minho",
    participants = { "seoyeon", "haneul", "doyun", "minjun", "soomin", "chaewon", "eunji" },
    dropped = { "haneul", "eunji" },
  },
  {
    name = "Servers in C", capacity = 4, count = 10, time = "20:00", online = true,
    instructor = "irene",
    participants = { "daniel", "sofia", "lucas", "priya", "olivia" },
    dropped = { "lucas" },
  },
  {
    name = "좋은 오류 메시지 쓰기", capacity = 15, count = 3, time = "10:00", online = true,
    instructor = "grace",
    participants = { "jiwoo", "seoyeon", "taeyang", "alice" },
    dropped = {},
  },
  {
    name = "Writing for people: café talks", capacity = 8, count = 4, time = "16:15", online = false,
    instructor = "minho",
    participants = {},
    dropped = {},
  },
}

local function email_of(name)
  return name .. "@example.com"
end

-- The days lie apart by odd fractions, as people do.
local function create_people(list, role, ids)
  for index, person in ipairs(list) do
    local name <const> = person[1]
    ids[name] = users.create {
      email = email_of(name),
      username = name,
      password = passwords.hash(PASSWORD),
      first_name = person[2],
      last_name = person[3],
      role = role,
      university = person.university,
      accepted = person.accepted ~= false,
      company = person.company,
      year = person.year,
    }
    demo_history.signed_up(ids[name], 61.3 - index * 0.37)
  end
end

local function create_seminar(seminar, ids, days)
  local id <const> = seminars.create(seminar, ids[seminar.instructor])
  demo_history.opened(id, days)
  local dropped <const> = {}
  for _, name in ipairs(seminar.dropped) do
    dropped[name] = true
  end
  -- Who drops does so before the next one joins, so that a full seminar may have had more than it holds.
  for index, name in ipairs(seminar.participants) do
    assert(enrolment.join(ids[name], id, "participant"))
    if dropped[name] then
      enrolment.drop(ids[name], id)
    end
    demo_history.joined(ids[name], id, days - index * 0.83)
  end
end

local function run(_, op)
  if db.one("SELECT 1 FROM user LIMIT 1") then
    op.abort(i18n.t("There are users already: demo data goes into an empty database only."))
  end
  local ids <const> = {}
  create_people(INSTRUCTORS, "instructor", ids)
  create_people(PARTICIPANTS, "participant", ids)
  for index, seminar in ipairs(SEMINARS) do
    create_seminar(seminar, ids, 47.6 - index * 5.21)
  end

  op.say(i18n.t("Demo data: {instructors} instructors, {participants} participants, {seminars} seminars, some drops.", {
    instructors = #INSTRUCTORS,
    participants = #PARTICIPANTS,
    seminars = #SEMINARS,
  }))
  op.say(i18n.t("Log in as any of them; the password is {password} for all.", { password = PASSWORD }))
  op.say(i18n.t("An instructor: {email}", { email = email_of(INSTRUCTORS[1][1]) }))
  op.say(i18n.t("A participant: {email}", { email = email_of(PARTICIPANTS[3][1]) }))
  op.say(i18n.t("A participant who dropped seminar {id}: {email}", {
    id = 1,
    email = email_of(SEMINARS[1].dropped[1]),
  }))
end

return {
  title = i18n.t("Demo data"),
  summary = i18n.t("Fills an empty database with people, seminars and a few drops to try things with."),
  params = {},
  run = run,
}
