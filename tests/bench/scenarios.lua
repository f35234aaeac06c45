--- The scenarios, files in scenarios/, in the order of the table. driver.lua says what one is.
return {
  "small", "row",
  "seminar", "list", "me", "login", "join", "drop",
  "always_500", "always_500_unrecorded", "always_500_whole",
  "limits", "growth_seminar", "growth_me", "growth_search", "memory",
  "request_log", "log", "alerts", "reload", "desk", "start",
}
