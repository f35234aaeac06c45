--- Logging in: an argon2id hash of 19 MiB and two passes on both sides, and a token.
--
-- Four connections, because the host turns away whom it would keep waiting too long: of eight Lua states (on two cores)
-- at most four wait for a hash.
local function without_token(value)
  value.token = type(value.token)
  return value
end

return {
  name = "login",
  title = "Login (argon2id, 4 connections)",
  world = "logins",
  servers = { "host", "drf" },
  connections = 4,
  requests = function(world)
    return {
      {
        method = "POST", path = "/api/v1/login/", headers = { ["Content-Type"] = "application/json" },
        body = ('{"email":"participant1@example.com","password":"%s"}'):format(world.password),
      },
    }
  end,
  same = without_token,
}
