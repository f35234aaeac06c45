--- The clock, as scripts read and write it.
local time = require "mulligan.time"

describe("time", function()
  it("writes UTC with microseconds", function()
    assert.are.equal("1970-01-01T00:00:00.000000Z", time.format(0))
    assert.are.equal("2021-11-13T14:59:00.123456Z", time.format(1636815540123456))
    assert.are.equal("1969-12-31T23:59:59.999999Z", time.format(-1))
    assert.are.equal("0001-01-01T00:00:00.000000Z", time.format(-62135596800000000))
    assert.are.equal("9999-12-31T23:59:59.999999Z", time.format(253402300799999999))
  end)

  it("reads any offset and fraction", function()
    for _, text in ipairs {
      "2021-11-13T14:59:00.123456Z", "2021-11-13T23:59:00.123456+09:00", "2021-11-13T09:29:00.123456-05:30",
    } do
      assert.are.equal(1636815540123456, time.parse(text), text)
    end
    assert.are.equal(1636815540000000, time.parse "2021-11-13T14:59:00Z")
    assert.are.equal(1636815540500000, time.parse "2021-11-13T14:59:00.5Z")
  end)

  it("refuses what is no time, and says so", function()
    for _, text in ipairs { "", "yesterday", "2021-11-13", "2021-13-01T00:00:00Z", "2021-02-29T00:00:00Z",
      "2021-11-13T14:59:00", "2021-11-13T14:59:00Z ", "1636815540" } do
      local us, message, code = time.parse(text)
      assert.is_nil(us, text)
      assert.matches("RFC 3339", message)
      assert.are.equal("invalid", code)
    end
    assert.has_error(function() time.parse(nil) end)
  end)

  it("has no text outside the years 1 to 9999", function()
    for _, us in ipairs { 253402300800000000, -62135596800000001, math.maxinteger, math.mininteger } do
      assert.has_error(function() time.format(us) end)
    end
    assert.has_error(function() time.format(1.5) end)
    assert.has_error(function() time.format "soon" end)
  end)

  it("gives one moment in its three forms", function()
    local before = time.us()
    local text, seconds = time.now(), time.unix()
    local after = time.us()
    assert.are.equal(27, #text)
    assert.is_true(before <= time.parse(text) and time.parse(text) <= after)
    assert.are.equal("integer", math.type(before))
    assert.are.equal("float", math.type(seconds))
    assert.is_true(before / 1e6 - 0.001 <= seconds and seconds <= after / 1e6 + 0.001)
    assert.are.equal(text, time.format(time.parse(text)))
  end)

  it("has a clock that never goes back", function()
    local last = time.monotonic()
    for _ = 1, 1000 do
      local current = time.monotonic()
      assert.is_true(current >= last)
      last = current
    end
  end)
end)
