-- Errors that people are told of: each name is a group of its own, and stands in the message as news-NAME.
local errorlog = require "mulligan.errorlog"
local route = require "mulligan.route"

route.get("/news/{name}/", function(req)
  local message <const> = "news-" .. req.params.name
  return 200, { ref = errorlog.record { message = message, type = "News", status = 500, fingerprint = message } }
end)

route.get("/quiet/", function()
  return 200, { quiet = true }
end)

route.get("/storm/", function()
  error("news-storm")
end)
