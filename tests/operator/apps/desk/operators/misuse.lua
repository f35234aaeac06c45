return {
  title = "Misuse",
  params = {},
  run = function(_, op)
    local calls <const> = {
      function() op.say() end,
      function() op.say("%d", "many") end,
      function() op.table("rows") end,
      function() op.table { 1 } end,
      function() op.table({ { a = 1 } }, { {} }) end,
      function() op.progress(-1) end,
      function() op.progress(1):step(-1) end,
      function() op.confirm() end,
      function() op.abort() end,
      function() op.more = true end,
    }
    for _, call in ipairs(calls) do
      local _, message = pcall(call)
      op.say(message)
    end
    op.table({ { a = 1, b = { 2 } }, { a = "two\nlines", b = "\xff" } })
    op.say("a bell \a, an escape \27[31m, a NUL \0.")
  end,
}
