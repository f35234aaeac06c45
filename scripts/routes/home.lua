--- The start page, for people who open the service's address in a browser.

local auth = require "mulligan.auth"
local home_page = require "lib.home_page"
local route = require "mulligan.route"

route.get("/", function(req)
  -- The Host header is the client's own word: only what is certainly a host and a port goes into the page.
  local host <const> = (req.headers.host or ""):match("^[%w%.%-:%[%]]+$") or "localhost"
  return 200, home_page("http://" .. host)
end, { auth = auth.none, renderers = { "html" } })
