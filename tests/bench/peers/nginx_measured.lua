--- The measured routes in nginx's Lua (LuaJIT): the same as those of app/routes/measured.lua.
-- luacheck: std luajit, globals ngx
local cjson = require "cjson"
local luasql = require "luasql.sqlite3"

local measured = {}

-- With a length, nginx sends the answer in one piece instead of in chunks.
local function answer(value)
  local body = cjson.encode(value)
  ngx.header["Content-Length"] = #body
  ngx.print(body)
end

function measured.small()
  answer({ message = "Hello, World!", ok = true, number = 42 })
end

local connection -- one a worker

-- LuaSQL has no bound values: a number is written into the statement.
function measured.row(id)
  connection = connection or assert(luasql.sqlite3():connect(measured.database))
  local cursor = assert(connection:execute(
    "SELECT id, name, capacity, count, time FROM seminar WHERE id = " .. tonumber(id)))
  local row = cursor:fetch({}, "a")
  cursor:close()
  answer(row)
end

return measured
