--- Handlers that get stuck in a C function, where no hook can stop them.
local auth = require "mulligan.auth"
local route = require "mulligan.route"

local open <const> = { auth = auth.none }
local short <const> = { auth = auth.none, deadline = 0.2 }

-- Takes longer the longer the text is: every way to share it out among the wildcards is tried.
route.get("/stuck/pattern/", function(req)
  local text <const> = ("a"):rep(math.tointeger(req.query.length))
  local found <const> = text:find((".-"):rep(4) .. "b") -- here
  for _ = 1, 10000 do end -- under ThreadSanitizer the deadline is noticed some instructions later
  return 200, { found = found }
end, short)

-- Moves more elements up than there is time for.
route.get("/stuck/for-ever/", function()
  local list <const> = setmetatable({}, { __len = function() return 1 << 60 end })
  table.insert(list, 1, "first") -- here
  return 200, { inserted = true }
end, short)

-- The same in a coroutine, behind pcall.
route.get("/stuck/coroutine/", function()
  return 200, { done = coroutine.wrap(function()
    return pcall(function()
      table.insert(setmetatable({}, { __len = function() return 1 << 60 end }), 1, "first") -- here
    end)
  end)() }
end, short)

route.get("/alive/", function()
  return 200, { alive = true }
end, open)

-- What Lua's own library would go round in for ages, for nothing.
route.get("/idle/", function()
  local moved, message = pcall(table.move, {}, 1, 1 << 60, 2)
  return 200, { repeated = (""):rep(1 << 60), moved = moved, message = message, sum = #table.move({ 1, 2 }, 1, 2, 2) }
end, open)
