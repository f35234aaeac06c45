--- The seminar service's scripts, loaded inside Lua: handlers take a request and return values, so they need no server.
-- @module support.scripts
local db = require "mulligan.db"
local shell = require "support.shell"

local scripts = {}

local function path(name)
  local root <const> = assert(os.getenv("MULLIGAN_SOURCE"), "MULLIGAN_SOURCE is not set; run the tests through CTest")
  return root .. "/scripts/" .. name
end

local function files(folder, ending)
  local pipe <close> = assert(io.popen(("cd %s && find . -name '*.%s' | sort"):format(shell.quote(folder), ending)))
  local names <const> = {}
  for name in pipe:lines() do
    names[#names + 1] = name:gsub("^%./", "")
  end
  return names
end

--- A script's source.
-- @param name below scripts/
-- @return the text
function scripts.source(name)
  return assert(shell.read(path(name)), "there is no script " .. name)
end

--- The names of all scripts below a folder.
-- @return a sorted list
function scripts.names()
  return files(path "", "lua")
end

--- The sources of the notebooks, which speak to operators as scripts do.
-- @return a table by name, "notebooks/reverse_drop.lua"
function scripts.notebooks()
  local folder <const>, sources <const> = path "../notebooks", {}
  for _, name in ipairs(files(folder, "lua")) do
    sources["notebooks/" .. name] = assert(shell.read(folder .. "/" .. name))
  end
  return sources
end

--- Makes the service's tables in this program's own database.
function scripts.migrate()
  for _, name in ipairs(files(path "migrations", "sql")) do
    local sql <const> = scripts.source("migrations/" .. name):gsub("%-%-[^\n]*", "")
    for statement in sql:gmatch("[^;]+;") do
      db.exec(statement)
    end
  end
end

--- Loads scripts afresh.
-- @param stand_ins what `require` gives instead, by module name
-- @return a function of a module's name ("models.users") that returns the module
function scripts.loader(stand_ins)
  local loaded <const> = {}
  local environment <const> = setmetatable({}, { __index = _G })
  local function load_module(name)
    if stand_ins[name] ~= nil then
      return stand_ins[name]
    end
    if not name:find("^%l+%.") or name:find("^mulligan%.") then
      return require(name)
    end
    if loaded[name] == nil then
      local file <const> = path(name:gsub("%.", "/") .. ".lua")
      loaded[name] = assert(loadfile(file, "t", environment))() or true
    end
    return loaded[name]
  end
  environment.require = load_module
  return load_module
end

return scripts
