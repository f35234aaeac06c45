--- One's own account among many.
return require "bench.growth" ("growth_me", "user/me/", "/api/v1/user/me/")
