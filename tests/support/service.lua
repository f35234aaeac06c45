--- People and seminars of the seminar service, made over HTTP as any client makes them.
-- @module support.service
local client = require "support.client"

local service = {}

--- The ways in which clients send a body, by name: functions of server, method, path, fields and headers.
service.ENCODINGS = { "json", "form", "multipart" }

local function expect_status(response, status)
  if response.status ~= status then
    error(("expected %d, got %d: %s"):format(status, response.status, response.body), 3)
  end
  return response
end

--- The fields of somebody who signs up; no two calls name the same person.
-- @param more fields to add or, by `false`, to leave out
-- @return a table
function service.person(more)
  service.people = (service.people or 0) + 1
  local fields <const> = {
    email = ("person%d@example.com"):format(service.people),
    username = "person" .. service.people,
    password = "correct horse",
    role = "participant",
  }
  for name, value in pairs(more or {}) do
    fields[name] = value or nil
  end
  return fields
end

--- Signs somebody up.
-- @param server the server
-- @param more as of service.person()
-- @return a table: email, password, token, headers (for every further request) and id
function service.signup(server, more)
  local fields <const> = service.person(more)
  local response <const> = expect_status(client.json(server, "POST", "/api/v1/signup/", fields), 201)
  local token <const> = response.json().token
  local who <const> = {
    email = fields.email,
    password = fields.password,
    token = token,
    headers = { Authorization = "JWT " .. token },
  }
  who.id = service.me(server, who).id
  return who
end

--- Signs an instructor up.
function service.instructor(server)
  return service.signup(server, { role = "instructor" })
end

--- What user/me/ says.
-- @return USER
function service.me(server, who)
  return expect_status(client.get(server, "/api/v1/user/me/", who.headers), 200).json()
end

--- Opens a seminar.
-- @param server the server
-- @param who the instructor
-- @param more fields that differ from those of a plain one
-- @return SEMINAR
function service.seminar(server, who, more)
  local fields <const> = { name = "A seminar", capacity = 10, count = 4, time = "19:00" }
  for name, value in pairs(more or {}) do
    fields[name] = value
  end
  return expect_status(client.json(server, "POST", "/api/v1/seminar/", fields, who.headers), 201).json()
end

--- Asks to join a seminar.
-- @param role participant unless given
-- @return the response
function service.join(server, who, seminar, role)
  local path <const> = ("/api/v1/seminar/%d/user/"):format(seminar.id)
  return client.json(server, "POST", path, { role = role or "participant" }, who.headers)
end

--- Asks to drop a seminar.
-- @return the response
function service.drop(server, who, seminar)
  return client.request(server, {
    method = "DELETE", path = ("/api/v1/seminar/%d/user/"):format(seminar.id), headers = who.headers,
  })
end

--- What a seminar's page says.
-- @return SEMINAR
function service.show(server, who, seminar)
  local path <const> = ("/api/v1/seminar/%d/"):format(seminar.id)
  return expect_status(client.get(server, path, who.headers), 200).json()
end

--- The entry of a list whose id it is.
-- @param list people or seminars
-- @param id the id
-- @return the entry, or nil
function service.by_id(list, id)
  for _, item in ipairs(list) do
    if item.id == id then
      return item
    end
  end
  return nil
end

return service
