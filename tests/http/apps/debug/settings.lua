return {
  exception_handler = "lib.handler.handle",
}
