return {
  title = "Spin",
  params = {},
  run = function(_, op)
    op.say("spinning")
    while true do end -- luacheck: ignore
  end,
}
