--- The settings of the application whose requests are looked up.
return {
  renderers = { "json" },
  authenticators = { "lib.names" },
}
