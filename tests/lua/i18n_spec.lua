--- Languages: which text is shown, and that the Korean catalogue is complete.
local i18n = require "mulligan.i18n"
local library = require "support.library"

-- The modules whose texts a client can get to see.
local SOURCES <const> = { "exceptions", "field", "fields", "parsers", "request", "serializers", "validators" }

local function read_source(name)
  local file <close> = assert(io.open(library.path(name), "rb"))
  return file:read("a")
end

describe("i18n", function()
  after_each(function()
    i18n.set_language("en")
  end)

  it("shows English unless told otherwise", function()
    assert.are.equal("en", i18n.language())
    assert.are.equal("Not found.", i18n.translate("Not found."))
  end)

  it("shows Korean when that is the language", function()
    i18n.set_language("ko")
    assert.are.equal("ko", i18n.language())
    assert.are.equal("찾을 수 없습니다.", i18n.t("Not found."))
  end)

  it("falls back to English for a language it does not speak, and for none", function()
    for _, language in ipairs { "fr", "", "KO" } do
      i18n.set_language("ko")
      i18n.set_language(language)
      assert.are.equal("en", i18n.language())
    end
    i18n.set_language("ko")
    i18n.set_language(nil)
    assert.are.equal("en", i18n.language())
  end)

  it("keeps a text that no catalogue has", function()
    i18n.set_language("ko")
    assert.are.equal("{who} is late.", i18n.translate("{who} is late."))
    assert.are.equal("Kim is late.", i18n.translate("{who} is late.", { who = "Kim" }))
  end)

  it("fills placeholders once, and only those that have a value", function()
    local text = i18n.fill("{a} {b} {c} {d}", { a = "{b}", b = "%1", c = 3 })
    assert.are.equal("{b} %1 3 {d}", text)
  end)

  it("has Korean for every sentence of the library", function()
    local korean = require "mulligan.messages_ko"
    local seen = 0
    for _, name in ipairs(SOURCES) do
      local code = read_source(name):gsub("%-%-[^\n]*", "")
      local function check(text)
        -- A sentence for people begins with a capital or a placeholder and ends with a full stop.
        if text:find("^[%u\"{].* .*[%.}]$") and not text:find("%%") then
          seen = seen + 1
          assert.is_string(korean[text], ("%s: no Korean for %q"):format(name, text))
        end
      end
      for text in code:gmatch('"([^"\n]*)"') do
        check(text)
      end
      for text in code:gmatch("'([^'\n]*)'") do
        check(text)
      end
    end
    assert.is_true(seen > 30)
  end)

  it("has the same placeholders in both languages", function()
    for english, korean in pairs(require "mulligan.messages_ko") do
      for name in english:gmatch("{(%a[%w_]*)}") do
        assert.is_truthy(korean:find("{" .. name .. "}", 1, true), ("%q lost {%s}"):format(english, name))
      end
    end
  end)
end)

describe("an application's catalogue", function()
  local function load_with(catalogue)
    return pcall(library.load, "i18n", { ["messages.ko"] = catalogue })
  end

  it("adds to the library's, and wins", function()
    local _, own = load_with { ["Not found."] = "그런 것은 없습니다.", ["Full, {name}."] = "{name} 님, 자리가 없습니다." }
    own.set_language("ko")
    assert.are.equal("그런 것은 없습니다.", own.t("Not found."))
    assert.are.equal("김 님, 자리가 없습니다.", own.t("Full, {name}.", { name = "김" }))
    assert.are.equal("입력이 올바르지 않습니다.", own.t("Invalid input."))
  end)

  it("is refused when a placeholder is misspelt", function()
    local loaded, message = load_with { ["Full, {name}."] = "{nmae} 님, 자리가 없습니다." }
    assert.is_false(loaded)
    assert.matches("messages.ko: the text for \"Full, {name}.\" uses {nmae}", message, 1, true)
  end)

  it("is refused when it is no table of texts", function()
    for _, wrong in ipairs { 5, { ["Not found."] = 5 }, { "찾을 수 없습니다." } } do
      local loaded, message = load_with(wrong)
      assert.is_false(loaded)
      assert.matches("messages.ko: ", message, 1, true)
    end
  end)

  it("that does not load is no missing one", function()
    local loaded, message = load_with(function()
      error("line 3 is wrong")
    end)
    assert.is_false(loaded)
    assert.matches("line 3 is wrong", message, 1, true)
  end)
end)
