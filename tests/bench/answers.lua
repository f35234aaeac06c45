--- Answers: is this the right one, and do two servers give the same?
-- @module bench.answers
local client = require "support.client"
local json = require "mulligan.json"

local answers = {}

--- The first place at which two values differ.
-- @param ours any value that JSON has
-- @param theirs another
-- @param place what they are called
-- @return where, and how, in words; nil if they are the same
function answers.difference(ours, theirs, place)
  if type(ours) ~= "table" or type(theirs) ~= "table" then
    if ours == theirs then
      return nil
    end
    local is <const>, wanted <const> = theirs ~= nil and json.encode(theirs) or "absent", json.encode(ours)
    return ("%s is %s, not %s"):format(place, is, wanted)
  end
  for key, value in pairs(ours) do
    local found <const> = answers.difference(value, theirs[key], place .. "." .. key)
    if found then
      return found
    end
  end
  for key in pairs(theirs) do
    if ours[key] == nil then
      return ("%s.%s is there"):format(place, key)
    end
  end
  return nil
end

--- Sends a request and checks its answer.
-- @param server host, port and name
-- @param request as of support.client
-- @param expected `status`; `body`: the value that the JSON must have, or nil for any; `same`: a function that takes
-- away from a value what differs from one answer to the next, or nil
-- @return the value of the answer's body, and the body's text; raises, naming the server and what is wrong
function answers.check(server, request, expected)
  local response <const> = client.request(server, request)
  local function wrong(what)
    error(("%s: wrong answer to %s %s: %s"):format(server.name, request.method or "GET", request.path, what), 0)
  end
  if response.status ~= expected.status then
    wrong(("status %d instead of %d: %s"):format(response.status, expected.status, response.body:sub(1, 500)))
  end
  local value, message = json.decode(response.body)
  if value == nil then
    wrong("no JSON: " .. message)
  end
  if expected.same then
    value = expected.same(value)
  end
  if expected.body ~= nil then
    local found <const> = answers.difference(expected.body, value, "body")
    if found then
      wrong(found)
    end
  end
  return value, response.body
end

--- Fails if a load did not go as it should.
-- @param server its name
-- @param result of load.run()
-- @param status what every answer should be
function answers.check_load(server, result, status)
  for kind, count in pairs(result.errors) do
    local wanted <const> = kind == "status" and status >= 400 and result.requests or 0
    if count ~= wanted then
      local what <const> = kind == "status" and "answers of 400 or above" or kind .. " errors"
      error(("%s: %d %s instead of %d, in %d answers"):format(server.name, count, what, wanted, result.requests), 0)
    end
  end
  if result.requests == 0 then
    error(server.name .. ": no answer under load", 0)
  end
end

return answers
