--- The machine that a figure was measured on, and the versions of what was measured.
-- @module bench.machine
local shell = require "support.shell"

local machine = {}

local function output(command)
  local pipe <close> = assert(io.popen(command .. " 2>/dev/null"))
  return (pipe:read("a"):gsub("%s+$", ""))
end

-- "1.22.1" of "1:1.22.1-9+deb12u11".
local function package_version(name)
  local version <const> = output("dpkg-query -W -f '${Version}' " .. shell.quote(name))
  return (version:gsub("^%d+:", ""):gsub("[-+].*$", ""))
end

local PACKAGES <const> = {
  { "civetweb", "libcivetweb1" }, { "Lua", "liblua5.4-0" }, { "SQLite", "libsqlite3-0" }, { "wrk", "wrk" },
  { "nginx", "nginx" }, { "Lua module", "libnginx-mod-http-lua" }, { "gunicorn", "gunicorn" },
  { "Flask", "python3-flask" }, { "Django", "python3-django" }, { "DRF", "python3-djangorestframework" },
}

--- What this machine is.
-- @return a table: cpu, cores, memory (GiB), kernel, system, versions (a list of { name, version })
function machine.describe()
  local versions <const> = {}
  for index, package in ipairs(PACKAGES) do
    versions[index] = { package[1], package_version(package[2]) }
  end
  local kib <const> = tonumber(shell.read("/proc/meminfo"):match("MemTotal:%s*(%d+)"))
  return {
    cpu = shell.read("/proc/cpuinfo"):match("model name%s*:%s*([^\n]+)") or output("uname -m"),
    cores = math.tointeger(tonumber(output("nproc"))),
    memory = math.floor(kib / 1024 / 1024 + 0.5),
    kernel = output("uname -sr"),
    system = (shell.read("/etc/os-release") or ""):match('PRETTY_NAME="([^"]+)"') or output("uname -o"),
    versions = versions,
  }
end

--- The same as a sentence.
-- @param described of machine.describe()
-- @return the text
function machine.sentence(described)
  local versions <const> = {}
  for index, version in ipairs(described.versions) do
    versions[index] = version[1] .. " " .. version[2]
  end
  return ("%s, %d cores, %d GiB; %s, %s; %s."):format(described.cpu, described.cores, described.memory,
    described.system, described.kernel, table.concat(versions, ", "))
end

return machine
