--- The settings, as scripts read them.
local settings = require "mulligan.settings"

describe("settings", function()
  it("have the type their users reckon with", function()
    assert.are.equal("integer", math.type(settings.hash_concurrency))
    assert.are.equal("integer", math.type(settings.body_limit))
    assert.are.equal("float", math.type(settings.deadline))
    assert.are.equal("string", type(settings.environment))
    assert.are.equal("non_field_errors", settings.non_field_errors_key)
  end)

  it("give lists that can be counted and walked", function()
    local names = {}
    for index, name in ipairs(settings.parsers) do
      names[index] = name
    end
    assert.are.same({ "json", "form", "multipart" }, names)
    assert.are.equal(3, #settings.parsers)
    assert.are.equal("json,form,multipart", table.concat(settings.parsers, ","))
    assert.are.equal(settings.parsers, settings.parsers, "one list, not one a look")
  end)

  it("name the nearest one when a name is misspelt", function()
    local found, message = pcall(function() return settings.dedline end)
    assert.is_false(found)
    assert.matches("there is no setting 'dedline'; did you mean 'deadline'%?", message)
    assert.matches("settings_spec%.lua:%d+:", message)
    found, message = pcall(function() return settings.qqqqqqqqqq end)
    assert.is_false(found)
    assert.matches("there is no setting 'qqqqqqqqqq'$", message)
    assert.has_error(function() return settings[1] end)
  end)

  it("cannot be written", function()
    assert.has_error(function() settings.deadline = 1 end)
    assert.has_error(function() settings.parsers[1] = "xml" end)
    assert.has_error(function() settings.own = true end)
    assert.are.equal("json", settings.parsers[1])
    assert.are.equal("mulligan.settings", getmetatable(settings))
  end)

  it("are nil where settings.lua says nothing", function()
    assert.is_nil(settings.authenticators)
    assert.is_nil(settings.throttle_rates)
  end)

  it("do not follow for ever a table of settings.lua that contains itself", function()
    local registry <const> = debug.getregistry()
    local cycle = {}
    cycle.again = cycle
    registry["mulligan.settings.lua"] = { app = cycle }
    local found, message = pcall(function() return settings.app end)
    registry["mulligan.settings.lua"] = nil
    assert.is_false(found)
    assert.matches("the setting 'app' nests too deeply", message)
  end)

  it("show the tables of settings.lua read-only, whatever is in them", function()
    local registry <const> = debug.getregistry()
    registry["mulligan.settings.lua"] = {
      throttle_rates = { login = "20/min", [1] = "a", [2] = "b" },
      authenticators = { "lib.jwt_auth" },
      app = { deep = { er = { 1, 2 } }, call = print },
      deadline = "not asked for: the host's own value stands",
    }
    assert.are.equal("20/min", settings.throttle_rates.login)
    assert.are.equal(2, #settings.throttle_rates)
    assert.are.equal(1, #settings.authenticators)
    assert.are.equal(2, settings.app.deep.er[2])
    assert.are.equal(print, settings.app.call)
    assert.are.equal("float", math.type(settings.deadline))
    assert.has_error(function() settings.throttle_rates.login = "1/min" end)
    assert.has_error(function() settings.app.deep.er[1] = 0 end)
    registry["mulligan.settings.lua"].app.deep.er[1] = 0
    assert.are.equal(1, settings.app.deep.er[1], "a copy stands behind the face")
    local names = {}
    for name in pairs(settings.throttle_rates) do
      names[#names + 1] = tostring(name)
    end
    table.sort(names)
    assert.are.same({ "1", "2", "login" }, names)
    registry["mulligan.settings.lua"] = nil
  end)

  it("can be listed", function()
    local seen = {}
    for name, value in pairs(settings) do
      seen[name] = value
    end
    assert.are.equal(settings.deadline, seen.deadline)
    assert.are.equal(settings.parsers, seen.parsers)
    assert.is_nil(next(settings), "nothing lies in the table itself")
  end)
end)
