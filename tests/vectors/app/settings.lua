--- An application with one route for each kind of answer that drf.json records. JSON is all that it reads and writes.
return {
  parsers = { "json" },
  renderers = { "json" },
  error_renderers = { "json" },
  exception_handler = "lib.errors.handler",
}
