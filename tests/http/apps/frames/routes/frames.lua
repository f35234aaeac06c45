--- Requests that fail, each leaving frames that are worth asking.
local auth = require "mulligan.auth"
local db = require "mulligan.db"
local exceptions = require "mulligan.exceptions"
local ledger = require "lib.ledger"
local log = require "mulligan.log"
local route = require "mulligan.route"

local open <const> = { auth = auth.none, deadline = 120 } -- the setting is the console's alone

local limit = 3

local function total(order, ...)
  local amount, amount_twice = order.amount, order.amount * 2
  local function words()
    return ("%s: %d of %d"):format(order.name, amount, limit)
  end
  if amount > limit then
    error("too many, " .. words() .. " " .. select("#", ...))
  end
  return amount_twice
end

route.get("/order/{amount:int}/", function(req)
  local order = { amount = req.params.amount, name = "Ada", lines = { "tea", "ink" } }
  local sum = total(order, "first", nil, "third")
  return 200, { sum = sum, limit = limit }
end, open)

route.get("/ledger/", function()
  local order = { name = "Grace" }
  ledger.check(order)
  return 200
end, open)

route.get("/shadow/", function()
  local value = "outer"
  for index = 1, 3 do
    local value = value .. index -- luacheck: ignore 421
    if index == 2 then
      error(value)
    end
  end
  return 200, value
end, open)

route.get("/secret/", function(req)
  local password = "swordfish-9-trombone"
  local account = { name = "ada", password = password }
  error("cannot log " .. account.name .. " in, " .. #req.headers)
end, open)

route.get("/resumed/", function()
  local worker = coroutine.create(function(given)
    local inside = "resumed with " .. given
    error(inside)
  end)
  local outside = "the resumer"
  local _, problem = coroutine.resume(worker, "seven")
  error(problem, outside and 0)
end, open)

route.get("/wrapped/", function()
  local step = coroutine.wrap(function(given)
    local inside = "wrapped around " .. given
    error(inside)
  end)
  return 200, { value = step("eight") }
end, open)

route.get("/wrapped-closing/", function()
  local step = coroutine.wrap(function()
    local _ <close> = setmetatable({}, { __close = function() ledger.closed = ledger.closed + 1 end })
    error("with something to close")
  end)
  return 200, { value = step() }
end, open)

route.get("/closing/", function()
  local _ <close> = setmetatable({}, { __close = function() ledger.closed = ledger.closed + 1 end })
  error("with something to close")
end, open)

route.get("/closing-for-ever/", function()
  local _ <close> = setmetatable({}, { __close = function() while true do end end }) -- luacheck: ignore 542
  error("with something that never closes")
end, open)

route.get("/closed/", function()
  return 200, { closed = ledger.closed }
end, open)

route.get("/transaction/", function()
  db.transaction(function()
    local id = db.exec([[INSERT INTO "order" (name) VALUES ('lost')]]).last_id
    error("after the order " .. id)
  end)
  return 200
end, open)

route.get("/orders/", function()
  return 200, db.query([[SELECT id, name FROM "order" ORDER BY id]])
end, open)

route.post("/orders/", function()
  return 201, { id = db.exec([[INSERT INTO "order" (name) VALUES ('new')]]).last_id }
end, open)

route.get("/large/{mebibytes:int}/", function(req)
  local ballast = {}
  for index = 1, req.params.mebibytes do
    ballast[index] = ("x"):rep(1024 * 1024 - index)
  end
  error("with " .. #ballast .. " MiB")
end, open)

route.get("/deep/", function()
  local function down(level)
    if level == 0 then
      error("at the bottom")
    end
    down(level - 1)
    return level
  end
  return 200, { level = down(150) }
end, open)

route.get("/handled-badly/", function()
  local handled = "badly"
  error("to be handled " .. handled)
end, open)

route.get("/missing/", function()
  error(exceptions.NotFound())
end, open)

route.get("/hostile/", function()
  local text = "<img src=x onerror=\"document.title='taken'\"></script><script>document.title='taken'</script>"
  error("hostile " .. #text)
end, open)

for path, seconds in pairs { ["/hold/"] = 1, ["/hold/longer/"] = 30 } do
  route.get(path, function()
    log.info("holding " .. path)
    while true do end -- luacheck: ignore 542
  end, { auth = auth.none, deadline = seconds })
end
