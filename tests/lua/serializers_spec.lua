--- Serializers: what of a client's data is taken, as what, and what the client is told of the rest.
local exceptions = require "mulligan.exceptions"
local fields = require "mulligan.fields"
local i18n = require "mulligan.i18n"
local json = require "mulligan.json"
local serializers = require "mulligan.serializers"

--- What a single field makes of a value: the clean value, or nil and the messages as JSON.
local function read(field, value)
  local one = serializers.define({ value = field }) { data = { value = value } }
  if one:is_valid() then
    return one.validated_data.value
  end
  return nil, json.encode(one.errors.value)
end

local function refuses(field, message, ...)
  local expected = json.encode(json.array { message })
  for _, value in ipairs { ... } do
    local result, errors = read(field, value)
    assert.is_nil(result, tostring(value))
    assert.are.equal(expected, errors, tostring(value))
  end
end

describe("an integer field", function()
  it("takes whole numbers, also as text", function()
    local expected = {
      ["7"] = 7, [" 7 "] = 7, ["+7"] = 7, ["-7"] = -7, ["007"] = 7, ["7.0"] = 7, ["7."] = 7, ["1_000"] = 1000,
      ["9223372036854775807"] = math.maxinteger, ["-9223372036854775808"] = math.mininteger, [2.0] = 2,
      [1e15] = 10 ^ 15,
    }
    for sent, clean in pairs(expected) do
      local result = read(fields.integer(), sent)
      assert.are.equal(clean, result)
      assert.are.equal("integer", math.type(result))
    end
  end)

  it("takes nothing else", function()
    refuses(fields.integer(), "A valid integer is required.", "five", "", "1.5", 1.5, true, "0x10", "1e3", "_1", "1__0",
      "--1", "9223372036854775808", 1e300, {}, json.array { 1 }, "nan")
    refuses(fields.integer(), "String value too large.", ("1"):rep(1001))
  end)

  it("keeps to its range", function()
    refuses(fields.integer { min = 1 }, "Ensure this value is greater than or equal to 1.", 0, "-5")
    refuses(fields.integer { max = 1000 }, "Ensure this value is less than or equal to 1000.", 1001)
    assert.are.equal(1, (read(fields.integer { min = 1, max = 1 }, 1)))
  end)
end)

describe("a float field", function()
  it("takes numbers, also as text", function()
    for sent, clean in pairs { ["1.5"] = 1.5, [" 1e3 "] = 1000.0, [".5"] = 0.5, [3] = 3.0, [true] = 1.0 } do
      local result = read(fields.float(), sent)
      assert.are.equal(clean, result)
      assert.are.equal("float", math.type(result))
    end
  end)

  it("takes nothing that is no finite number", function()
    refuses(fields.float(), "A valid number is required.", "x", "", "nan", "NaN", "inf", "-Infinity", "1e999",
      "0x10", {})
  end)
end)

describe("a text field", function()
  it("trims, unless told not to", function()
    assert.are.equal("tea", (read(fields.text(), " \t tea\u{3000}\n")))
    assert.are.equal(" tea ", (read(fields.text { trim = false }, " tea ")))
    assert.are.equal("a  b", (read(fields.text(), "a  b")))
  end)

  it("takes numbers as their digits", function()
    assert.are.equal("12", (read(fields.text(), 12)))
    assert.are.equal("1.5", (read(fields.text(), 1.5)))
    assert.are.equal("3.0", (read(fields.text(), 3.0)))
    assert.are.equal("1e+16", (read(fields.text(), 1e16)))
  end)

  it("takes nothing else", function()
    refuses(fields.text(), "Not a valid string.", true, {}, json.array { "x" }, "\xff")
    refuses(fields.text(), "This field may not be blank.", "", "   ", "\u{2003}")
    refuses(fields.text { trim = false }, "This field may not be blank.", "")
    refuses(fields.text(), "Null characters are not allowed.", "a\0b")
  end)

  it("counts characters, not bytes", function()
    assert.are.equal("드랍번복", (read(fields.text { max = 4, min = 4 }, "드랍번복")))
    refuses(fields.text { max = 4 }, "Ensure this field has no more than 4 characters.", "드랍 번복")
    refuses(fields.text { min = 3 }, "Ensure this field has at least 3 characters.", "드랍")
  end)

  it("may be blank where it says so, whatever the other checks", function()
    assert.are.equal("", (read(fields.text { allow_blank = true, min = 3 }, "  ")))
  end)

  it("takes long runs of white space in good time", function()
    local sent = "x" .. (" "):rep(1000000) .. "x"
    assert.are.equal(sent, (read(fields.text(), sent)))
  end)
end)

describe("an e-mail field", function()
  it("takes addresses", function()
    for _, address in ipairs {
      "a@b.co", "a.b+c@d-e.org", "A@B.CO", "a@localhost", '"a!b"@c.de', '"a\\"b"@c.de', "a@[127.0.0.1]", "a@[::1]",
      "a@[::ffff:1.2.3.4]", "a@한국.kr",
    } do
      assert.are.equal(address, (read(fields.email(), address)))
    end
  end)

  it("takes nothing else", function()
    refuses(fields.email(), "Enter a valid email address.", "nope", "@b.co", "a@", "a@b", "a..b@c.de", ".a@c.de",
      "a b@c.de", '"a b"@c.de', "a@-b.co", "a@b-.co", "a@b..co", "a@b.c", "a@[256.0.0.1]", "a@[1:2:3]", "a@[::1",
      "한@b.co", true, ("x"):rep(400) .. "@b.co")
  end)
end)

describe("a boolean field", function()
  it("takes the words for true and false", function()
    for _, word in ipairs { true, 1, "1", "t", "Y", "Yes", "on", "True", "tRUE" } do
      assert.is_true((read(fields.boolean(), word)))
    end
    for _, word in ipairs { 0, "0", "F", "n", "NO", "off", "False", "fALSE" } do
      assert.is_false((read(fields.boolean(), word)))
    end
    assert.is_false((read(fields.boolean(), false)))
  end)

  it("takes nothing else", function()
    refuses(fields.boolean(), "Must be a valid boolean.", "maybe", "", 2, "yEs", {}, " true")
    refuses(fields.boolean(), "This field may not be null.", json.null)
    assert.are.equal(json.null, (read(fields.boolean { allow_null = true }, "null")))
  end)
end)

describe("a choice field", function()
  it("takes what it offers, also by its text", function()
    assert.are.equal("express", (read(fields.choice { choices = { "standard", "express" } }, "express")))
    assert.are.equal(2, (read(fields.choice { choices = { 1, 2 } }, "2")))
    refuses(fields.choice { choices = { "standard" } }, '"slow" is not a valid choice.', "slow")
    refuses(fields.choice { choices = { "standard" } }, '"True" is not a valid choice.', true)
    refuses(fields.choice { choices = { "standard" } }, '"" is not a valid choice.', "")
    assert.are.equal("", (read(fields.choice { choices = { "standard" }, allow_blank = true }, "")))
  end)
end)

describe("a time field", function()
  it("takes HH:MM and nothing else", function()
    assert.are.equal("00:00", (read(fields.time(), "00:00")))
    assert.are.equal("23:59", (read(fields.time(), "23:59")))
    refuses(fields.time(), "Time has wrong format. Use one of these formats instead: hh:mm.", "24:00", "25:00", "12:60",
      "14:30:00", "9:30", " 09:30", "", 930)
  end)
end)

describe("a datetime field", function()
  it("takes ISO 8601 and keeps it in UTC", function()
    local expected = {
      ["2021-11-13T14:59:00.123456Z"] = "2021-11-13T14:59:00.123456Z",
      ["2021-11-13T14:59:00+09:00"] = "2021-11-13T05:59:00.000000Z",
      ["2021-11-13 14:59"] = "2021-11-13T14:59:00.000000Z",
      ["2021-11-13T14:59:00.5-0030"] = "2021-11-13T15:29:00.500000Z",
    }
    for sent, clean in pairs(expected) do
      assert.are.equal(clean, (read(fields.datetime(), sent)))
    end
  end)

  it("takes nothing else", function()
    local message = "Datetime has wrong format. Use one of these formats instead: "
      .. "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
    refuses(fields.datetime(), message, "2021-13-01T00:00", "2021-02-30T00:00", "2021-11-13", "", 5,
      "2021-11-13T14:59:60Z", "2021-11-13T14:59:00+9", " 2021-11-13T14:59:00Z")
  end)
end)

describe("a list field", function()
  local tags = fields.list { of = fields.text { max = 5 }, max = 3, allow_empty = false }

  it("takes items like its own", function()
    assert.are.same({ "a", "b" }, (read(tags, json.array { " a", "b" })))
    assert.are.equal("[]", json.encode((read(fields.list { of = fields.text() }, json.array {}))))
  end)

  it("says which items are wrong, from 0", function()
    local _, errors = read(tags, json.array { "ok", "toolong", json.null })
    assert.are.equal('{"1":["Ensure this field has no more than 5 characters."],'
      .. '"2":["This field may not be null."]}', errors)
  end)

  it("says what is wrong with the list", function()
    refuses(tags, 'Expected a list of items but got type "str".', "x")
    refuses(tags, 'Expected a list of items but got type "dict".', {})
    refuses(tags, "This list may not be empty.", json.array {})
    refuses(tags, "Ensure this field has no more than 3 elements.", json.array { "a", "b", "c", "d" })
    refuses(fields.list { of = fields.text(), min = 2 }, "Ensure this field has at least 2 elements.",
      json.array { "a" })
  end)
end)

describe("any field", function()
  it("is required unless it has a default or says otherwise", function()
    local Order = serializers.define {
      amount = fields.integer(),
      online = fields.boolean { default = true },
      note = fields.text { allow_null = true, default = json.null },
      kind = fields.text { required = false },
      tags = fields.list { of = fields.text(), default = function()
        return json.array {}
      end },
    }
    local order = Order { data = {} }
    assert.is_false(order:is_valid())
    assert.are.same({ amount = { "This field is required." } }, order.errors)
    assert.is_nil(order.validated_data)
    order = Order { data = { amount = 1 } }
    assert.is_true(order:is_valid())
    assert.are.same({}, order.errors)
    assert.are.same({ amount = 1, online = true, note = json.null, tags = {} }, order.validated_data)
  end)

  it("takes null only where it says so, and keeps it as json.null", function()
    refuses(fields.integer(), "This field may not be null.", json.null)
    assert.are.equal(json.null, (read(fields.integer { allow_null = true, min = 1 }, json.null)))
  end)

  it("may have another name inside", function()
    local one = serializers.define({ year = fields.integer { source = "career_years" } }) { data = { year = "3" } }
    assert.is_true(one:is_valid())
    assert.are.same({ career_years = 3 }, one.validated_data)
  end)

  it("may have words of its own", function()
    refuses(fields.text { messages = { blank = "Say something." } }, "Say something.", " ")
    refuses(fields.text { messages = { blank = "Say something." } }, "Not a valid string.", true)
  end)

  it("runs all its validators, so that one answer names everything", function()
    local function even(value)
      return value % 2 == 0, "Not even.", "odd"
    end
    local function pass() end
    local _, errors = read(fields.integer { max = 5, validators = { even, pass } }, 7)
    assert.are.equal('["Not even.","Ensure this value is less than or equal to 5."]', errors)
    assert.are.equal(4, (read(fields.integer { max = 5, validators = { even, pass } }, 4)))
  end)

  it("with an unknown or senseless option is refused where it is written", function()
    for _, make in ipairs {
      function() fields.integer { mim = 1 } end,
      function() fields.integer { required = true, default = 1 } end,
      function() fields.list { of = fields.text(), default = {} } end,
      function() fields.list {} end,
      function() fields.choice {} end,
      function() fields.nested { of = fields.text() } end,
      function() fields.text("x") end,
    } do
      local made, message = pcall(make)
      assert.is_false(made)
      assert.matches("^[^\n]*serializers_spec%.lua:%d+: fields%.%a+", message)
    end
  end)
end)

describe("nested serializers", function()
  local Line = serializers.define {
    sku = fields.text { max = 8 },
    quantity = fields.integer { min = 1 },
  }
  local Order = serializers.define {
    line = fields.nested { of = Line, required = false, allow_null = true },
    lines = fields.many { of = Line, required = false, max = 2, allow_empty = false },
  }

  local function errors_of(data)
    local order = Order { data = data }
    order:is_valid()
    return json.encode(order.errors)
  end

  it("give clean values all the way down", function()
    local order = Order {
      data = { line = { sku = " A1 ", quantity = "2" }, lines = { { sku = "B", quantity = 1, x = 1 } } },
    }
    assert.is_true(order:is_valid())
    assert.are.same({ sku = "A1", quantity = 2 }, order.validated_data.line)
    assert.are.same({ { sku = "B", quantity = 1 } }, order.validated_data.lines)
  end)

  it("say where something is wrong", function()
    assert.are.equal('{"line":{"quantity":["This field is required."]}}', errors_of { line = { sku = "A" } })
    assert.are.equal('{"lines":[{},{"quantity":["Ensure this value is greater than or equal to 1."],'
      .. '"sku":["This field is required."]}]}',
      errors_of { lines = { { sku = "A1", quantity = 2 }, { quantity = 0 } } })
    assert.are.equal('{"line":{"non_field_errors":["Invalid data. Expected a dictionary, but got int."]}}',
      errors_of { line = 3 })
    assert.are.equal('{"lines":[{"non_field_errors":["Invalid data. Expected a dictionary, but got bool."]},'
      .. '["This field may not be null."]]}', errors_of { lines = json.array { true, json.null } })
  end)

  it("say what is wrong with the list as a whole", function()
    local function at_large(message)
      return json.encode { lines = { non_field_errors = { message } } }
    end
    assert.are.equal(at_large('Expected a list of items but got type "dict".'), errors_of { lines = { sku = "A1" } })
    assert.are.equal(at_large("This list may not be empty."), errors_of { lines = json.array {} })
    assert.are.equal(at_large("Ensure this field has no more than 2 elements."), errors_of { lines = { {}, {}, {} } })
    assert.are.equal('{"lines":["This field may not be null."]}', errors_of { lines = json.null })
  end)
end)

describe("a serializer", function()
  local seen
  local Profile = serializers.define {
    first_name = fields.text { required = false },
    last_name = fields.text { required = false },
    age = fields.integer { min = 0, required = false },

    validate_first_name = function(self, value)
      seen[#seen + 1] = "first_name " .. tostring(self.context.who)
      if value:find("%d") then
        return nil, "No digits.", "digits"
      end
      return value:upper()
    end,

    validate = function(self, data)
      seen[#seen + 1] = "validate"
      if self.partial then
        return data
      end
      if not data.first_name then
        return nil, { first_name = "Both names, please." }
      end
      if data.first_name == data.last_name then
        return nil, "The names must differ.", "same"
      end
      return data
    end,
  }

  before_each(function()
    seen = {}
  end)

  it("takes an object and nothing else", function()
    local kinds = { [5] = "int", [1.5] = "float", ["x"] = "str", [true] = "bool", [json.array {}] = "list" }
    for sent, kind in pairs(kinds) do
      local profile = Profile { data = sent }
      assert.is_false(profile:is_valid())
      local message = ("Invalid data. Expected a dictionary, but got %s."):format(kind)
      assert.are.same({ non_field_errors = { message } }, profile.errors)
    end
    local profile = Profile { data = json.null }
    assert.is_false(profile:is_valid())
    assert.are.same({ non_field_errors = { "No data provided" } }, profile.errors)
  end)

  it("runs a field's hook after the field, with the context at hand", function()
    local profile = Profile { data = { first_name = " kim ", last_name = "lee" }, context = { who = "me" } }
    assert.is_true(profile:is_valid())
    assert.are.same({ first_name = "KIM", last_name = "lee" }, profile.validated_data)
    assert.are.same({ "first_name me", "validate" }, seen)
  end)

  it("runs its own hook only when the fields are fine", function()
    local profile = Profile { data = { first_name = "k1m", age = -1 } }
    assert.is_false(profile:is_valid())
    assert.are.same({ first_name = { "No digits." }, age = { "Ensure this value is greater than or equal to 0." } },
      profile.errors)
    assert.are.same({ "first_name nil" }, seen)
  end)

  it("puts what is wrong with the whole under non_field_errors, and with a field under its name", function()
    local profile = Profile { data = { first_name = "KIM", last_name = "KIM" } }
    assert.is_false(profile:is_valid())
    assert.are.same({ non_field_errors = { "The names must differ." } }, profile.errors)
    profile = Profile { data = {} }
    assert.is_false(profile:is_valid())
    assert.are.same({ first_name = { "Both names, please." } }, profile.errors)
  end)

  it("leaves out what was not sent when it is partial", function()
    local Strict = serializers.define { name = fields.text(), online = fields.boolean { default = true } }
    local strict = Strict { data = {}, partial = true }
    assert.is_true(strict:is_valid())
    assert.are.same({}, strict.validated_data)
  end)

  it("raises the errors with their codes when asked to", function()
    local profile = Profile { data = { first_name = "k1m" } }
    local valid, exc = pcall(profile.is_valid, profile, { raise = true })
    assert.is_false(valid)
    assert.is_true(exceptions.is(exc, exceptions.ValidationError))
    assert.are.same({ first_name = { "digits" } }, exc:get_codes())
    assert.are.same({ first_name = { "No digits." } }, exc:body())
  end)

  it("checks the whole with its validators before its hook", function()
    local Pair = serializers.define {
      a = fields.integer(),
      b = fields.integer(),
      validators = {
        function(data)
          return data.a < data.b, "a must be below b.", "order"
        end,
        function(data)
          if data.a + data.b > 10 then
            return false, "Too much."
          end
          return true
        end,
      },
    }
    local pair = Pair { data = { a = 9, b = 8 } }
    assert.is_false(pair:is_valid())
    assert.are.same({ non_field_errors = { "a must be below b.", "Too much." } }, pair.errors)
  end)

  it("can be extended", function()
    local Instructor = Profile:extend { company = fields.text { default = "" }, age = fields.integer { min = 30 } }
    local instructor = Instructor { data = { first_name = "kim", last_name = "lee", age = 29 } }
    assert.is_false(instructor:is_valid())
    assert.are.same({ age = { "Ensure this value is greater than or equal to 30." } }, instructor.errors)
    local profile = Profile { data = { first_name = "kim", last_name = "lee", age = 29 } }
    assert.is_true(profile:is_valid())
  end)

  it("looks at fields in the order in which they were made", function()
    local order = {}
    local function note(name)
      return function()
        order[#order + 1] = name
      end
    end
    local Four = serializers.define {
      z = fields.text { validators = { note("z") } },
      a = fields.text { validators = { note("a") } },
      m = fields.text { validators = { note("m") } },
      b = fields.text { validators = { note("b") } },
    }
    assert.is_true(Four { data = { a = "1", b = "1", m = "1", z = "1" } }:is_valid())
    assert.are.same({ "z", "a", "m", "b" }, order)
  end)

  it("says so when a hook is misnamed or returns nothing", function()
    assert.has_error(function()
      serializers.define { name = fields.text(), validate_nmae = function() end }
    end)
    assert.has_error(function()
      serializers.define { name = "text" }
    end)
    local Forgetful = serializers.define { name = fields.text(), validate = function() end }
    local ran, message = pcall(function()
      Forgetful { data = { name = "x" } }:is_valid()
    end)
    assert.is_false(ran)
    assert.matches("validate returned nothing", message, 1, true)
    assert.has_error(function()
      Forgetful { dat = {} }
    end)
  end)

  it("takes an input of a form that was left empty for null, or for not sent", function()
    local coerce = require "mulligan.coerce"
    local Signup = serializers.define {
      year = fields.integer { allow_null = true, default = json.null },
      online = fields.boolean { default = true },
      capacity = fields.integer(),
      university = fields.text { allow_blank = true, default = "x" },
    }
    local sent = { year = "", online = "", capacity = "", university = "" }
    local signup = Signup { data = coerce.mark_form(sent) }
    assert.is_false(signup:is_valid())
    assert.are.same({ capacity = { "A valid integer is required." } }, signup.errors)
    sent.capacity = "5"
    signup = Signup { data = sent }
    assert.is_true(signup:is_valid())
    assert.are.same({ year = json.null, online = true, capacity = 5, university = "" }, signup.validated_data)
  end)

  it("speaks Korean to who does", function()
    i18n.set_language("ko")
    local Item = serializers.define { amount = fields.integer { max = 3 }, name = fields.text() }
    local one = Item { data = { amount = 4 } }
    one:is_valid()
    i18n.set_language("en")
    assert.are.same({ amount = { "3 이하의 값을 입력해 주세요." }, name = { "필수 항목입니다." } }, one.errors)
  end)
end)
