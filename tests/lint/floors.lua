--- Checks that every #include of the host stays on its floor or goes down, and that each library has its one door.
-- Usage: lua5.4 floors.lua PROJECT-FOLDER. Prints one line a finding; exits 1 if there is any.

local root <const> = assert(arg[1], "usage: floors.lua PROJECT-FOLDER")

--- Which floors a floor may include, beside itself.
local BELOW <const> = {
  base = {},
  data = { "base" },
  vm = { "base", "data" },
  alerts = { "base", "data", "vm" },
  http = { "base", "data", "vm" },
  operator = { "base", "data", "vm" },
  cli = { "base", "data", "vm", "alerts", "http", "operator" },
}

--- Who may include a library's header: patterns of paths below host/.
local DOORS <const> = {
  ["lua.h"] = { "^vm/", "^operator/console" },
  ["lauxlib.h"] = { "^vm/", "^operator/console" },
  ["lualib.h"] = { "^vm/", "^operator/console" },
  ["luaconf.h"] = { "^vm/", "^operator/console" },
  ["sqlite3.h"] = { "^data/" },
  ["curl.h"] = { "^alerts/" },
  ["civetweb.h"] = { "^http/server", "^http/exchange" },
}

local found = 0

local function report(path, line, text, ...)
  found = found + 1
  print(("host/%s:%d: %s"):format(path, line, text:format(...)))
end

local function contains(list, value)
  for _, item in ipairs(list) do
    if item == value then
      return true
    end
  end
  return false
end

local function matches(patterns, path)
  for _, pattern in ipairs(patterns) do
    if path:find(pattern) then
      return true
    end
  end
  return false
end

local function check_include(path, number, name)
  local floor, header = path:match("^[^/]+"), name:match("[^/]+$")
  local door = DOORS[header]
  if door and not matches(door, path) then
    report(path, number, "<%s> may be included by %s only", name, table.concat(door, ", "):gsub("%^", ""))
  end
  local target = name:match("^([^/]+)/")
  if target and BELOW[target] and target ~= floor and not contains(BELOW[floor], target) then
    report(path, number, '"%s" lies above the floor %s, or beside it', name, floor)
  end
end

local function check(path)
  local floor = path:match("^([^/]+)/")
  if not BELOW[floor] then
    report(path, 1, "no such floor; tests/lint/floors.lua names them")
    return
  end
  local number = 0
  for line in io.lines(root .. "/host/" .. path) do
    number = number + 1
    local name = line:match('^%s*#%s*include%s*["<]([^">]+)[">]')
    if name then
      check_include(path, number, name)
    end
  end
end

local files = 0
local listing <close> = assert(io.popen(("cd '%s/host' && find * -name '*.[ch]' | sort"):format(root)))
for path in listing:lines() do
  files = files + 1
  check(path)
end
assert(files > 0, "no C file below " .. root .. "/host")
os.exit(found == 0)
