local time = require "mulligan.time"

return {
  title = "Clock",
  params = {},
  run = function(_, op)
    local first <const>, started <const> = time.us(), time.monotonic()
    repeat until time.monotonic() - started > 1.1
    op.say(tostring(time.us() == first and os.time() == first // 1000000 and time.now() == time.format(first)))
    op.say(os.date("!%T") == os.date("!%T", first // 1000000) and "date too" or "date not")
  end,
}
