--- A server as a process of its own, that ends with the driver however the driver ends.
-- @module bench.process
local shell = require "support.shell"
local socket = require "socket"

local process = {}

local Process = {}
Process.__index = Process

local PATIENCE <const> = 60

--- What was started and not stopped, by process id.
local running <const> = {}

--- A port that nothing listens on, for servers that cannot choose one themselves.
-- @return the number
function process.free_port()
  local listener <const> = assert(socket.bind("127.0.0.1", 0))
  local _, port = listener:getsockname()
  listener:close()
  return math.tointeger(tonumber(port))
end

local function answers(port)
  local peer <const> = socket.tcp()
  peer:settimeout(1)
  local connected <const> = peer:connect("127.0.0.1", port)
  peer:close()
  return connected ~= nil
end

-- Reads lines until one says where the server listens.
local function await_announcement(self, pattern)
  for line in self.pipe:lines() do
    local port <const> = line:match(pattern)
    if port then
      return math.tointeger(tonumber(port))
    end
  end
  return nil
end

local function await_connection(self, port)
  local deadline <const> = socket.gettime() + PATIENCE
  while not answers(port) do
    if socket.gettime() > deadline or not self:status() then
      return nil
    end
    socket.sleep(0.02)
  end
  return port
end

--- Starts a server and waits until it listens; raises with its log if it does not.
-- @param options `name`; `work`: the run's folder, with `logs` and `pids` in it; `command`: a list; `environment`: a
-- table of variables, or nil; `announces`: a pattern whose capture is the port, of the line that it prints when it
-- listens; or `port`: where it will listen without a word
-- @return the process: pid, host, port, `seconds` from its start until it listened
function process.start(options)
  process.count = (process.count or 0) + 1
  local name <const> = ("%s-%d"):format(options.name, process.count)
  local self <const> = setmetatable({
    name = options.name, host = "127.0.0.1", log_path = ("%s/logs/%s"):format(options.work, name),
    pid_path = ("%s/pids/%s"):format(options.work, name),
  }, Process)
  local words <const> = { "setpriv", "--pdeathsig", "TERM" }
  shell.append(words, options.environment and shell.environment(options.environment))
  shell.append(words, options.command)
  local script <const> = ("echo $$ >%s; echo $$; exec %s </dev/null 2>%s %s"):format(
    shell.quote(self.pid_path), shell.join(words), shell.quote(self.log_path), options.announces and "" or ">&2")
  local began <const> = socket.gettime()
  self.pipe = assert(io.popen(script))
  self.pid = assert(math.tointeger(tonumber(self.pipe:read("l"))), "sh said no process id")
  running[self.pid] = self
  if options.announces then
    self.port = await_announcement(self, options.announces)
  else
    self.port = await_connection(self, options.port)
  end
  self.seconds = socket.gettime() - began
  if not self.port then
    local log <const> = self:log()
    self:stop()
    error(("%s did not start:\n%s"):format(options.name, log), 0)
  end
  return self
end

--- What the kernel says about it.
-- @return a table of the numbers in /proc/PID/status by name (VmRSS and VmHWM in KiB, Threads); nil once it has ended
function Process:status()
  local text <const> = shell.read(("/proc/%d/status"):format(self.pid))
  if not text or text:match("State:%s*(%a)") == "Z" then
    return nil
  end
  local numbers <const> = {}
  for name, value in text:gmatch("(%w+):%s*(%d+)") do
    numbers[name] = math.tointeger(tonumber(value))
  end
  return numbers
end

-- utime and stime, the twelfth and thirteenth field after the name in brackets, in ticks of a hundredth of a second.
local function ticks(pid)
  local stat <const> = shell.read(("/proc/%s/stat"):format(pid)) or ""
  local user <const>, system <const> = stat:match("%) " .. ("%S+ "):rep(11) .. "(%d+) (%d+)")
  return user and tonumber(user) + tonumber(system) or 0
end

--- How long processors have worked for it and its workers so far.
-- @return seconds
function Process:processor_seconds()
  local sum = ticks(self.pid)
  for child in (shell.read(("/proc/%d/task/%d/children"):format(self.pid, self.pid)) or ""):gmatch("%d+") do
    sum = sum + ticks(child)
  end
  return sum / 100
end

--- Everything that it wrote to its standard error.
-- @return the text
function Process:log()
  return shell.read(self.log_path) or ""
end

--- Ends it and waits until it has.
-- @return true if it ended as it should, else nil and its log
function Process:stop()
  if not self.pipe then
    return true
  end
  if self:status() then
    os.execute("kill -TERM " .. self.pid)
  end
  local ended <const>, how <const>, code <const> = self.pipe:close()
  self.pipe = nil
  running[self.pid] = nil
  os.remove(self.pid_path)
  if not ended then
    return nil, ("%s ended with %s %s:\n%s"):format(self.name, how, code, self:log())
  end
  return true
end

--- Ends whatever still runs. A pipe cannot be closed before its other end is, so a driver that fails does this, too.
function process.stop_all()
  for pid, one in next, running do
    running[pid] = nil
    one:stop()
  end
end

return process
