--- One seminar among many.
return require "bench.growth" ("growth_seminar", "a seminar", "/api/v1/seminar/1/")
