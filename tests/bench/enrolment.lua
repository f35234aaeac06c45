--- What joining and dropping have in common: requests of the world "busy" by each participant in turn, seminar after
-- seminar.
-- @module bench.enrolment
local worlds = require "bench.worlds"

local enrolment = {}

--- The requests of one seminar.
-- @param world "busy"
-- @param request method and, perhaps, body
-- @return a list, one for each participant
function enrolment.requests(world, request)
  local list <const> = {}
  for user = 1, worlds.PARTICIPANTS do
    local headers <const> = worlds.as(world, user)
    headers["Content-Type"] = request.body and "application/json"
    list[user] = { method = request.method, path = "/api/v1/seminar/{n}/user/", headers = headers, body = request.body }
  end
  return list
end

--- A seminar's answer without its number, which differs from check to check, and without when it was joined or dropped.
function enrolment.same(seminar)
  seminar.id, seminar.name, seminar.online = nil, nil, nil
  for _, instructor in ipairs(seminar.instructors) do
    instructor.id, instructor.username, instructor.email, instructor.joined_at = nil, nil, nil, nil
  end
  for _, participant in ipairs(seminar.participants) do
    participant.joined_at, participant.dropped_at = nil, type(participant.dropped_at)
  end
  return seminar
end

--- A range of seminars, to be walked through.
function enrolment.walk(range)
  return { first = range.first, last = range.last }
end

--- Fails unless the server's database holds what it answered: a row too few is an answer that was a lie, and no more
-- may be there than wrk had under way whenever it stopped.
-- @param run the run
-- @param world "busy"
-- @param server which was asked
-- @param answered how often
-- @param condition SQL that holds for the rows of these answers
function enrolment.check_rows(run, world, server, answered, condition)
  local database <const> = server.kind == "host" and world.data .. "/app.db" or world.databases[server.kind]
  local rows <const> = worlds.count(database, "user_seminar WHERE " .. condition)
  local most <const> = answered + server.loads * run.CONNECTIONS + 20
  if rows < answered or rows > most then
    error(("%s answered %d times, and %d rows are there"):format(server.name, answered, rows), 0)
  end
end

return enrolment
