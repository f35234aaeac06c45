--- The request, as a handler gets it: fields that the host fills in at once, and fields worked out when first read.
--
-- At once: `method, path, route, params, id, remote_addr, language`. When first read: `headers` (lower-case names),
-- `query` (first values), `query_all`, `text` (the raw body) and `data` (the parsed body). Set on the way: `user`,
-- `auth`. It holds no pointer into the connection: whatever was sent is still there when the request is over.
local core = require "mulligan.core"
local exceptions = require "mulligan.exceptions"
local parsers = require "mulligan.parsers"

local request = {}

-- The host keeps the raw parts in a function at this place, which gives them out by number.
local RAW <const> = 1
local HEADERS <const>, QUERY <const>, BODY <const>, ENTRY <const> = 1, 2, 3, 4

local function raw(req, part)
  return rawget(req, RAW)(part)
end

local function parse_query(req)
  local first, all = core.parse_query(raw(req, QUERY))
  if not first then
    exceptions.ParseError("The query string is malformed.", "malformed_query"):raise()
  end
  rawset(req, "query", first)
  rawset(req, "query_all", all)
end

local compute = {}

function compute.headers(req)
  rawset(req, "headers", core.parse_headers(raw(req, HEADERS)))
end

compute.query = parse_query
compute.query_all = parse_query

function compute.text(req)
  rawset(req, "text", raw(req, BODY))
end

-- Raises ParseError or UnsupportedMediaType; a handler that catches it and reads again meets it again.
function compute.data(req)
  local entry = raw(req, ENTRY)
  rawset(req, "data", parsers.parse(req.headers["content-type"] or "", raw(req, BODY), entry and entry.parsers))
end

--- The metatable of every request.
request.type = {
  __name = "Request",
  __index = function(req, name)
    local work_out = compute[name]
    if work_out then
      work_out(req)
      return rawget(req, name)
    end
    return nil
  end,
}

return request
