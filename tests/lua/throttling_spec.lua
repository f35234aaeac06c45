--- Throttling: how many requests pass, counted by what, and what the next one is told.
local exceptions = require "mulligan.exceptions"
local library = require "support.library"

-- The module, over rates of this test's own: those of the settings are the application's.
local throttling

--- How many of `count` requests pass.
local function passing(throttle, req, count)
  local passed = 0
  for _ = 1, count do
    if pcall(throttle, req) then
      passed = passed + 1
    end
  end
  return passed
end

-- Counters outlive a test, so each test counts for clients of its own.
local clients = 0
local function client()
  clients = clients + 1
  return { remote_addr = "192.0.2." .. clients, data = {} }
end

describe("a throttle", function()
  setup(function()
    local rates = { login = "3/hour", search = "2/day", wrong = "many/hour", zero = "0/min", odd = "5/fortnight" }
    throttling = library.load("throttling", { ["mulligan.settings"] = { throttle_rates = rates } })
  end)

  it("lets so many through and refuses the next, saying how long to wait", function()
    local req = client()
    local throttle = throttling.check_for { throttle = "login" }
    assert.are.equal(3, passing(throttle, req, 3))
    local passed, exc = pcall(throttle, req)
    assert.is_false(passed)
    assert.is_true(exceptions.is(exc, exceptions.Throttled))
    assert.is_true(exc.wait > 0 and exc.wait <= 3600)
  end)

  it("counts by address, or by user where there is one", function()
    local throttle = throttling.rate("login")
    local one, other = client(), client()
    assert.are.equal(3, passing(throttle, one, 5))
    assert.are.equal(3, passing(throttle, other, 5))
    local here, there = client(), client()
    here.user, there.user = { id = 900001 }, { id = 900001 }
    assert.are.equal(3, passing(throttle, here, 3))
    assert.are.equal(0, passing(throttle, there, 1))
  end)

  it("counts by what a script names", function()
    local by_email = throttling.rate("search", function(req)
      return req.data.email
    end)
    local one, other = client(), client()
    one.data.email, other.data.email = "throttle-a@b.co", "throttle-c@d.co"
    assert.are.equal(2, passing(by_email, one, 4))
    assert.are.equal(2, passing(by_email, other, 4))
    assert.are.equal(9, passing(by_email, client(), 9), "without a key nothing is counted")
  end)

  it("counts each rate by itself", function()
    local req = client()
    assert.are.equal(3, passing(throttling.rate("login"), req, 9))
    assert.are.equal(2, passing(throttling.rate("search"), req, 9))
  end)

  it("may be one of several, or a function", function()
    local function never()
      exceptions.Throttled(90):raise()
    end
    local req = client()
    local passed, exc = pcall(throttling.check_for { throttle = { "login", never } }, req)
    assert.is_false(passed)
    assert.are.equal(90, exc.wait)
    assert.are.equal(never, throttling.check_for { throttle = never })
  end)

  it("costs nothing where there is none", function()
    assert.is_nil(throttling.check_for {})
    assert.is_nil(throttling.check_for { throttle = {} })
  end)

  it("that cannot work is refused when the route is loaded", function()
    for _, name in ipairs { "missing", "wrong", "zero", "odd" } do
      local found, message = pcall(throttling.check_for, { throttle = name })
      assert.is_false(found)
      assert.matches(name, message, 1, true)
    end
  end)
end)
