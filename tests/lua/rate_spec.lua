--- Counting hits, as throttles do.
local crypto = require "mulligan.crypto"
local rate = require "mulligan.rate"
local time = require "mulligan.time"

--- A key that no other test counts under: the counters belong to the whole process.
local function fresh()
  return "rate_spec " .. crypto.token()
end

describe("rate.hit", function()
  it("lets the limit through and then says how long to wait", function()
    local key = fresh()
    for _ = 1, 3 do
      assert.is_true(rate.hit(key, 3, 3600))
    end
    local allowed, wait = rate.hit(key, 3, 3600)
    assert.is_false(allowed)
    assert.is_true(wait > 0 and wait <= 3600)
    assert.is_false((rate.hit(key, 3, 3600)))
  end)

  it("counts each key by itself", function()
    local one, other = fresh(), fresh()
    assert.is_true(rate.hit(one, 1, 3600))
    assert.is_false((rate.hit(one, 1, 3600)))
    assert.is_true(rate.hit(other, 1, 3600))
    assert.is_true(rate.hit(one .. "\0", 1, 3600), "a NUL is part of the key")
  end)

  it("forgets a hit when its window has passed", function()
    local key = fresh()
    assert.is_true(rate.hit(key, 1, 0.001))
    local counted = time.monotonic()
    repeat
      local passed = time.monotonic() - counted
    until passed > 0.001
    assert.is_true(rate.hit(key, 1, 0.001))
  end)

  it("refuses limits and windows that make no sense", function()
    for _, limit in ipairs { 0, -1, 4294967296, 1.5 } do
      assert.has_error(function() rate.hit("key", limit, 60) end)
    end
    for _, window in ipairs { 0, 1e-9, -1, 0 / 0, math.huge, 367 * 86400 } do
      assert.has_error(function() rate.hit("key", 1, window) end)
    end
    assert.has_error(function() rate.hit(nil, 1, 60) end)
  end)
end)
