--- A route reading one row by its key; the bare handler reads none.
return {
  name = "row",
  title = "One row by its key",
  world = "synthetic",
  servers = { "host", "civetweb", "nginx", "flask", "drf" },
  requests = function()
    return { { path = "/row/500/" } }
  end,
  goals = {
    { peer = "civetweb", at_least = 0.65 },
    { peer = "nginx", at_least = 1 },
    { peer = "drf", at_least = 20 },
  },
}
