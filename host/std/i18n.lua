--- Text for people, in their language.
--
-- The English source text is the key. A catalogue maps it to another language; what a catalogue lacks stays English.
-- The library's own catalogues are `mulligan.messages_ko` and so on, the application's are its `messages/ko.lua`, whose
-- entries win. A catalogue is a plain table, `["Not found."] = "…"`, and both sides use the same `{name}` placeholders.
--
-- The language is that of the request (or operator) being served: the host sets it before each one.
local core = require "mulligan.core"

local i18n = {}

--- The languages that the library speaks; the first is the default.
i18n.languages = { "en", "ko" }

local FALLBACK <const> = i18n.languages[1]
local PLACEHOLDER <const> = "{([%a_][%w_]*)}"

local function has_placeholder(text, name)
  return text:find("{" .. name .. "}", 1, true) ~= nil
end

-- A misspelt placeholder would reach people as a pair of braces: better to refuse the catalogue when it is loaded.
local function check_entry(module, source, text)
  if type(source) ~= "string" or type(text) ~= "string" then
    error(("%s: every entry maps a text to a text, but one maps %s to %s"):format(module, type(source), type(text)), 0)
  end
  for name in text:gmatch(PLACEHOLDER) do
    if not has_placeholder(source, name) then
      error(("%s: the text for %q uses {%s}, which the English text does not have"):format(module, source, name), 0)
    end
  end
end

local function add_catalogue(into, module, catalogue)
  if type(catalogue) ~= "table" then
    error(("%s: a catalogue is a table from English to another language, not a %s"):format(module, type(catalogue)), 0)
  end
  for source, text in pairs(catalogue) do
    check_entry(module, source, text)
    into[source] = text
  end
end

-- An application without a catalogue is fine; one whose catalogue does not load is not.
local function application_catalogue(module)
  local loaded, result = pcall(require, module)
  if loaded then
    return result
  end
  if type(result) == "string" and result:find("module '" .. module .. "' not found", 1, true) then
    return {}
  end
  return error(result, 0)
end

local function load_catalogues()
  local catalogues = {}
  for _, language in ipairs(i18n.languages) do
    if language ~= FALLBACK then
      local library, application = "mulligan.messages_" .. language, "messages." .. language
      local merged = {}
      add_catalogue(merged, library, require(library))
      add_catalogue(merged, application, application_catalogue(application))
      catalogues[language] = merged
    end
  end
  return catalogues
end

local catalogues = load_catalogues()

--- Sets the language of what follows; one that is not spoken here means English.
-- @tparam ?string language `en` or `ko`
function i18n.set_language(language)
  core.set_language(language or FALLBACK)
end

--- The language in use.
-- @treturn string `en` or `ko`
function i18n.language()
  return core.language()
end

--- Fills the `{name}` placeholders of a text in one pass; a placeholder without a value stays as it is.
-- @tparam string text
-- @tparam {[string]=any} values
-- @treturn string
function i18n.fill(text, values)
  return (text:gsub(PLACEHOLDER, function(name)
    local value = values[name]
    return value ~= nil and tostring(value) or nil
  end))
end

--- The text in the language in use, its placeholders filled if values are given.
-- @tparam string text the English source text
-- @tparam ?{[string]=any} values
-- @treturn string
function i18n.translate(text, values)
  local catalogue = catalogues[core.language()]
  local translated = catalogue and catalogue[text] or text
  return values and i18n.fill(translated, values) or translated
end

--- Short for @{i18n.translate}.
i18n.t = i18n.translate

return i18n
