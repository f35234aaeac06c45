--- How often an address may try to sign up or log in: what is counted. How many are allowed stands in settings.lua.

local throttling = require "mulligan.throttling"

-- Throttles come before the body's checks, so a body that cannot be read is left for the handler to refuse.
local function email_of(req)
  local read <const>, data <const> = pcall(function()
    return req.data
  end)
  local email <const> = read and type(data) == "table" and data.email
  -- No address is longer than 254 characters; a counter's name need not be either.
  return type(email) == "string" and email:match("^%s*(.*)"):sub(1, 254):gsub("%s+$", ""):lower() or ""
end

--- For `login/` and `signup/`: one address at one e-mail address, and one address at all.
return {
  throttling.rate("login_address", function(req)
    return req.remote_addr
  end),
  throttling.rate("login", function(req)
    return req.remote_addr .. " " .. email_of(req)
  end),
}
