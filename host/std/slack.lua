--- Messages for Slack, for templates in `scripts/alerts/`.
--
--    local slack = require "mulligan.slack"
--
--    return function(alert)
--      return {
--        blocks = slack.blocks(
--          slack.header("It broke: " .. alert.title),
--          slack.section("*" .. slack.escape(alert.user_email) .. "* met\n" .. slack.code_block(alert.message)),
--          slack.fields { { "Times", alert.total }, { "First seen", slack.date(alert.first_seen) } },
--          alert.url and slack.actions(slack.button("Show it", alert.url))
--        ),
--      }
--    end
--
-- Texts are Slack's markup (`*bold*`, `_italic_`, `<https://…|a link>`), so a value goes into one through
-- @{slack.escape}, @{slack.code} or @{slack.code_block}: then nothing in it is read as markup. The host sees to Slack's
-- limits by itself: it cuts what is too long, leaves out what is empty, and lets a message mention nobody.
local time = require "mulligan.time"

local slack = {}

local ENTITIES <const> = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ["`"] = "ˋ" }

-- nil and false are nothing, so that `condition and value` may stand wherever a text does.
local function as_text(value)
  return value and tostring(value) or ""
end

local function escape_characters(text)
  return (text:gsub("[&<>`]", ENTITIES))
end

-- Values -------------------------------------------------------------------------------------------------------------

--- A value as Slack shows it as it is, on one line: markup in it is none, a backtick becomes the letter ˋ.
-- @param value anything; nil and false are nothing
-- @treturn string markup
function slack.escape(value)
  return (escape_characters(as_text(value)):gsub("\r\n", " "):gsub("%c", " "))
end

--- A value as code, on one line.
-- @param value anything; nil, false and "" are nothing
-- @treturn string markup
function slack.code(value)
  local text = slack.escape(value)
  return text:find("%S") and "`" .. text .. "`" or ""
end

--- A value as a block of code, with its line breaks.
-- @param value anything; nil, false and "" are nothing
-- @treturn string markup
function slack.code_block(value)
  local text = escape_characters(as_text(value)):gsub("\r\n", "\n"):gsub("[^%C\n]", " ")
  return text:find("%S") and "```" .. text .. "```" or ""
end

--- A time as each reader's clock shows it.
-- @tparam ?integer us microseconds since 1970; nil is nothing
-- @tparam ?string format in Slack's words, "{date_short_pretty} {time_secs}" unless given
-- @treturn string markup
function slack.date(us, format)
  if us == nil then
    return ""
  end
  local day, clock = time.format(us):match("^(.-)T(%d+:%d+:%d+)")
  return ("<!date^%d^%s|%s %s UTC>"):format(us // 1000000, format or "{date_short_pretty} {time_secs}", day, clock)
end

--- A link.
-- @tparam string url of http:// or https://
-- @tparam string label a value, which is escaped
-- @treturn string markup
function slack.link(url, label)
  local address = url:gsub("[<>|%s%c]", function(character)
    return ("%%%02X"):format(character:byte())
  end)
  return ("<%s|%s>"):format(address:gsub("&amp;", "&"):gsub("&", "&amp;"), (slack.escape(label):gsub("|", "¦")))
end

-- Blocks -------------------------------------------------------------------------------------------------------------

local function mrkdwn(text)
  return { type = "mrkdwn", text = as_text(text), verbatim = true }
end

local function plain(text)
  return { type = "plain_text", text = slack.escape(text), emoji = true }
end

--- A large line. At most 150 characters.
-- @tparam string text no markup, but `:emoji:`
-- @treturn table
function slack.header(text)
  return { type = "header", text = plain(text) }
end

--- A paragraph. At most 3000 characters.
-- @tparam string text markup
-- @tparam ?table accessory a button beside it
-- @treturn table
function slack.section(text, accessory)
  return { type = "section", text = mrkdwn(text), accessory = accessory }
end

--- Facts in two columns. At most 2000 characters each; beyond ten they go on in another section.
-- @tparam {{string,any},...} list of { label, markup }; those without a value are left out
-- @treturn table
function slack.fields(list)
  local fields = {}
  for _, pair in ipairs(list) do
    local label, value = pair[1], as_text(pair[2])
    if value ~= "" then
      fields[#fields + 1] = mrkdwn(("*%s*\n%s"):format(slack.escape(label), value))
    end
  end
  return { type = "section", fields = fields }
end

--- A small, grey line. At most ten texts.
-- @param ... markup; nil, false and "" are left out
-- @treturn table
function slack.context(...)
  local elements = {}
  for index = 1, select("#", ...) do
    local text = as_text((select(index, ...)))
    if text ~= "" then
      elements[#elements + 1] = mrkdwn(text)
    end
  end
  return { type = "context", elements = elements }
end

--- A button that opens a page.
-- @tparam string text no markup, at most 75 characters
-- @tparam string url of http:// or https://
-- @tparam ?string style "primary" or "danger"
-- @treturn table for actions() or section()
function slack.button(text, url, style)
  return { type = "button", text = plain(text), url = url, style = style }
end

--- A row of buttons.
-- @param ... buttons
-- @treturn table
function slack.actions(...)
  return { type = "actions", elements = { ... } }
end

--- A line across.
-- @treturn table
function slack.divider()
  return { type = "divider" }
end

--- A list of blocks, without those that are nil or false.
-- @param ... blocks
-- @treturn table
function slack.blocks(...)
  local blocks = {}
  for index = 1, select("#", ...) do
    local block = select(index, ...)
    if block then
      blocks[#blocks + 1] = block
    end
  end
  return blocks
end

return slack
