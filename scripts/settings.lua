--- The seminar service's settings. The environment (`MULLIGAN_` and the name in capitals) and flags have the last word.
-- `mulligan serve --help` lists every setting of the host with its default.
return {
  -- Who a request comes from: modules with authenticate(req), asked in this order.
  authenticators = { "lib.jwt_auth" },

  -- What bodies a route takes unless it says otherwise, as Django REST Framework has it.
  parsers = { "json", "form", "multipart" },
  renderers = { "json" },

  -- lib/throttles.lua says what each of them counts.
  throttle_rates = {
    login = "20/min", -- one address trying one e-mail address
    login_address = "300/min", -- one address, whatever it tries
  },

  -- Whom a page or a body tells to turn to when something broke.
  report_to = "the server team",

  -- `unhandled` in lib/error_codes.lua.
  unhandled_app_code = 9000,
}
