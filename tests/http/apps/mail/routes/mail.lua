--- Errors for people to get mails about: what the test sends is recorded as it is, or raised.
local auth = require "mulligan.auth"
local errorlog = require "mulligan.errorlog"
local route = require "mulligan.route"

local open <const> = { auth = auth.none }

route.post("/record/", function(req)
  local record <const> = req.data
  record.request = req
  return 200, { ref = errorlog.record(record) }
end, open)

route.get("/raise/{word}/", function(req)
  local word <const> = "local-" .. req.params.word
  error(("it fails, and knows %d characters"):format(#word))
end, open)
