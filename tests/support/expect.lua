--- What every answer of the host keeps to, whoever asked.
-- @module support.expect
local expect = {}

local REFERENCE <const> = "^ERR%-" .. ("[0-9A-HJKMNP-TV-Z]"):rep(4) .. "%-" .. ("[0-9A-HJKMNP-TV-Z]"):rep(4) .. "$"

--- Fails unless the response is a refusal with a reason as JSON.
-- @param response the response
-- @param status what it must be
-- @return its body, decoded
function expect.refusal(response, status)
  if response.status ~= status then
    error(("expected %d, got %d: %s"):format(status, response.status, response.body), 2)
  end
  if not (response.headers["content-type"] or ""):find("^application/json") then
    error("a refusal that is not JSON: " .. tostring(response.headers["content-type"]), 2)
  end
  local body <const> = response.json()
  if type(body) ~= "table" or next(body) == nil then
    error("a refusal without a reason: " .. response.body, 2)
  end
  return body
end

--- Fails unless the response is a failure as JSON whose body carries a well-formed reference.
-- @param response the response
-- @param status what it must be; 500 unless given
-- @return the reference
-- @return its body, decoded
function expect.failure(response, status)
  local body <const> = expect.refusal(response, status or 500)
  if type(body.error_id) ~= "string" or not body.error_id:find(REFERENCE) then
    error("a failure without a reference: " .. response.body, 2)
  end
  return body.error_id, body
end

--- Fails unless exactly one response came, after which the server ended the connection: a 400 with a body, or its more
-- exact kin, 411 for a length that is missing and 431 for too many headers.
-- @param bytes all that came back
-- @param closed did the server end the connection
function expect.one_bad_request(bytes, closed)
  local _, count = bytes:gsub("HTTP/1%.[01] %d%d%d ", "")
  if count ~= 1 then
    error(("expected one response, got %d:\n%s"):format(count, bytes), 2)
  end
  local status = bytes:match("^HTTP/1%.1 (%d+) ")
  if status ~= "400" and status ~= "411" and status ~= "431" then
    error("expected a 400, got:\n" .. bytes, 2)
  end
  if not bytes:find("\r\n\r\n.") then
    error("a 400 without a body:\n" .. bytes, 2)
  end
  if not closed then
    error("the connection was left open after:\n" .. bytes, 2)
  end
end

return expect
