--- A small JSON table, one row of a table, and a list that a handler builds.

local auth = require "mulligan.auth"
local db = require "mulligan.db"
local route = require "mulligan.route"

route.get("/small/", function()
  return 200, { message = "Hello, World!", ok = true, number = 42 }
end, { auth = auth.none })

route.get("/row/{id:int}/", function(req)
  return 200, db.one("SELECT id, name, capacity, count, time FROM seminar WHERE id = ?", req.params.id)
end, { auth = auth.none })

route.get("/thousand/", function()
  local list <const> = {}
  for index = 1, 1000 do
    list[index] = { id = index, name = "Row " .. index, even = index % 2 == 0, half = index / 2 }
  end
  return 200, list
end, { auth = auth.none })
