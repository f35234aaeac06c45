return {
  title = "Types",
  params = {
    { name = "count", type = "integer" },
    { name = "share", type = "number", default = 0.5 },
    { name = "sure", type = "boolean", default = false },
    { name = "day", type = "date" },
    { name = "size", type = "choice", choices = { "small", "large" } },
    { name = "item", type = "choice", choices_sql = "SELECT id, name FROM item ORDER BY id" },
    { name = "pin", type = "string", secret = true },
  },
  run = function(params, op)
    for _, name in ipairs { "count", "share", "sure", "day", "size", "item", "pin" } do
      op.say("%s: %s %s", name, math.type(params[name]) or type(params[name]), tostring(params[name]))
    end
  end,
}
