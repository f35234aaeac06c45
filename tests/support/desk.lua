--- The operators' desk in a test: a data folder of its own and the commands that work on it.
-- @module support.desk
local json = require "mulligan.json"
local server = require "support.server"
local shell = require "support.shell"

local Desk = {}
Desk.__index = Desk

local desk = {}

--- Makes a migrated data folder; the caller ends it with close().
-- @param app the scripts folder, below the project's
-- @return the desk: data, scripts, program
function desk.open(app)
  local self <const> = setmetatable({
    data = shell.temporary_folder(), scripts = server.source(app), program = (server.binary()),
  }, Desk)
  local migrated <const> = server.run { "migrate", "--data", self.data, "--scripts", self.scripts }
  if migrated.status ~= 0 then
    error(migrated.stderr, 2)
  end
  return self
end

function Desk:close()
  shell.remove(self.data)
end

--- A command's arguments with those that name the folders.
-- @param ... the command and its arguments
-- @return a list
function Desk:arguments(...)
  return shell.append({ ... }, { "--data", self.data, "--scripts", self.scripts })
end

--- Runs a command to its end.
-- @param ... the command and its arguments
-- @return a table: status, stdout, stderr
function Desk:cli(...)
  return server.run(self:arguments(...), { environment = self.environment })
end

--- The same desk for somebody with other variables in the environment.
-- @param environment a table of names and values
-- @return a desk on the same folders, which needs no close()
function Desk:with(environment)
  return setmetatable({
    data = self.data, scripts = self.scripts, program = self.program, environment = environment,
  }, Desk)
end

--- Runs a command that must end well.
-- @return its standard output
function Desk:done(...)
  local result <const> = self:cli(...)
  if result.status ~= 0 then
    error(("status %d\n%s%s"):format(result.status, result.stdout, result.stderr), 2)
  end
  return result.stdout
end

--- Runs a command with --json that must end well.
-- @return what it prints, decoded
function Desk:json(...)
  return json.decode(self:done(table.unpack(shell.append({ ... }, { "--json" }))))
end

--- Runs a command that must be refused (exit status 3) in these words.
-- @param words a text that its standard error must hold
-- @param ... the command and its arguments
-- @return its standard error
function Desk:refused(words, ...)
  local result <const> = self:cli(...)
  if result.status ~= 3 or not result.stderr:find(words, 1, true) then
    error(("expected a refusal with '%s', got status %d\n%s%s"):format(words, result.status, result.stdout,
      result.stderr), 2)
  end
  return result.stderr
end

--- What an SQL text gives on one of the databases, as the sqlite3 shell prints it.
-- @param sql the text
-- @param database app.db unless given
-- @return the output without its last line break
function Desk:sql(sql, database)
  local result <const> = shell.run { "sqlite3", self.data .. "/" .. (database or "app.db"), sql }
  if result.status ~= 0 then
    error(result.stderr, 2)
  end
  return (result.stdout:gsub("\n$", ""))
end

--- The same as a command line, for the other hand of a terminal.
function Desk:sql_command(sql)
  return shell.join { "sqlite3", self.data .. "/app.db", sql }
end

--- A command of the program as a line for the shell.
-- @param ... the command and its arguments
function Desk:command(...)
  return shell.join(self:arguments(server.binary(), ...)) .. " >/dev/null 2>&1"
end

--- The size of a file of the data folder.
-- @param name the file
-- @return its bytes; 0 if there is none
function Desk:size(name)
  return #(shell.read(self.data .. "/" .. name) or "")
end

--- The newest run in the audit.
-- @return an object of `audit list --json`
function Desk:newest()
  return self:json("audit", "list")[1]
end

return desk
