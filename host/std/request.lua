--- The request, as a handler gets it: a table whose fields are worked out when they are first read.
--
-- The host's own: `method, path, route, params, text` (the raw body)`, id, remote_addr, language`. From here: `headers`
-- (lower-case names), `query` (first values), `query_all` and `data` (the parsed body). Set on the way: `user`, `auth`.
-- It holds no pointer into the connection: whatever was sent is still there when the request is over.
local core = require "mulligan.core"
local exceptions = require "mulligan.exceptions"
local parsers = require "mulligan.parsers"

local request = {}

local compute = {}

function compute.headers(req)
  return core.parse_headers(core.request_part(req, "headers"))
end

-- One reading of the query gives both.
local function parse_query(req, name)
  local first, all = core.parse_query(core.request_part(req, "query"))
  if not first then
    exceptions.ParseError("The query string is malformed.", "malformed_query"):raise()
  end
  rawset(req, "query", first)
  rawset(req, "query_all", all)
  return rawget(req, name)
end

function compute.query(req)
  return parse_query(req, "query")
end

function compute.query_all(req)
  return parse_query(req, "query_all")
end

-- Raises ParseError or UnsupportedMediaType; a handler that catches it and reads again meets it again.
function compute.data(req)
  local entry = core.request_part(req, "entry")
  return parsers.parse(req.headers["content-type"] or "", core.request_part(req, "body"), entry and entry.parsers)
end

--- The metatable of every request.
request.type = {
  __name = "Request",
  __index = core.request_index(compute),
}

return request
