--- The built program, serving on a free port with a data folder of its own.
--
-- The program's path stands in MULLIGAN_BINARY, the project's folder in MULLIGAN_SOURCE; CTest sets both. Server and
-- shell in between die with the test that started them, however that ends.
-- @module support.server
local shell = require "support.shell"
local socket = require "socket"

local Server = {}
Server.__index = Server

local server = {}

--- The seconds that server:eventually() waits.
local PATIENCE <const> = 240

--- What a sanitizer prints when it has found something.
local FINDINGS <const> = {
  "ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer", "FATAL: ThreadSanitizer",
  "runtime error:", "AddressSanitizer:DEADLYSIGNAL", "Assertion `",
}

--- The path of a file of the project.
-- @param path below the project's folder
-- @return the full path
function server.source(path)
  return assert(os.getenv("MULLIGAN_SOURCE"), "MULLIGAN_SOURCE is not set; run the tests through CTest") .. "/" .. path
end

--- The program under test.
-- @return its path
function server.binary()
  return assert(os.getenv("MULLIGAN_BINARY"), "MULLIGAN_BINARY is not set; run the tests through CTest")
end

--- Fails if a sanitizer's report, or a failed assertion, stands in a log.
-- @param log the text
function server.assert_clean(log)
  for _, finding in ipairs(FINDINGS) do
    if log:find(finding, 1, true) then
      error("a sanitizer found something:\n" .. log, 2)
    end
  end
end

--- Runs the program to its end.
-- @param arguments a list: the command and its arguments
-- @param options as of shell.run()
-- @return a table: status, stdout, stderr
function server.run(arguments, options)
  local result = shell.run({ server.binary(), table.unpack(arguments) }, options)
  server.assert_clean(result.stderr)
  return result
end

-- A slow machine is no failure: unless a test is about them, limits in time are far away. `false` leaves one where the
-- program has it.
local function patient(given)
  local environment = {
    MULLIGAN_DEADLINE = 120, MULLIGAN_LOAD_DEADLINE = 120, MULLIGAN_POOL_WAIT = 120, MULLIGAN_WRITE_WAIT = 120,
  }
  for name, value in pairs(given or {}) do
    environment[name] = value or nil
  end
  return environment
end

--- Starts a server and waits until it listens; raises with its log if it does not.
-- @param options `scripts`: the scripts folder (the seminar service's unless given); `demo`: with demo data; `env`: a
-- table of variables; `prefix`: words before the command, such as those of prlimit; `args`: more arguments for `serve`;
-- `data`: a data folder that stays when the server stops (a temporary one unless given)
-- @return the server: host, port, data, pid, scripts
function server.start(options)
  options = options or {}
  local self = setmetatable({
    scripts = options.scripts or server.source("scripts"),
    data = options.data or shell.temporary_folder(),
    temporary = options.data == nil,
    environment = patient(options.env),
    folder = shell.temporary_folder(),
  }, Server)
  self.log_path = self.folder .. "/stderr"

  local command = shell.environment(self.environment)
  shell.append(command, options.prefix)
  shell.append(command, { server.binary(), "serve", "--port", "0", "--data", self.data, "--scripts", self.scripts })
  shell.append(command, options.demo and { "--demo" })
  shell.append(command, options.args)

  local keeper <const> = [[setpriv --pdeathsig KILL "$@" 2>"$MULLIGAN_TEST_LOG" </dev/null &
    echo "pid $!"; wait $!; echo "exit $?"]]
  self.pipe = assert(io.popen(("MULLIGAN_TEST_LOG=%s exec setpriv --pdeathsig KILL sh -c %s sh %s"):format(
    shell.quote(self.log_path), shell.quote(keeper), shell.join(command))))
  -- A test that fails leaves its server behind, and a pipe cannot be closed before the other end is: what was made last
  -- is finalized first.
  self.guard = setmetatable({}, { __gc = function()
    if self.pid and not self.status then
      os.execute("kill -KILL " .. self.pid)
    end
  end })
  repeat
    local line = self:read_line()
    if not line or self.status then
      local log = self:log()
      self:forget()
      error(("the server did not start (exit status %s):\n%s"):format(self.status, log), 2)
    end
  until self.pid and self.port
  return self
end

--- Reads one line of the server's standard output, or of what the shell says about it.
function Server:read_line()
  local line = self.pipe:read("l")
  if line then
    self.pid = self.pid or math.tointeger(line:match("^pid (%d+)$"))
    self.status = self.status or math.tointeger(line:match("^exit (%d+)$"))
    local host, port = line:match("^mulligan: listening on http://([%w%.:%[%]]+):(%d+)$")
    if port then
      self.host, self.port = host, math.tointeger(port)
    end
  end
  return line
end

--- Sends the server a signal.
-- @param name "TERM", "KILL", …
function Server:signal(name)
  assert(not self.status, "the server has ended already")
  assert(os.execute(("kill -%s %d"):format(name, self.pid)))
end

--- Waits until the server has ended.
-- @return its exit status; 128 and the signal's number if a signal killed it
function Server:wait()
  while not self.status do
    assert(self:read_line(), "the shell above the server is gone")
  end
  return self.status
end

--- Stops the server gracefully and fails if it does not end with status 0, or if a sanitizer found something. Does
-- nothing for a server that is stopped already.
function Server:stop()
  if not self.pipe then
    return
  end
  if not self.status then
    self:signal("TERM")
  end
  local status, log = self:wait(), self:log()
  self:forget()
  server.assert_clean(log)
  if status ~= 0 then
    error(("the server ended with status %d:\n%s"):format(status, log), 2)
  end
end

--- Kills the server with SIGKILL and waits until it is gone. Its data folder stays until forget().
function Server:kill()
  self:signal("KILL")
  return self:wait()
end

--- Removes what the server leaves behind, and kills it first if it still runs. Called by stop(); after wait() or kill()
-- it is the caller's.
function Server:forget()
  if not self.pipe then
    return
  end
  if not self.status and self.pid then
    self:kill()
  end
  self.pipe:close()
  self.pipe = nil
  shell.remove(self.folder)
  if self.temporary then
    shell.remove(self.data)
  end
end

--- The server's log so far.
-- @return the text of its standard error
function Server:log()
  return shell.read(self.log_path) or ""
end

--- Waits until a condition holds, and fails when it has not for minutes: no machine is as slow as that.
-- @param what the condition in words, for the failure
-- @param condition a function; anything but nil and false ends the wait
-- @return what it returned
function Server:eventually(what, condition)
  local deadline <const> = socket.gettime() + PATIENCE
  repeat
    local result = condition()
    if result then
      return result
    end
    socket.sleep(0.02)
  until socket.gettime() > deadline
  error(("not within %d seconds: %s\n%s"):format(PATIENCE, what, self:log()), 2)
end

--- Runs a command of the program on this server's data and scripts.
-- @param ... the command and its arguments
-- @return a table: status, stdout, stderr
function Server:cli(...)
  local arguments = shell.append({ ... }, { "--data", self.data, "--scripts", self.scripts })
  return server.run(arguments, { environment = self.environment })
end

return server
