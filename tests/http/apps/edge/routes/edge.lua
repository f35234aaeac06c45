--- What the edge tests ask for: requests shown as the scripts see them, and failures of every kind.
local auth = require "mulligan.auth"
local db = require "mulligan.db"
local exceptions = require "mulligan.exceptions"
local route = require "mulligan.route"
local time = require "mulligan.time"

local open <const> = { auth = auth.none }

route.get("/echo/", function(req)
  return 200, { method = req.method, path = req.path, query = req.query, language = req.language }
end, open)

route.post("/echo/", function(req)
  return 200, { length = #req.text, text = req.text }
end, open)

route.put("/echo/", function(req)
  return 200, { data = req.data }
end, open)

route.get("/text/{name}/", function(req)
  return 200, { name = req.params.name, length = #req.params.name }
end, open)

route.get("/number/{id:int}/", function(req)
  return 200, { id = req.params.id, type = math.type(req.params.id) }
end, open)

route.get("/page/", function()
  return 200, "<!doctype html><title>A page</title>"
end, open)

route.get("/json-only/", function()
  return 200, { fine = true }
end, { auth = auth.none, renderers = { "json" } })

route.get("/json-only/boom/", function()
  error("boom")
end, { auth = auth.none, renderers = { "json" } })

route.get("/big/", function()
  return 200, ("x"):rep(8 * 1024 * 1024), { ["Content-Type"] = "text/plain" }
end, open)

route.get("/sized/{size:int}/", function(req)
  return 200, ("x"):rep(req.params.size), { ["Content-Type"] = "text/plain" }
end, open)

route.get("/sized/{size:int}/json/", function(req)
  return 200, { text = ("x"):rep(req.params.size - #'{"text":""}') }
end, open)

-- Works for a second after it has said so in the database.
route.get("/work/{name}/", function(req)
  db.exec("INSERT INTO work (name) VALUES (?)", req.params.name)
  local finish <const> = time.monotonic() + 1
  while time.monotonic() < finish do
    time.now()
  end
  return 200, { done = req.params.name }
end, open)

-- Works until it is released.
route.get("/held/{name}/", function(req)
  db.exec("INSERT INTO work (name) VALUES (?)", req.params.name)
  while not db.one("SELECT 1 AS one FROM work WHERE name = 'released'") do end
  return 200, { done = req.params.name }
end, open)

route.post("/release/", function()
  db.exec("INSERT INTO work (name) VALUES ('released')")
  return 204
end, open)

route.get("/work/{name}/begun/", function(req)
  return 200, { begun = db.one("SELECT 1 AS one FROM work WHERE name = ?", req.params.name) ~= nil }
end, open)

-- ---- failures ----

local function divide(dividend, divisor)
  return dividend / divisor
end

route.get("/fail/{kind}/", function(req)
  local kind <const> = req.params.kind
  if kind == "text" then
    error("boom")
  elseif kind == "table" then
    error({ answer = 42 })
  elseif kind == "nil" then
    error(nil)
  elseif kind == "arithmetic" then
    local quotient = divide(144, { unit = "gross" })
    return 200, { quotient = quotient }
  elseif kind == "sql" then
    db.query("SELECT * FROM no_such_table")
  elseif kind == "returned" then
    return 500, { detail = "the script says so itself" }
  elseif kind == "status" then
    return "not a status"
  elseif kind == "body" then
    return 200, { callback = print }
  elseif kind == "tostring" then
    error(setmetatable({}, { __tostring = function()
      error("no text for you")
    end }))
  elseif kind == "coroutine" then
    coroutine.wrap(function()
      local depth = 3
      error("from a coroutine, depth " .. depth)
    end)()
  end
  exceptions.NotFound("No such kind of failure."):raise()
end, open)

route.get("/refuse/", function()
  exceptions.PermissionDenied("Only instructors may do this.", "not_instructor"):raise()
end, open)

-- Fails with what it was told in confidence among its locals.
route.post("/login/", function(req)
  local password <const> = req.data.password
  local attempt <const> = { user = req.data.email, password = password }
  error("cannot log in " .. attempt.user)
end, open)
