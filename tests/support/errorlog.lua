--- What ErrorLog knows, asked through the command line as the server team asks it.
-- @module support.errorlog
local json = require "mulligan.json"

local errorlog = {}

--- The row of a reference; fails if there is none.
-- @param host the server
-- @param reference as a client was told
-- @return the row, decoded
function errorlog.row(host, reference)
  local shown <const> = host:cli("errors", "show", reference, "--json")
  if shown.status ~= 0 then
    error(("%s does not resolve: %s\n%s"):format(reference, shown.stderr, host:log()), 2)
  end
  return assert(json.decode(shown.stdout))
end

--- The rows of a list.
-- @param host the server
-- @param ... flags of `errors list`
-- @return a list of rows, the newest first
function errorlog.list(host, ...)
  local listed <const> = host:cli("errors", "list", "--json", ...)
  if listed.status ~= 0 then
    error("errors list: " .. listed.stderr, 2)
  end
  return assert(json.decode(listed.stdout))
end

--- The group of a row.
-- @param host the server
-- @param row as row() gives it
-- @return the group, decoded
function errorlog.group(host, row)
  local listed <const> = host:cli("errors", "groups", "--group", tostring(row.group_id), "--json")
  if listed.status ~= 0 then
    error("errors groups: " .. listed.stderr, 2)
  end
  return assert(json.decode(listed.stdout))[1]
end

return errorlog
