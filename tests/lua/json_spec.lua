--- JSON texts and Lua values: what is taken, what is refused and in which words, and that nothing is lost on the way.
local json = require "mulligan.json"

--- Reads a text that must be right.
local function decode(text)
  local value, message = json.decode(text)
  assert.is_nil(message, text)
  return value
end

--- What json.encode says of a value it refuses.
local function refusal(value)
  local written, message = pcall(json.encode, value)
  assert.is_false(written)
  return message
end

describe("json.decode", function()
  it("reads numbers, keeping integers apart from floats", function()
    local numbers = {
      ["0"] = 0, ["-1"] = -1, ["1.0"] = 1.0, ["1e2"] = 100.0, ["1E+2"] = 100.0, ["12.5e-1"] = 1.25, [" 7\n"] = 7,
      ["9223372036854775807"] = math.maxinteger, ["-9223372036854775808"] = math.mininteger,
      ["9007199254740993"] = 9007199254740993, ["1e308"] = 1e308, ["1e-400"] = 0.0, ["0.1"] = 0.1,
    }
    for text, expected in pairs(numbers) do
      local value = decode(text)
      assert.are.equal(expected, value, text)
      assert.are.equal(math.type(expected), math.type(value), text)
    end
    assert.are.equal(-math.huge, 1 / decode("-0.0"))
  end)

  it("reads texts with every escape", function()
    local texts = {
      ['""'] = "", ['"a b"'] = "a b", [ [["\"\\\/\b\f\n\r\t"]] ] = "\"\\/\b\f\n\r\t", [ [["\u0000"]] ] = "\0",
      [ [["\ud55c\uAE00"]] ] = "한글", [ [["\ud83c\udfb2"]] ] = "🎲", ['"한글 🎲"'] = "한글 🎲", ['"\127"'] = "\127",
      ['"\u{2028}\u{2029}\u{FFFF}\u{10FFFF}"'] = "\u{2028}\u{2029}\u{FFFF}\u{10FFFF}",
    }
    for text, expected in pairs(texts) do
      assert.are.equal(expected, decode(text), text)
    end
  end)

  it("reads lists and objects", function()
    assert.are.same({ 1, "b", true, false, json.null }, decode '[1, "b", true, false, null]')
    assert.are.same({ a = { b = { c = 1 } }, [""] = 2, ["1"] = 3 }, decode '{"a": {"b": {"c": 1}}, "": 2, "1": 3}')
    assert.are.same({ a = 2 }, decode '{"a": 1, "a": 2}', "the last of two equal keys stands")
    assert.are.same({ a = 1 }, decode "\t\r\n {\"a\"\t:\r\n1 } ")
  end)

  it("tells an empty list from an empty object", function()
    assert.is_true(json.is_array(decode "[]"))
    assert.is_false(json.is_array(decode "{}"))
    assert.are.equal('{"a":[],"b":{}}', json.encode(decode '{"a": [], "b": {}}'))
  end)

  it("reads null and false as values, not as failures", function()
    assert.are.equal(json.null, decode "null")
    assert.is_false(decode "false")
  end)

  local refused = {
    -- structure
    { "", "Expecting value: line 1 column 1 (char 0)" },
    { "  \n ", "Expecting value: line 2 column 2 (char 4)" },
    { "hello", "Expecting value: line 1 column 1 (char 0)" },
    { '{"a": ', "Unexpected end of text: line 1 column 7 (char 6)" },
    { "[1, 2", "Unexpected end of text: line 1 column 6 (char 5)" },
    { '{"a":1,}', "Expecting a name in double quotes: line 1 column 8 (char 7)" },
    { "[1,]", "Expecting value: line 1 column 4 (char 3)" },
    { "[,1]", "Expecting value: line 1 column 2 (char 1)" },
    { "[1 2]", "']' expected: line 1 column 4 (char 3)" },
    { '{"a" 1}', "':' expected: line 1 column 6 (char 5)" },
    { '{"a":\n  nope}', "Expecting value: line 2 column 3 (char 8)" },
    { "{} {}", "Extra data: line 1 column 4 (char 3)" },
    { "1 2", "Extra data: line 1 column 3 (char 2)" },
    { "]", "Expecting value: line 1 column 1 (char 0)" },
    { "{1:2}", "Expecting a name in double quotes: line 1 column 2 (char 1)" },
    { "{'a':1}", "Expecting a name in double quotes: line 1 column 2 (char 1)" },
    { "{a:1}", "Expecting a name in double quotes: line 1 column 2 (char 1)" },
    { "[1] // why", "Extra data: line 1 column 5 (char 4)" },
    { "/* why */ 1", "Expecting value: line 1 column 1 (char 0)" },
    { '{"한글": 한}', "Expecting value: line 1 column 8 (char 11)" },
    { "[1]\0", "Extra data: line 1 column 4 (char 3)" },
    { "tru", "Expecting value: line 1 column 1 (char 0)" },
    { "True", "Expecting value: line 1 column 1 (char 0)" },
    -- numbers
    { '{"a": NaN}', "NaN is not JSON: line 1 column 7 (char 6)" },
    { "[Infinity]", "Infinity is not JSON: line 1 column 2 (char 1)" },
    { "[-Infinity]", "Infinity is not JSON: line 1 column 2 (char 1)" },
    { "1e999", "Number too large: line 1 column 1 (char 0)" },
    { "9223372036854775808", "Integer does not fit in 64 bits: line 1 column 1 (char 0)" },
    { "-9223372036854775809", "Integer does not fit in 64 bits: line 1 column 1 (char 0)" },
    { "01", "Expecting value: line 1 column 1 (char 0)" },
    { "1.", "Expecting value: line 1 column 1 (char 0)" },
    { ".5", "Expecting value: line 1 column 1 (char 0)" },
    { "+1", "Expecting value: line 1 column 1 (char 0)" },
    { "-", "Expecting value: line 1 column 1 (char 0)" },
    { "0x10", "Extra data: line 1 column 2 (char 1)" },
    { "1e", "Expecting value: line 1 column 1 (char 0)" },
    -- texts
    { '"abc', "Unexpected end of text: line 1 column 5 (char 4)" },
    { '"a\nb"', "A line break in a string must be written \\n: line 1 column 3 (char 2)" },
    { [["\x41"]], "Invalid escape in a string: line 1 column 4 (char 3)" },
    { [["\ud800"]], "Invalid Unicode '\\uD800': line 1 column 1 (char 0)" },
    { [["\udc00\ud800"]], "Invalid Unicode '\\uDC00': line 1 column 1 (char 0)" },
    { [[{"\u0000": 1}]], "A NUL character in a key is not supported: line 1 column 2 (char 1)" },
    -- bytes
    { "\u{FEFF}1", "Unexpected byte order mark: line 1 column 1 (char 0)" },
    { '"\xff"', "Invalid UTF-8: line 1 column 2 (char 1)" },
    { '["한", "\xed\xa0\x80"]', "Invalid UTF-8: line 1 column 8 (char 9)" },
    { '"\xc0\xaf"', "Invalid UTF-8: line 1 column 2 (char 1)" },
    { '"\xf4\x90\x80\x80"', "Invalid UTF-8: line 1 column 2 (char 1)" },
    { '"\xe2\x82', "Invalid UTF-8: line 1 column 2 (char 1)" },
  }
  for _, case in ipairs(refused) do
    local text, expected = case[1], case[2]
    it(("refuses %q"):format(text), function()
      local value, message, code = json.decode(text)
      assert.is_nil(value)
      assert.are.equal(expected, message)
      assert.are.equal("invalid", code)
    end)
  end

  it("names line and column whatever is wrong with a text", function()
    local whole = '{"a": [1, 2.5e3, "x\\u00e9\\n한"], "b": {"c": null, "d": true}}'
    for cut = 0, #whole - 1 do
      local value, message = json.decode(whole:sub(1, cut))
      assert.is_nil(value)
      assert.matches("^%u.*: line %d+ column %d+ %(char %d+%)$", message)
    end
    for at = 1, #whole do
      for _, byte in ipairs { "\0", "\1", "\255", "}", "]", '"', "\\", ",", "9", "e" } do
        local value, message, code = json.decode(whole:sub(1, at - 1) .. byte .. whole:sub(at + 1))
        if value == nil then
          assert.matches("line %d+ column %d+ %(char %d+%)$", message)
          assert.are.equal("invalid", code)
          assert.is_truthy(utf8.len(message))
        end
      end
    end
  end)

  it("takes 512 levels and refuses the next, naming its bracket", function()
    local depth, value = 0, decode(("["):rep(512) .. ("]"):rep(512))
    while value do
      depth, value = depth + 1, value[1]
    end
    assert.are.equal(512, depth)
    local _, message = json.decode(("["):rep(513) .. ("]"):rep(513))
    assert.are.equal("Nested more than 512 levels deep: line 1 column 513 (char 512)", message)
    _, message = json.decode(('{"a":'):rep(100000))
    assert.matches("^Nested more than 512 levels deep", message)
    assert.are.equal(("["):rep(1000), decode('"' .. ("["):rep(1000) .. '"'), "brackets in a text are no levels")
    assert.are.equal('"' .. ("["):rep(1000), decode([["\"]] .. ("["):rep(1000) .. '"'))
  end)

  it("takes a text only", function()
    assert.has_error(function() json.decode(nil) end)
    assert.has_error(function() json.decode {} end)
  end)
end)

describe("json.encode", function()
  it("writes numbers so that they read back equal", function()
    local cases = {
      { 0, "0" }, { -7, "-7" }, { math.maxinteger, "9223372036854775807" }, { math.mininteger, "-9223372036854775808" },
      { 0.5, "0.5" }, { -0.1, "-0.1" }, { 1e308, "1e+308" }, { 5e-324, "4.94065645841247e-324" }, { 1e15, "1e+15" },
      { 123456.789, "123456.789" }, { 1 / 3, "0.3333333333333333" }, { 0.1 + 0.2, "0.30000000000000004" },
      { 2.0 ^ 53, "9007199254740992.0" }, { -123456789012.0, "-123456789012.0" }, { 1e-7, "1e-07" },
    }
    for _, case in ipairs(cases) do
      assert.are.equal(case[2], json.encode(case[1]))
      local value = decode(case[2])
      assert.are.equal(case[1], value)
      assert.are.equal(math.type(case[1]), math.type(value))
    end
    assert.are.equal("1.0", json.encode(1.0))
    assert.are.equal("-3.0", json.encode(-3.0))
    assert.are.equal("-0.0", json.encode(-0.0))
    assert.are.equal("0.0", json.encode(0.0))
  end)

  it("escapes what must be escaped and nothing else", function()
    assert.are.equal([["\"\\/\b\f\n\r\t\u0000\u0001\u001f]] .. '\127"', json.encode "\"\\/\b\f\n\r\t\0\1\31\127")
    assert.are.equal('"한글 🎲 \u{2028}"', json.encode "한글 🎲 \u{2028}")
    assert.are.equal([["한\n글\"é"]], json.encode "한\n글\"é")
  end)

  it("tells lists from objects", function()
    assert.are.equal("{}", json.encode {})
    assert.are.equal("[]", json.encode(json.array()))
    assert.are.equal("[]", json.encode(json.array {}))
    assert.are.equal("{}", json.encode(json.object {}))
    assert.are.equal("[1,2,3]", json.encode { 1, 2, 3 })
    assert.are.equal("[null,false]", json.encode { json.null, false })
    assert.are.equal('{"1":"a","2":"b"}', json.encode(json.object { "a", "b" }))
    assert.are.equal('{"1":1,"3":3}', json.encode { [1] = 1, [3] = 3 })
    assert.are.equal('{"-1":0,"0":1,"2":2,"10":3,"a":4}', json.encode { [10] = 3, a = 4, [2] = 2, [-1] = 0, [0] = 1 })
    local grown = {}
    for i = 1, 1000 do
      grown[i] = i
    end
    assert.are.equal("[" .. table.concat(grown, ",") .. "]", json.encode(grown))
  end)

  it("knows a list when it sees one", function()
    assert.is_true(json.is_array { 1, 2 })
    assert.is_true(json.is_array(json.array {}))
    for _, value in ipairs { {}, json.object { 1 }, { 1, x = 2 }, "text", 7, json.null } do
      assert.is_false(json.is_array(value))
    end
    assert.is_false(json.is_array(nil))
  end)

  it("writes keys in the order of their bytes, however the table grew", function()
    local names, one, other = {}, {}, {}
    for i = 1, 100 do
      names[i] = ("k%03d"):format(i * 37 % 101)
    end
    for i = 1, #names do
      one[names[i]] = i
      other[names[#names + 1 - i]] = #names + 1 - i
    end
    assert.are.equal(json.encode(one), json.encode(other))
    assert.are.equal('{"":0,"A":1,"B":2,"a":3,"aa":4,"b":5,"한":6}',
      json.encode { b = 5, aa = 4, a = 3, B = 2, A = 1, [""] = 0, ["한"] = 6 })
  end)

  it("follows a metatable's __order, then the rest", function()
    local shape = { __order = { "id", "name", "absent", "id" } }
    assert.are.equal('{"id":1,"name":"x","a":2,"b":3}',
      json.encode(setmetatable({ b = 3, a = 2, name = "x", id = 1 }, shape)))
    assert.are.equal("{}", json.encode(setmetatable({}, shape)))
    assert.are.equal('{"z":1}', json.encode(setmetatable({ z = 1 }, { __index = shape })))
    assert.matches("__order is not a list of texts", refusal(setmetatable({}, { __order = { 1 } })))
  end)

  it("looks at what is in a table, not at what its metatable pretends", function()
    local proxy = setmetatable({ a = 1 }, {
      __index = { b = 2 }, __pairs = error, __len = error, __tostring = error, __name = "Proxy",
    })
    assert.are.equal('{"a":1}', json.encode(proxy))
  end)

  it("indents on request", function()
    assert.are.equal('{\n  "a": [\n    1,\n    {}\n  ],\n  "b": []\n}',
      json.encode({ a = { 1, {} }, b = json.array {} }, { indent = 2 }))
    assert.are.equal("[1]", json.encode({ 1 }, { indent = 0 }))
    assert.has_error(function() json.encode({}, { indent = -1 }) end)
    assert.has_error(function() json.encode({}, { indent = 17 }) end)
  end)

  it("names the place of what it refuses", function()
    local self_holding = { list = { {} } }
    self_holding.list[1].again = self_holding
    local cases = {
      [".seminars[3].time: a function is not JSON"] = { seminars = { {}, {}, { time = print } } },
      [".list[1].again: the table contains itself"] = self_holding,
      ['["a b"]["한"]: NaN is not JSON'] = { ["a b"] = { ["한"] = 0 / 0 } },
      [".x: an infinity is not JSON"] = { x = -math.huge },
      ["[2]: the text is not valid UTF-8"] = { "fine", "\xff" },
      [".t: a thread is not JSON"] = { t = coroutine.create(print) },
      ["[1]: a list with holes, or with keys other than 1 to n, is not JSON"] = { json.array { 1, nil, 3 } },
      [".l: a list with holes, or with keys other than 1 to n, is not JSON"] = { l = json.array { 1, x = 2 } },
      [".a: a key that is neither text nor integer is not JSON"] = { a = { [true] = 1 } },
      [".b: a key that is no whole number is not JSON"] = { b = { [1.5] = 1 } },
      ["an integer key and a text key are the same in JSON"] = { [7] = 1, ["7"] = 2 },
    }
    for expected, value in pairs(cases) do
      local message = refusal(value)
      assert.are.equal(expected, message:match("json%.encode: (.*)$"), message)
    end
    assert.matches("a function is not JSON$", refusal(print))
    assert.matches("text is not valid UTF%-8$", refusal { ["\xff"] = 1 })
    assert.matches("userdata is not JSON$", refusal(io.stdout))
    assert.has_error(function() json.encode() end)
  end)

  it("refuses half characters and forbidden ones in texts", function()
    for _, text in ipairs { "\x80", "a\xe2\x82", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "한\xff" } do
      assert.matches("not valid UTF%-8", refusal(text))
    end
  end)

  it("writes back whatever it reads, and refuses deeper tables without harm", function()
    local deepest = ("["):rep(512) .. ("]"):rep(512)
    assert.are.equal(deepest, json.encode(decode(deepest)))
    assert.are.equal('{"got":' .. deepest .. "}", json.encode { got = decode(deepest) })
    local deep = {}
    for _ = 1, 100000 do
      deep = { deep }
    end
    assert.matches("nest too deeply$", refusal(deep))
  end)

  it("writes a table that stands in several places, each time", function()
    local shared = { x = 1 }
    assert.are.equal('{"a":{"x":1},"b":[{"x":1},{"x":1}]}', json.encode { a = shared, b = { shared, shared } })
  end)

  it("writes objects of many members", function()
    local large, expected = {}, {}
    for i = 1, 5000 do
      large[("key%05d"):format(i)] = { inner = i }
      expected[i] = ('"key%05d":{"inner":%d}'):format(i, i)
    end
    assert.are.equal("{" .. table.concat(expected, ",") .. "}", json.encode(large))
  end)

  it("refuses what would not fit in memory, and works on", function()
    local doubled = { ("x"):rep(1000) }
    for _ = 1, 40 do
      doubled = { doubled, doubled }
    end
    assert.matches("the JSON text is too large$", refusal(doubled))
    assert.are.equal("[1]", json.encode { 1 })
  end)
end)

describe("a round trip", function()
  local random = 20211113

  --- The same numbers at every run, so that a failure can be seen again.
  local function draw(most)
    random = (random * 1103515245 + 12345) % 2147483648
    return random // 65536 % most + 1
  end

  local function random_text()
    local pieces <const> = { "a", "Z", "\"", "\\", "\n", "\0", "\31", "한", "é", "🎲", "/", "\u{2028}", " " }
    local text = {}
    for i = 1, draw(12) - 1 do
      text[i] = pieces[draw(#pieces)]
    end
    return table.concat(text)
  end

  local function random_value(depth)
    local kind = draw(depth > 4 and 6 or 8)
    if kind == 1 then
      return json.null
    elseif kind == 2 then
      return draw(2) == 1
    elseif kind == 3 then
      return draw(32768) * draw(32768) * draw(32768) * draw(32768) * (draw(2) == 1 and 1 or -1)
    elseif kind == 4 then
      return (draw(32768) / draw(32768)) * 10.0 ^ (draw(600) - 300)
    elseif kind <= 6 then
      return random_text()
    end
    local value = kind == 7 and json.array {} or {}
    for i = 1, draw(6) - 1 do
      value[kind == 7 and i or random_text():gsub("\0", "0")] = random_value(depth + 1)
    end
    return value
  end

  it("gives random values back as they were", function()
    for _ = 1, 2000 do
      local value = random_value(1)
      local text = json.encode(value)
      assert.are.same(value, decode(text), text)
      assert.are.equal(text, json.encode(decode(text)))
      assert.are.equal(text, json.encode(decode(json.encode(value, { indent = 3 }))))
    end
  end)
end)

describe("json's own marks", function()
  it("are out of a script's reach", function()
    assert.are.equal("json.array", getmetatable(json.array {}))
    assert.has_error(function() setmetatable(json.array {}, {}) end)
  end)

  it("give null one identity", function()
    assert.are.equal(json.null, decode("[null]")[1])
    assert.are.equal("null", json.encode(json.null))
    assert.are.equal("userdata", type(json.null))
  end)

  it("go on a table in place", function()
    local list = { 1 }
    assert.are.equal(list, json.array(list))
    assert.has_error(function() json.array("text") end)
  end)
end)
