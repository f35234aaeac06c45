--- Worlds: what scenarios run on. A world is an application with a data folder of the host's, and the same data for its
-- peers; each server of a world gets data of its own, which no other server sees.
-- @module bench.worlds
local client = require "support.client"
local process = require "bench.process"
local shell = require "support.shell"

local worlds = {}

--- The members of the service's worlds: user 1 to 20 are participants, 21 to 40 instructors.
local PARTICIPANTS <const>, INSTRUCTORS <const> = 20, 20
worlds.PARTICIPANTS = PARTICIPANTS
local PASSWORD <const> = "second-try"

local BINARY <const> = "build/bench/mulligan"
worlds.BINARY = BINARY

local function must(command)
  local result <const> = shell.run(command)
  if result.status ~= 0 then
    error(("%s failed:\n%s"):format(shell.join(command), result.stderr .. result.stdout), 0)
  end
  return result.stdout
end

--- Runs a script of SQL, as long as it takes: shell.run() ends what takes longer than two minutes.
-- @param database the file
-- @param script the SQL
-- @param folder where the script and its log may stand
function worlds.sql(database, script, folder)
  local path <const> = folder .. "/script.sql"
  shell.write(path, script)
  local command <const> = ("sqlite3 -bail %s <%s >%s.log 2>&1"):format(shell.quote(database), shell.quote(path),
    shell.quote(path))
  if not os.execute(command) then
    error(("sqlite3 could not fill %s:\n%s"):format(database, shell.read(path .. ".log")), 0)
  end
end

--- Counts rows.
-- @param database the file
-- @param what a table, perhaps with a condition
-- @return the number
function worlds.count(database, what)
  return math.tointeger(tonumber(must { "sqlite3", "-bail", "-readonly", database, "SELECT count(*) FROM " .. what }))
end

--- A command of the host on a data folder, to its end; raises if it fails.
-- @param data the data folder
-- @param scripts the scripts folder
-- @param ... the command and its arguments
-- @return its standard output
function worlds.host(data, scripts, ...)
  return must(shell.append({ BINARY, ... }, { "--data", data, "--scripts", scripts }))
end

--- The words that serve a data folder.
function worlds.serve(data, scripts)
  return { BINARY, "serve", "--port", "0", "--data", data, "--scripts", scripts }
end

--- What the host prints when it listens.
worlds.ANNOUNCES = "^mulligan: listening on http://127%.0%.0%.1:(%d+)$"

-- ---- the service's people ----

local function sign_up(server, number)
  local role <const> = number <= PARTICIPANTS and "participant" or "instructor"
  local person <const> = {
    email = ("%s%d@example.com"):format(role, number), username = role .. number, password = PASSWORD, role = role,
    first_name = "First", last_name = "Last", university = "University of Somewhere", company = "A Company", year = 3,
  }
  local response <const> = client.json(server, "POST", "/api/v1/signup/", person)
  if response.status ~= 201 then
    error(("the host let nobody sign up: %d %s"):format(response.status, response.body), 0)
  end
  return response.json().token
end

--- The people of all worlds of the service, signed up once in a run, by the host itself.
-- @return a table: data (the folder), tokens (a list, by user)
local function people(run)
  if not run.people then
    local data <const> = run.work .. "/people"
    run:say("signing up %d people", PARTICIPANTS + INSTRUCTORS)
    local server <const> = process.start {
      name = "people", work = run.work, command = worlds.serve(data, "scripts"), announces = worlds.ANNOUNCES,
    }
    local tokens <const> = {}
    for number = 1, PARTICIPANTS + INSTRUCTORS do
      tokens[number] = sign_up(server, number)
    end
    assert(server:stop())
    run.people = { data = data, tokens = tokens }
  end
  return run.people
end

-- ---- the service's seminars ----

-- Seminars from number `first` to `last`; each is a microsecond's work apart, never on a whole second.
local function seminars_sql(first, last, name)
  return ([[
    INSERT INTO seminar (id, name, capacity, count, time, online, created_at, updated_at)
    WITH RECURSIVE number (n) AS (SELECT %d UNION ALL SELECT n + 1 FROM number WHERE n < %d)
    SELECT n, '%s ' || n, 1000, 6, '19:30', n %% 2,
           strftime('%%Y-%%m-%%dT%%H:%%M:%%S', 1700000000 + n * 7, 'unixepoch') || '.012345Z',
           strftime('%%Y-%%m-%%dT%%H:%%M:%%S', 1700000000 + n * 7, 'unixepoch') || '.012345Z'
      FROM number;
  ]]):format(first, last, name)
end

-- Lets users join seminars: `member` is the user's id in SQL, of the seminar's number n (and m, up to `many`).
local function members_sql(first, last, role, member, many)
  return ([[
    INSERT INTO user_seminar (user_id, seminar_id, role, created_at, updated_at)
    WITH RECURSIVE number (n) AS (SELECT %d UNION ALL SELECT n + 1 FROM number WHERE n < %d),
                   member (m) AS (SELECT 1 UNION ALL SELECT m + 1 FROM member WHERE m < %d)
    SELECT %s, n, '%s',
           strftime('%%Y-%%m-%%dT%%H:%%M:%%S', 1750000000 + n * 50 + m, 'unixepoch') || '.054321Z',
           strftime('%%Y-%%m-%%dT%%H:%%M:%%S', 1750000000 + n * 50 + m, 'unixepoch') || '.054321Z'
      FROM number, member;
  ]]):format(first, last, many, member, role)
end

-- Twenty seminars, each with twenty participants, who are therefore in twenty seminars each, and its own instructor.
local function measured_sql()
  return seminars_sql(1, 20, "Measured seminar")
    .. members_sql(1, 20, "instructor", PARTICIPANTS .. " + n", 1)
    .. members_sql(1, 20, "participant", "m", PARTICIPANTS)
end

-- What the DRF peer's tables get of the host's database; Django keeps dates without T and Z.
local function copy_sql(from)
  local function date(column)
    return ("replace(replace(%s, 'T', ' '), 'Z', '')"):format(column)
  end
  local created <const>, updated <const> = date "created_at", date "updated_at"
  return ("ATTACH '%s' AS host; BEGIN;"):format(from)
    .. ([[
      INSERT INTO user (id, username, email, password, first_name, last_name, last_login, date_joined)
      SELECT id, username, email, 'argon2' || password, first_name, last_name, NULL, %s FROM host.user;
    ]]):format(date "date_joined")
    .. ([[
      INSERT INTO participant_profile (id, user_id, university, accepted, created_at, updated_at)
      SELECT id, user_id, university, accepted, CREATED, UPDATED FROM host.participant_profile;
      INSERT INTO instructor_profile (id, user_id, company, year, created_at, updated_at)
      SELECT id, user_id, company, year, CREATED, UPDATED FROM host.instructor_profile;
      INSERT INTO seminar (id, name, capacity, count, time, online, created_at, updated_at)
      SELECT id, name, capacity, count, time, online, CREATED, UPDATED FROM host.seminar;
      INSERT INTO user_seminar (id, user_id, seminar_id, role, is_active, dropped_at, created_at, updated_at)
      SELECT id, user_id, seminar_id, role, is_active, NULL, CREATED, UPDATED FROM host.user_seminar;
      COMMIT;
    ]]):gsub("CREATED", created):gsub("UPDATED", updated)
end

-- The DRF peer's database, made by Django and filled by `script`.
local function drf_database(folder, secret, script)
  local database <const> = folder .. "/drf.db"
  must(shell.append(shell.environment {
    DJANGO_SETTINGS_MODULE = "peer.settings", BENCH_DATABASE = database, BENCH_SECRET = secret,
    PYTHONPATH = "tests/bench/peers/drf", PYTHONDONTWRITEBYTECODE = 1,
  }, { "/usr/bin/python3", "-m", "django", "migrate", "--run-syncdb" }))
  worlds.sql(database, script, folder)
  return database
end

local function service(run, name, options)
  local everybody <const> = people(run)
  local folder <const> = run.work .. "/" .. name
  local data <const> = folder .. "/data"
  must { "mkdir", "-p", folder }
  must { "cp", "-r", everybody.data, data }
  worlds.sql(data .. "/app.db", "BEGIN;" .. options.sql .. "COMMIT;", folder)
  local world <const> = {
    folder = folder, data = data, scripts = options.scripts or "scripts", secret = data .. "/secret.key",
    tokens = everybody.tokens, password = PASSWORD, databases = {},
  }
  if not options.host_only then
    world.databases.drf = drf_database(folder, world.secret, copy_sql(data .. "/app.db"))
    world.databases.flask = folder .. "/flask.db"
    worlds.sql(world.databases.flask, "PRAGMA journal_mode = WAL;", folder)
  end
  return world
end

--- The header that says who asks.
-- @param world one of the service's
-- @param user the user's id
-- @return a table of headers
function worlds.as(world, user)
  return { Authorization = "JWT " .. world.tokens[user] }
end

-- ---- the worlds ----

local MAKERS <const> = {}

--- The benchmark's own application: a small JSON answer, and a table of a thousand rows.
function MAKERS.synthetic(run)
  local folder <const>, scripts <const> = run.work .. "/synthetic", "tests/bench/app"
  local data <const> = folder .. "/data"
  worlds.host(data, scripts, "migrate")
  local world <const> = { folder = folder, data = data, scripts = scripts, databases = {} }
  local rows <const> = shell.read(scripts .. "/migrations/0001_seminar.sql")
  for _, kind in ipairs { "nginx", "flask" } do
    world.databases[kind] = ("%s/%s.db"):format(folder, kind)
    worlds.sql(world.databases[kind], "PRAGMA journal_mode = WAL;" .. rows, folder)
  end
  world.secret = folder .. "/drf.key"
  shell.write(world.secret, ("0"):rep(64))
  world.databases.drf = drf_database(folder, world.secret, ([[
    ATTACH '%s/app.db' AS host;
    INSERT INTO seminar (id, name, capacity, count, time, online, created_at, updated_at)
    SELECT id, name, capacity, count, time, TRUE, '2026-01-01 00:00:00', '2026-01-01 00:00:00' FROM host.seminar;
  ]]):format(data))
  return world
end

--- The service with twenty seminars of twenty participants.
function MAKERS.service(run)
  return service(run, "service", { sql = measured_sql() })
end

--- The same, for scenarios that fill ErrorLog.
function MAKERS.errors(run)
  return service(run, "errors", { sql = measured_sql() })
end

--- The same again, for another such scenario.
function MAKERS.errors_whole(run)
  return service(run, "errors_whole", { sql = measured_sql() })
end

--- The same, for scenarios that log in: one address plays everybody there, so its share of logins is no limit. It is
-- counted all the same.
function MAKERS.logins(run)
  local scripts <const> = run.work .. "/logins/scripts"
  must { "mkdir", "-p", run.work .. "/logins" }
  must { "cp", "-r", "scripts", scripts }
  local settings <const>, limits <const> = shell.read("scripts/settings.lua"):gsub('"%d+/min"', '"1000000000/min"')
  if limits ~= 2 then
    error("scripts/settings.lua has other throttle rates than the benchmark knows", 0)
  end
  shell.write(scripts .. "/settings.lua", settings)
  return service(run, "logins", { sql = measured_sql(), scripts = scripts })
end

--- Many seminars to join, which are empty, and as many to drop, which have their twenty participants.
-- More than the fastest host would get through: `joins` and `drops` are each { first, last }.
function MAKERS.busy(run)
  local seminars <const> = 1000 * (run.rounds * run.seconds + 1)
  local world <const> = service(run, "busy", {
    sql = seminars_sql(1, 2 * seminars, "Seminar")
      .. members_sql(1, 2 * seminars, "instructor", PARTICIPANTS .. " + 1 + n % " .. INSTRUCTORS, 1)
      .. members_sql(seminars + 1, 2 * seminars, "participant", "m", PARTICIPANTS),
  })
  world.joins = { first = 1, last = seminars }
  world.drops = { first = seminars + 1, last = 2 * seminars }
  return world
end

-- The twenty seminars among many others, each with an instructor and a participant; a tenth as many people.
local function grown(run, seminars)
  local others <const> = seminars // 10
  local first <const> = PARTICIPANTS + INSTRUCTORS
  return service(run, "grown_" .. seminars, {
    host_only = true,
    sql = measured_sql() .. ([[
      INSERT INTO user (id, username, email, password, date_joined)
      WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < %d)
      SELECT %d + n, 'other' || n, 'other' || n || '@example.com', 'none', '2023-11-14T00:00:00.012345Z' FROM number;
      INSERT INTO participant_profile (user_id, created_at, updated_at)
      SELECT id, date_joined, date_joined FROM user WHERE id > %d;
    ]]):format(others, first, first)
      .. seminars_sql(21, seminars, "Another seminar")
      .. members_sql(21, seminars, "instructor", PARTICIPANTS .. " + 1 + n % " .. INSTRUCTORS, 1)
      .. members_sql(21, seminars, "participant", first .. " + 1 + n % " .. others, 1),
  })
end

for _, seminars in ipairs { 1000, 100000, 1000000 } do
  MAKERS["grown_" .. seminars] = function(run)
    return grown(run, seminars)
  end
end

--- Makes a world, or finds it made.
-- @param run the run
-- @param name of the world
-- @return a table: folder, data, scripts; databases, the peers' by kind; for the service's worlds secret, tokens and
-- password
function worlds.get(run, name)
  local made = run.worlds[name]
  if not made then
    run:say("making the world '%s'", name)
    made = assert(MAKERS[name], "no world " .. name)(run)
    made.name = name
    run.worlds[name] = made
  end
  return made
end

return worlds
