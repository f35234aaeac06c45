--- The settings of the application that leaks.
return {
  renderers = { "json" },
  parsers = { "json", "form", "multipart" },
  exception_handler = "lib.answers.answer",
  log_level = "info",
}
