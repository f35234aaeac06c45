--- Messages for Slack: the constructors of mulligan.slack, and the template that the service ships.
local library = require "support.library"
local scripts = require "support.scripts"
local slack = require "mulligan.slack"

describe("values in Slack's markup", function()
  it("are shown as they are", function()
    assert.are.equal("a &lt; b &amp;&amp; c &gt; d", slack.escape "a < b && c > d")
    assert.are.equal("&lt;!channel&gt; ˋxˋ", slack.escape "<!channel> `x`")
    assert.are.equal("one two three", slack.escape "one\r\ntwo\nthree")
    assert.are.equal("7", slack.escape(7))
    assert.are.equal("", slack.escape(nil))
  end)

  it("cannot leave code", function()
    assert.are.equal("`a ˋbˋ &amp; c`", slack.code "a `b` & c")
    assert.are.equal("```one\nˋˋˋ two```", slack.code_block "one\r\n``` two")
    assert.are.equal("", slack.code(nil))
    assert.are.equal("", slack.code "")
    assert.are.equal("", slack.code_block " \n ")
  end)

  it("are times on each reader's clock", function()
    assert.are.equal("<!date^1636815540^{date_short_pretty} {time_secs}|2021-11-13 14:59:00 UTC>",
      slack.date(1636815540123456))
    assert.are.equal("<!date^0^{date}|1970-01-01 00:00:00 UTC>", slack.date(0, "{date}"))
    assert.are.equal("", slack.date(nil))
  end)

  it("are links that end where they should", function()
    assert.are.equal("<https://a.example/?b=1&amp;c=2|see &lt;this&gt; ¦ that>",
      slack.link("https://a.example/?b=1&c=2", "see <this> | that"))
    assert.are.equal("<https://a.example/%3E%7Cx%0A|y>", slack.link("https://a.example/>|x\n", "y"))
  end)
end)

describe("blocks", function()
  it("are what Slack documents", function()
    assert.are.same({ type = "header", text = { type = "plain_text", text = "a &amp; b :crab:", emoji = true } },
      slack.header "a & b :crab:")
    assert.are.same({ type = "section", text = { type = "mrkdwn", text = "*x*", verbatim = true } },
      slack.section "*x*")
    assert.are.same({
      type = "actions",
      elements = {
        { type = "button", text = { type = "plain_text", text = "Go", emoji = true }, url = "https://a.example",
          style = "danger" },
      },
    }, slack.actions(slack.button("Go", "https://a.example", "danger")))
    assert.are.same({ { type = "divider" } }, slack.blocks(nil, slack.divider(), false))
  end)

  it("leave out what has no value", function()
    local pairs_given <const> = { { "A", 1 }, { "B", nil }, { "C", false }, { "D", "" }, { "<E>", "`e`" } }
    local fields <const> = slack.fields(pairs_given).fields
    assert.are.equal(2, #fields)
    assert.are.equal("*A*\n1", fields[1].text)
    assert.are.equal("*&lt;E&gt;*\n`e`", fields[2].text)
    assert.are.equal(1, #slack.context(nil, "x", false, "").elements)
  end)
end)

describe("the template", function()
  local i18n <const> = library.load("i18n", { ["messages.ko"] = scripts.loader {} "messages.ko" })
  local template <const> = scripts.loader { ["mulligan.i18n"] = i18n } "alerts.slack"

  local function alert(more)
    local all <const> = {
      kind = "new", reasons = { "new" }, status = 500, app_code = 9000, exc_type = "TypeError", message = "no `x`",
      source = "request", method = "GET", route = "/a/{id}/", path = "/a/7/", user_id = 3, user_email = "k@example.com",
      ref = "ERR-7K3F-9QXA", total = 12, times = 5, users = 2, first_seen = 1636815540123456, host = "web1",
      release = "1.2", generation = 4, environment = "production",
      frame = { file = "scripts/a.lua", line = 3, ["function"] = "handler" },
      url = "https://seminars.example.com/__mulligan__/errors/ERR-7K3F-9QXA",
    }
    for name, value in pairs(more or {}) do
      all[name] = value or nil
    end
    return all
  end

  -- The texts of a kind of block, one a line.
  local function texts(message, kind)
    local lines <const> = {}
    for _, block in ipairs(message.blocks) do
      if block.type == kind then
        for _, one in ipairs(block.fields or block.elements or { block }) do
          lines[#lines + 1] = type(one.text) == "table" and one.text.text or one.text
        end
      end
    end
    return table.concat(lines, "\n")
  end

  after_each(function()
    i18n.set_language "en"
  end)

  it("says which user, which path and which error", function()
    local message <const> = template(alert())
    assert.are.equal("Error! code: 500 (9000) :glitch_crab:", texts(message, "header"))
    assert.is_true(message.blocks[1].text.emoji)
    local sections <const> = texts(message, "section")
    assert.is_truthy(sections:find("*A new error*\n*k@example.com* (#3) met `TypeError` at `GET /a/7/`", 1, true))
    assert.is_truthy(sections:find("```no ˋxˋ```", 1, true))
    for _, fact in ipairs {
      "*Method*\nGET", "*Route*\n`/a/{id}/`", "*Status*\n500 (9000)", "*Count*\n12", "*Users*\n2",
      "*First seen*\n<!date^1636815540^", "*Reference*\n`ERR-7K3F-9QXA`", "At `scripts/a.lua:3` in `handler`",
    } do
      assert.is_truthy(sections:find(fact, 1, true), fact)
    end
    assert.are.equal("production\nHost `web1`\nRelease `1.2`\nGeneration 4", texts(message, "context"))
    assert.are.equal("Show the error", texts(message, "actions"))
    assert.are.equal(alert().url, message.blocks[#message.blocks].elements[1].url)
  end)

  it("says it in Korean", function()
    i18n.set_language "ko"
    local message <const> = template(alert())
    assert.are.equal("Error 발생! code : 500 (9000) :glitch_crab:", texts(message, "header"))
    assert.is_truthy(texts(message, "section"):find("*k@example.com* (#3) 님이 `GET /a/7/` 요청에서", 1, true))
  end)

  it("has no brackets without an application code, and a type without a status", function()
    assert.are.equal("Error! code: 500 :glitch_crab:", texts(template(alert { app_code = false }), "header"))
    local message <const> = template(alert {
      status = false, app_code = false, method = false, route = false, path = false, kind = "operator",
      reasons = { "operator" }, source = "operator", script = "reverse_drop", operator = "kim <3",
    })
    assert.are.equal("Error! code: TypeError :glitch_crab:", texts(message, "header"))
    assert.is_truthy(texts(message, "section"):find(
      "*An operator's run failed*\n*kim &lt;3* ran `reverse_drop`, which ended with `TypeError`", 1, true))
    assert.is_falsy(texts(message, "section"):find("*Status*", 1, true))
  end)

  it("has no button without an address, and no frame without one", function()
    local message <const> = template(alert { url = false, frame = false })
    assert.are.equal("", texts(message, "actions"))
    assert.is_falsy(texts(message, "section"):find("At `", 1, true))
  end)

  it("says what each kind is", function()
    local function says(more, text)
      assert.is_truthy(texts(template(alert(more)), "section"):find(text, 1, true), text)
    end
    says({ kind = "regression" }, "*An error that was resolved is back*")
    says({ kind = "count", total = 1000 }, "*It has happened 1000 times now*")
    says({ kind = "spike" }, "*It happens very often: 5 times since the last message*")
    says({ kind = "repeats", reasons = { "repeats", "count", "spike" } },
      "*It happened 5 times more since the last message*\nIt has happened 12 times now\nIt happens very often")
    says({ kind = "reload", reasons = { "reload" }, status = false, app_code = false, route = false, path = false },
      "*The scripts that were saved do not load; those before them serve on*\n`TypeError`")
  end)

  it("tells of a digest and a test", function()
    local digest <const> = template {
      kind = "digest", messages = 30, times = 4000, since = 0, ["until"] = 1, more_groups = 4, host = "web1",
      groups = {
        { group = 1, title = "TypeError: <x>", status = 500, times = 9, total = 10, ref = "ERR-1" },
        { group = 2, title = "Other", times = 3, total = 3, ref = "ERR-2", url = "https://a.example/ERR-2" },
      },
    }
    assert.are.equal("30 alerts were held back :glitch_crab:", texts(digest, "header"))
    assert.is_truthy(texts(digest, "section"):find(
      "• 9 × TypeError: &lt;x&gt; `ERR-1`\n• 3 × Other <https://a.example/ERR-2|ERR-2>\n… and 4 more", 1, true))
    local test <const> = template { kind = "test", host = "web1" }
    assert.is_truthy(texts(test, "section"):find("Nothing is wrong", 1, true))
    assert.are.equal("Host `web1`", texts(test, "context"))
  end)
end)
