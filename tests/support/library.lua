--- Copies of the standard library's modules, over stand-ins for what they require.
-- @module support.library
local library = {}

--- The path of a module's source.
-- @param name as in `mulligan.NAME`
-- @return the path
function library.path(name)
  local root = assert(os.getenv("MULLIGAN_SOURCE"), "MULLIGAN_SOURCE is not set; run the tests through CTest")
  return ("%s/host/std/%s.lua"):format(root, name)
end

--- Runs a module afresh.
-- @param name as in `mulligan.NAME`
-- @param stand_ins a table: the name that the module requires, and what it gets instead, or a function that makes it
-- @return the module
function library.load(name, stand_ins)
  local environment = setmetatable({
    require = function(wanted)
      local stand_in = stand_ins[wanted]
      if stand_in == nil then
        return require(wanted)
      end
      return type(stand_in) == "function" and stand_in() or stand_in
    end,
  }, { __index = _G })
  return assert(loadfile(library.path(name), "t", environment))()
end

return library
