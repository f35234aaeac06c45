--- What a developer meets: failures of every kind, and values that would like to be more than values.
local auth = require "mulligan.auth"
local db = require "mulligan.db"
local exceptions = require "mulligan.exceptions"
local route = require "mulligan.route"
local seminars = require "lib.seminars"

local open <const> = { auth = auth.none }
local anything <const> = { auth = auth.none, renderers = { "json", "html", "text" } }

route.get("/alive/", function()
  return 200, { alive = true }
end, open)

route.get("/seminar/{id:int}/fill/", function(req)
  local id <const> = req.params.id
  local since <const> = { year = 2024, month = 9 }
  local filter <const> = { ids = { id, id + 1 }, since = since, note = "of those who came, about half", open = true }
  return 200, { share = seminars.fill(id, #filter.ids) }
end, open)

route.post("/seminar/{id:int}/fill/", function(req)
  local data <const> = req.data
  return 200, { share = seminars.fill(req.params.id, data.joined) }
end, open)

route.get("/library/", function()
  db.transaction(function()
    db.exec("UPDATE seminar SET capacity = capacity + 1")
    error("in the middle of a transaction")
  end)
end, open)

route.get("/coroutine/", function()
  local outer <const> = { side = "outside" }
  coroutine.wrap(function()
    local inner <const> = { side = "inside" }
    error("from " .. inner.side .. ", not from " .. outer.side)
  end)()
end, open)

-- ---- causes ----

route.get("/chained/", function()
  local _, first <const> = pcall(seminars.fill, 2, 1)
  local second <const> = { cause = first, reason = "the fill is unknown" }
  exceptions.APIException("The list cannot be made.", nil, { cause = second }):raise()
end, open)

route.get("/chained/endlessly/", function()
  local circle <const> = setmetatable({}, { __tostring = function()
    return "round and round"
  end })
  circle.cause = circle
  error(circle)
end, open)

route.get("/chained/badly/", function()
  local speechless <const> = setmetatable({}, { __tostring = function()
    error("no text for you")
  end })
  error({ cause = speechless })
end, open)

-- ---- values ----

local values = {}

values.markup = "</script></style></textarea></title><script>window.taken = true</script><img src=x onerror='taken=1'>"
values.quotes = [["'`\ ${taken = true} {{taken}} %s%n]]
values.control = "\27[31mred\27[0m\0\7\8 end"
values.bidi = "user\u{202E}gpj.exe\u{2066}\u{200B}"
values.broken = "\xff\xfe\xc3 end"
values.megabyte = ("m"):rep(1024 * 1024)
values.korean = "세미나 🎓"
values["a <b>key</b> of \"its own\""] = true

route.get("/hostile/", function(req)
  local hostile <const> = values
  local deep <const> = {}
  local at = deep
  for _ = 1, 100 do
    at.deeper = {}
    at = at.deeper
  end
  local wide <const> = {}
  for index = 1, 10000 do
    wide["key" .. index] = index
  end
  error(values[req.query.message or "markup"] .. tostring(#hostile) .. tostring(#wide))
end, open)

route.get("/table/", function()
  error({ reason = values.markup, list = { 1, 2, 3 } })
end, open)

-- ---- answers that were returned ----

route.get("/returned/object/", function()
  return 500, { detail = "the script says so", code = "own_code", more = 1 }
end, open)

route.get("/returned/list/", function()
  return 503, { "no", "object" }
end, open)

route.get("/returned/text/", function()
  return 500, "nothing but a text", { ["Content-Security-Policy"] = "default-src 'none'; sandbox", ["X-Mine"] = "kept" }
end, anything)

route.get("/exception/", function()
  exceptions.APIException:extend("ServiceUnavailable", {
    status_code = 503, default_detail = "Try again later.", default_code = "service_unavailable",
  })():raise()
end, open)

route.get("/refused/", function()
  exceptions.NotFound("No such seminar."):raise()
end, open)

-- ---- limits ----

route.get("/loop/", function()
  local turns = 0
  while true do
    turns = turns + 1
  end
end, { auth = auth.none, deadline = 0.3 })

route.get("/memory/", function()
  local kept <const> = {}
  while true do
    kept[#kept + 1] = ("x"):rep(1024 * 1024) .. #kept
  end
end, open)

-- ---- secrets ----

route.post("/login/{token}/", function(req)
  local password <const> = req.data.password
  local copy <const> = { of = { it = password, plain = req.data.note } }
  db.query("SELECT ? AS note, '" .. password .. "' AS literal", req.data.note)
  error("cannot log in with " .. copy.of.it .. " but " .. req.data.note)
end, open)
