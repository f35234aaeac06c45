--- Handlers that never end, or take all they can get. The host must stop each and go on.
local auth = require "mulligan.auth"
local route = require "mulligan.route"

local open <const> = { auth = auth.none }

local runaways = {}

-- Every level enters C anew; worker stacks are small.
runaways["gsub"] = function()
  local function recurse(text)
    return (text:gsub(".", recurse))
  end
  return recurse("x")
end

runaways["pcall"] = function()
  local function recurse()
    local ok, message = pcall(recurse)
    return ok or error(message, 0)
  end
  return recurse()
end

runaways["recursion"] = function()
  local function recurse(depth)
    return 1 + recurse(depth + 1)
  end
  return recurse(1)
end

runaways["loop"] = function()
  while true do end
end

runaways["loop-pcall"] = function()
  while true do
    pcall(function()
      while true do end
    end)
  end
end

runaways["loop-xpcall"] = function()
  while true do
    xpcall(function()
      while true do end
    end, function()
      while true do end
    end)
  end
end

runaways["loop-coroutine"] = function()
  local co <const> = coroutine.create(function()
    while true do
      pcall(function()
        while true do end
      end)
    end
  end)
  while true do
    coroutine.resume(co)
  end
end

runaways["loop-wrap"] = function()
  while true do
    pcall(coroutine.wrap(function()
      while true do end
    end))
  end
end

runaways["loop-metamethod"] = function()
  local value <const> = setmetatable({}, { __index = function()
    while true do end
  end })
  return value.anything
end

runaways["loop-tostring"] = function()
  return tostring(setmetatable({}, { __tostring = function()
    while true do end
  end }))
end

runaways["loop-close"] = function()
  local guard <close> = setmetatable({}, { __close = function()
    while true do end
  end })
  error(guard)
end

runaways["sort"] = function()
  local list <const> = {}
  for index = 1, 1000 do
    list[index] = index
  end
  table.sort(list, function()
    while true do end
  end)
end

runaways["string"] = function()
  local text <const> = ("x"):rep(2 * 1024 * 1024 * 1024)
  return #text
end

runaways["string-pcall"] = function()
  local kept <const> = {}
  while true do
    pcall(function()
      kept[#kept + 1] = ("x"):rep(16 * 1024 * 1024) .. #kept
    end)
  end
end

runaways["table"] = function()
  local newest = {}
  while true do
    newest = { newest }
  end
end

for name, run in pairs(runaways) do
  route.get("/runaway/" .. name .. "/", function()
    run()
    return 200, { survived = name }
  end, open)
end

route.get("/alive/", function()
  return 200, { alive = true }
end, open)
