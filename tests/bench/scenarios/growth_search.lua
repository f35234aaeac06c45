--- A search by name that finds twenty seminars among many.
return require "bench.growth" ("growth_search", "20 seminars found by name", "/api/v1/seminar/?name=Measured")
