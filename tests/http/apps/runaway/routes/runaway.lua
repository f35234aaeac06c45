--- Handlers that never end, or take all they can get. The host must stop each, name the line it was stopped at (marked
-- "here" in each), and go on.
local auth = require "mulligan.auth"
local db = require "mulligan.db"
local route = require "mulligan.route"

-- Rows without end, and rows that take long each.
local ENDLESS <const> = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
local SLOW <const> = ENDLESS .. "SELECT sum(length(hex(randomblob(20000000)))) AS total FROM n"

--- What must be stopped at the deadline.
local endless = {}

-- ---- loops ----

endless["loop"] = function()
  while true do end -- here
end

endless["loop-goto"] = function()
  ::again:: -- here
  goto again -- here
end

endless["loop-pcall"] = function()
  while true do
    pcall(function()
      while true do end -- here
    end)
  end
end

endless["loop-xpcall"] = function()
  while true do
    xpcall(function()
      while true do end -- here
    end, function()
      while true do end
    end)
  end
end

endless["loop-handler"] = function()
  return xpcall(error, function()
    while true do end -- here
  end)
end

endless["loop-coroutine"] = function()
  local co <const> = coroutine.create(function()
    while true do
      pcall(function()
        while true do end -- here
      end)
    end
  end)
  while true do
    coroutine.resume(co)
  end
end

endless["loop-wrap"] = function()
  while true do
    pcall(coroutine.wrap(function()
      while true do end -- here
    end))
  end
end

endless["loop-resume"] = function()
  local co <const> = coroutine.wrap(function()
    while true do
      for _ = 1, 10000 do end -- here
      coroutine.yield() -- here
    end
  end)
  while true do
    co() -- here
  end
end

endless["loop-load"] = function()
  local run <const> = load("while true do end")
  return run() + 1 -- here
end

endless["loop-require"] = function()
  return require "lib.endless"
end

endless["loop-gsub"] = function()
  return (("x"):gsub(".", function()
    while true do end -- here
  end))
end

endless["loop-sort"] = function()
  local list <const> = {}
  for index = 1, 1000 do
    list[index] = index
  end
  table.sort(list, function()
    while true do end -- here
  end)
end

endless["loop-sort-pcall"] = function()
  local list <const> = {}
  for index = 1, 100 do
    list[index] = index
  end
  while true do
    pcall(table.sort, list, function(a, b) -- here
      return a < b -- here
    end)
  end
end

endless["loop-close"] = function()
  local guard <close> = setmetatable({}, { __close = function()
    while true do end -- here
  end })
  return guard
end

-- What it fails with comes first, and is on record; what it then does not come out of is stopped all the same.
endless["close-error"] = function()
  local guard <close> = setmetatable({}, { __close = function()
    while true do end
  end })
  error("failed: " .. tostring(guard)) -- here
end

-- ---- metamethods ----

--- What sets each metamethod off.
local TRIGGERS <const> = {
  __index = function(value) return value.anything end,
  __newindex = function(value) value.anything = 1 end,
  __call = function(value) return value() end,
  __concat = function(value) return value .. "x" end,
  __eq = function(value, other) return value == other end,
  __lt = function(value, other) return value < other end,
  __le = function(value, other) return value <= other end,
  __len = function(value) return #value end,
  __add = function(value) return value + 1 end,
  __unm = function(value) return -value end,
  __tostring = function(value) return tostring(value) end,
  __pairs = function(value) return pairs(value) end,
}

for name, trigger in pairs(TRIGGERS) do
  endless["metamethod-" .. name:sub(3)] = function()
    local meta <const> = { [name] = function()
      while true do end -- here
    end }
    while true do
      pcall(trigger, setmetatable({}, meta), setmetatable({}, meta))
    end
  end
end

endless["metamethod-recursive"] = function()
  local value <const> = setmetatable({}, { __index = function(self, key)
    return self[key .. "x"] -- here
  end })
  while true do
    pcall(function() return value.x end) -- here
  end
end

-- ---- SQL ----

endless["sql-recursive"] = function()
  return db.one(ENDLESS .. "SELECT count(*) AS n FROM n") -- here
end

endless["sql-pcall"] = function()
  while true do
    pcall(db.query, ENDLESS .. "SELECT max(i) AS n FROM n") -- here
  end
end

endless["sql-join"] = function()
  local thousand <const> = "(" .. ENDLESS .. "SELECT i FROM n LIMIT 1000)"
  return db.one(("SELECT count(*) AS n FROM %s a, %s b, %s c, %s d WHERE a.i + b.i + c.i + d.i = 7") -- here
    :format(thousand, thousand, thousand, thousand)) -- here
end

endless["sql-slow-steps"] = function()
  return db.one(SLOW) -- here
end

endless["sql-write"] = function()
  db.exec(ENDLESS .. "INSERT INTO note (text) SELECT i FROM n") -- here
end

endless["sql-transaction"] = function()
  db.transaction(function()
    db.exec("INSERT INTO note (text) VALUES ('kept?')")
    while true do end -- here
  end)
end

--- What must be stopped at the memory limit.
local greedy = {}

greedy["string"] = function()
  local text <const> = ("x"):rep(1024 * 1024 * 1024) -- here
  return #text
end

greedy["string-pcall"] = function()
  local kept <const> = {}
  while true do
    pcall(function() -- here
      kept[#kept + 1] = ("x"):rep(4096):rep(1024) .. #kept -- here
    end)
  end
end

greedy["concat"] = function()
  local parts <const> = {}
  for index = 1, 1000 do
    parts[index] = ("x"):rep(40000)
  end
  return table.concat(parts, ("y"):rep(40000)) -- here
end

greedy["table"] = function()
  local newest = {}
  while true do
    newest = { newest } -- here
  end
end

greedy["coroutines"] = function()
  local kept <const> = {}
  while true do
    kept[#kept + 1] = coroutine.create(function() end) -- here
  end
end

--- What fails by itself, being too deep. Every level of the first two enters C anew; worker stacks are small.
local deep = {}

deep["gsub"] = function()
  local function recurse(text)
    return (text:gsub(".", recurse)) -- here
  end
  return recurse("x")
end

deep["pcall"] = function()
  local function recurse()
    local ok, message = pcall(recurse)
    return ok or error(message, 0) -- here
  end
  return recurse()
end

deep["recursion"] = function()
  local function recurse(depth)
    return 1 + recurse(depth + 1) -- here
  end
  return recurse(1)
end

deep["metamethod"] = function()
  local value <const> = setmetatable({}, { __index = function(self, key)
    return self[key .. "x"] -- here
  end })
  return value.x
end

-- ---- routes ----

local function register(kind, runs, deadline)
  for name, run in pairs(runs) do
    route.get(("/%s/%s/"):format(kind, name), function()
      run()
      return 200, { survived = name }
    end, { auth = auth.none, deadline = deadline })
  end
end

register("endless", endless, 0.3)
register("greedy", greedy)
register("deep", deep)

route.get("/alive/", function()
  return 200, { alive = true }
end, { auth = auth.none })

-- pairs() goes another way in each state, and every state must answer alike.
for _, name in pairs { a = "a", b = "b", c = "c", d = "d", e = "e", f = "f", g = "g", h = "h" } do
  route.get(("/named/%s/"):format(name), function()
    return 200, { name = name }
  end, { auth = auth.none })
end

route.get("/notes/", function()
  return 200, { count = db.one("SELECT count(*) AS n FROM note").n }
end, { auth = auth.none })

local function take_note()
  db.exec("INSERT INTO note (text) VALUES ('by hand')")
  return 201
end

route.post("/notes/", take_note, { auth = auth.none, deadline = 0.5 })
route.put("/notes/", take_note, { auth = auth.none })

route.get("/kinds/", function()
  local kinds <const> = {}
  for kind, runs in pairs { endless = endless, greedy = greedy, deep = deep } do
    kinds[kind] = {}
    for name in pairs(runs) do
      table.insert(kinds[kind], name)
    end
    table.sort(kinds[kind])
  end
  return 200, kinds
end, { auth = auth.none })
