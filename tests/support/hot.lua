--- A host whose scripts are edited while it runs.
-- @module support.hot
local client = require "support.client"
local server = require "support.server"
local shell = require "support.shell"

local Hot = {}
Hot.__index = Hot

local hot = {}

--- A route file that answers GET /PATH/ with { version = VERSION }.
-- @param path without its slashes
-- @param version a number, or a text in its quotes
-- @return the source
function hot.route(path, version)
  return ([[
local route = require "mulligan.route"

route.get("/%s/", function()
  return 200, { version = %s }
end)
]]):format(path, version)
end

--- A temporary scripts folder with the route /hello/ at version 1; start() starts a host on it.
-- @return the object; its caller ends it with forget()
function hot.new()
  local folder <const> = shell.temporary_folder()
  local self <const> = setmetatable({ folder = folder, scripts = folder .. "/scripts" }, Hot)
  self:save("routes/hello.lua", hot.route("hello", 1))
  return self
end

--- Starts a host; a test that fails leaves it to forget().
-- @param options as of server.start(), or nil
-- @return the server
function Hot:start(options)
  options = options or {}
  options.scripts = self.scripts
  self.host = server.start(options)
  return self.host
end

--- Removes it all.
function Hot:forget()
  if self.host then
    self.host:forget()
  end
  shell.remove(self.folder)
end

--- Writes a file of the scripts folder; on a running host in one step, so that it never loads half of it.
-- @param name below it
-- @param text its bytes
function Hot:save(name, text)
  local save <const> = self.host and shell.replace or shell.write
  save(self.scripts .. "/" .. name, text)
end

--- Runs a shell command beside the scripts folder.
-- @param command for sh
function Hot:sh(command)
  assert(os.execute(("cd %s && %s"):format(shell.quote(self.folder), command)))
end

--- The version that a route answers with.
-- @param path the target
-- @return the value, or false for any other answer
function Hot:version(path)
  local response <const> = client.get(self.host, path)
  return response.status == 200 and response.json().version
end

--- Waits until a route answers with a version.
-- @param path the target
-- @param version the value
function Hot:eventually_serves(path, version)
  self.host:eventually(("%s is at version %s"):format(path, version), function()
    return self:version(path) == version
  end)
end

--- Waits until a text stands in the log.
-- @param text as it stands
function Hot:eventually_logs(text)
  self.host:eventually("the log says " .. text, function()
    return self.host:log():find(text, 1, true)
  end)
end

--- Lets `mulligan reload` tell what is wrong, and the log too; /hello/ is served at version 1 all the same.
-- @param place what both must say
-- @return what `mulligan reload` said
function Hot:refused(place)
  local result <const> = self.host:cli("reload")
  assert(result.status == 1, result.status .. " " .. result.stdout)
  assert(result.stderr:find(place, 1, true), result.stderr)
  assert(result.stderr:find("generation 1 serves on", 1, true), result.stderr)
  self:eventually_logs(place)
  self:eventually_logs "generation 1 serves on"
  assert(self:version("/hello/") == 1)
  return result.stderr
end

return hot
