--- Requests of every kind.
local auth = require "mulligan.auth"
local route = require "mulligan.route"

route.get("/plain/", function()
  return 200, { word = "plain" }
end)

route.get("/thing/{name}/", function(req)
  return 200, { name = req.params.name }
end)

route.get("/reset/{token}/", function()
  return 200, { done = true }
end)

route.get("/who/", function(req)
  return 200, { email = req.user.email }
end, { auth = auth.required })

route.get("/strict/", function(req)
  req.user = setmetatable({}, { __index = function(_, name)
    error("there is no " .. name)
  end })
  return 200, { word = "strict" }
end)

route.get("/boom/", function()
  error("boom")
end)

route.get("/slow/", function()
  local sum = 0
  for i = 1, 3000000 do
    sum = sum + i
  end
  return 200, { sum = sum }
end)

route.get("/nothing/", function()
  return 204
end)

route.post("/bodies/", function(req)
  return 201, {
    note = "it was " .. tostring(req.data.password), token = "answ3redT0ken" .. "99",
    long = ("x"):rep(req.data.long or 0),
  }
end, { log_bodies = true })

route.post("/quiet/", function(req)
  return 201, { note = req.data.note }
end)
