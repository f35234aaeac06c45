--- What a service keeps in a module: functions, and a key that is none of anybody's business. The test writes its own
-- word in the place of the key.
local config = {}

config.service = { host = "service.example.com", api_key = "THE-KEY" }

function config.url()
  return "https://" .. config.service.host
end

return config
