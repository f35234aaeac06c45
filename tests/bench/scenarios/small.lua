--- A Lua route returning a small table as JSON.
return {
  name = "small",
  title = "A small JSON answer",
  world = "synthetic",
  servers = { "host", "civetweb", "nginx", "flask", "drf" },
  requests = function()
    return { { path = "/small/" } }
  end,
  goals = { { peer = "civetweb", at_least = 0.85 } },
}
