--- Errors that are hard to take down: hostile values, frames and messages, and errors inside errors.
local auth = require "mulligan.auth"
local db = require "mulligan.db"
local errorlog = require "mulligan.errorlog"
local exceptions = require "mulligan.exceptions"
local route = require "mulligan.route"

local open <const> = { auth = auth.none }

local function loop()
  while true do end
end

route.get("/alive/", function()
  return 200, { alive = true }
end, open)

-- The exception handler misbehaves as the segment says (lib/handler.lua).
route.get("/handler/{handler}/", function()
  error("what the handler was called for")
end, open)

-- ---- values ----

local values = {}

values["index-raises"] = setmetatable({}, { __index = function()
  error("no fields for you")
end })

values["index-loops"] = setmetatable({}, { __index = loop })

values["tostring-raises"] = setmetatable({}, { __tostring = function()
  error("no text for you")
end })

values["tostring-loops"] = setmetatable({}, { __tostring = loop })

values["tostring-table"] = setmetatable({}, { __tostring = function()
  return {}
end })

values["pairs-loops"] = setmetatable({ a = 1 }, { __pairs = loop })

values["name-table"] = setmetatable({}, { __name = {} })

values["name-megabyte"] = setmetatable({}, { __name = ("n"):rep(1024 * 1024) })

values["everything"] = setmetatable({}, {
  __index = loop, __pairs = loop, __len = loop, __call = loop, __eq = loop, __concat = loop,
  __tostring = function()
    error(setmetatable({}, { __tostring = loop }))
  end,
})

values["status-nonsense"] = { status_code = {}, detail = loop }

values["cyclic"] = {}
values["cyclic"].self = values["cyclic"]

values["function"] = loop

values["thread"] = coroutine.create(loop)

values["nan"] = 0 / 0

values["false"] = false

-- Each one's text is made by raising the next, five deep.
values["five-deep"] = (function()
  local value = "the innermost"
  for depth = 1, 5 do
    local inner <const> = value
    value = setmetatable({ depth = depth }, { __tostring = function()
      error(inner, 0)
    end })
  end
  return value
end)()

route.get("/value/{kind}/", function(req)
  error(values[req.params.kind], 0)
end, open)

-- ---- errors while errors are handled ----

route.get("/deep/xpcall/", function()
  local function fail(depth)
    local _, message = xpcall(error, function(text)
      local _, inner = pcall(depth == 0 and error or fail, depth - 1)
      return text .. ", and in its handler: " .. tostring(inner)
    end, "at depth " .. depth)
    error(message)
  end
  fail(5)
end, open)

route.get("/deep/close/", function()
  local function guard(depth)
    local _ <close> = setmetatable({}, { __close = function()
      if depth == 0 then
        error("the last guard")
      end
      guard(depth - 1)
    end })
    error("guard " .. depth)
  end
  guard(5)
end, open)

-- ---- frames ----

local frames = {}

function frames.cyclic()
  local a, b = {}, {}
  a.b, b.a, a[a] = b, a, b
  local list <const> = { a, b, { a, { b, { a, { b, { a } } } } } }
  error("frames: " .. #list)
end

-- 150 levels of 50 locals, each with ten texts: more than 100,000 values.
local wide <const> = {}
for index = 1, 50 do
  wide[index] = ("local l%d <const> = { %s }"):format(index, (("text, "):rep(10)))
end
local dig <const> = load(("local dig\nfunction dig(depth, text)\n%s\nif depth == 0 then error('deep down') end\n"
  .. "return dig(depth - 1, text) + #l1\nend\nreturn dig"):format(table.concat(wide, "\n")))()

function frames.many()
  return dig(150, ("x"):rep(1000))
end

function frames.hostile()
  local index <const> = values["index-loops"]
  local pairs_ <const> = values["pairs-loops"]
  local text <const> = values["tostring-loops"]
  local named <const> = values["name-table"]
  local all <const> = { values["everything"], [values["everything"]] = values["everything"] }
  error("frames: " .. type(index) .. type(pairs_) .. type(text) .. type(named) .. #all)
end

function frames.texts()
  local bytes <const> = "\xff\0\x1b[31m\u{202e}"
  local long <const> = ("\u{ac00}"):rep(400 * 1024)
  error("frames: " .. #bytes + #long)
end

route.get("/frames/{kind}/", function(req)
  return 200, { result = frames[req.params.kind]() }
end, open)

-- ---- messages ----

local messages <const> = {
  utf8 = "broken \xff\xfe\xed\xa0\x80 text",
  nul = "before\0after",
  escapes = "\x1b]0;owned\x07\x1b[2J\x1b[31mred\x9b31m\u{9b}31m\r\bnot so\x7f\nERR-0000-0000  500 Faked (error)",
  megabyte = ("a megabyte of \u{ac00} "):rep(64 * 1024),
  empty = "",
}

route.get("/message/{kind}/", function(req)
  error(messages[req.params.kind], 0)
end, open)

-- ---- sources ----

local function innermost(meaning_of_life)
  error("inside, with " .. meaning_of_life)
end

local function through_wrap()
  local resume <const> = coroutine.wrap(function()
    local inside = "of the coroutine"
    innermost(#inside)
  end)
  resume()
end

local coroutines = {}

coroutines["wrap"] = function()
  local result <const> = through_wrap()
  return result
end

coroutines["wrap-in-wrap"] = function()
  coroutine.wrap(function()
    local result <const> = through_wrap()
    return result
  end)()
end

coroutines["resume"] = function()
  local co <const> = coroutine.create(function(number)
    local result <const> = innermost(number)
    return result
  end)
  assert(coroutine.resume(co, 42))
end

coroutines["caught"] = function()
  pcall(through_wrap)
  error("another one")
end

coroutines["refusal"] = function()
  coroutine.wrap(function()
    local inside = "not for a refusal"
    exceptions.PermissionDenied(#inside .. " is too many."):raise()
  end)()
end

coroutines["many"] = function()
  for _ = 1, 1000 do
    pcall(through_wrap)
  end
  through_wrap()
end

route.get("/coroutine/{kind}/", function(req)
  coroutines[req.params.kind]()
end, open)

route.get("/recorded/", function()
  errorlog.breadcrumb("the note before it")
  db.query("SELECT 4711 AS number")
  return 200, { reference = errorlog.record { type = "Noted", message = "recorded, not raised" } }
end, open)
