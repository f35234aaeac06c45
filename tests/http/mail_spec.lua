--- Alerts by mail: what a strict reader finds in them, and what becomes of them where the mail server says no.
local client = require "support.client"
local json = require "mulligan.json"
local mail = require "support.mail"
local planted = require "support.planted"
local server = require "support.server"
local shell = require "support.shell"

local APP <const> = server.source("tests/http/apps/mail")

--- The headers that a mail may have, of which the second part is for answers in a thread.
local HEADERS <const> = {
  "auto-submitted", "content-type", "date", "from", "list-id", "message-id", "mime-version", "subject", "to",
  "x-mulligan-reference",
}
local HEADERS_OF_ANSWERS <const> = shell.append({ "in-reply-to", "references" }, HEADERS)

local post

setup(function()
  post = mail.start()
end)

teardown(function()
  post:stop()
end)

describe("a mail", function()
  local host

  setup(function()
    post:answer()
    host = server.start {
      scripts = APP,
      env = post:environment("plain", { MULLIGAN_ALERTS = '{"hourly": 1000}', MULLIGAN_ENV = "staging" }),
    }
  end)

  teardown(function()
    host:stop()
  end)

  --- Records an error and waits for the mail about it.
  local function record(error_record)
    local before <const> = post:count()
    error_record.status = error_record.status or 500
    local response <const> = client.json(host, "POST", "/record/", error_record)
    assert.are.equal(200, response.status, response.body)
    return post:eventually(host, before + 1, before + 1)[1], response.json().ref
  end

  --- Fails unless a strict reader of mails has nothing to say, and there are just the headers that there should be.
  local function assert_proper(message, headers)
    assert.are.same({}, message.defects)
    table.sort(message.names)
    local expected <const> = table.move(headers or HEADERS, 1, #(headers or HEADERS), 1, {})
    table.sort(expected)
    assert.are.same(expected, message.names)
    assert.is_true(message.longest <= 998, "a line has " .. message.longest .. " bytes")
    assert.is_true(message.ascii, "bytes above 127 in a mail that does not say so")
    assert.are.equal(0, message.bare, "line breaks that are not CRLF")
    for _, line in ipairs(message.raw_subject) do
      assert.is_true(#line <= 76, line)
    end
    assert.is_nil(message.subject:find("[%c]"))
    assert.is_true(utf8.len(message.subject) <= 120, message.subject)
    assert.are.equal("multipart/alternative", message.type)
    assert.are.equal(2, #message.parts)
    assert.are.equal("text/plain", message.parts[1].type)
    assert.are.equal("text/html", message.parts[2].type)
    for _, part in ipairs(message.parts) do
      assert.are.equal("utf-8", part.charset)
    end
    assert.are.same({ "kim@example.com", "jiwoo@example.com" }, message.recipients)
    assert.are.equal("alerts@example.com", message.sender)
    return message.parts[1].text, message.parts[2].text
  end

  it("says what happened, where, how often and how to look further, as text and as HTML", function()
    local message <const>, reference <const> = record { type = "QuotaExceeded", message = "no place is left" }
    local text <const>, html <const> = assert_proper(message)
    assert.are.equal("[staging] NEW QuotaExceeded: no place is left (POST /record/) ×1", message.subject)
    assert.are.same({ { "Mulligan", "alerts@example.com" } }, message.from)
    assert.are.same({ { "", "kim@example.com" }, { "박지우", "jiwoo@example.com" } }, message.to)
    assert.are.equal("auto-generated", message.headers["auto-submitted"])
    assert.are.equal("Mulligan alerts <mulligan-alerts.staging.example.com>", message.headers["list-id"])
    assert.are.equal(reference, message.headers["x-mulligan-reference"])
    assert.truthy(message.headers["message-id"]:match("^<[%w%.]+@example%.com>$"), message.headers["message-id"])
    assert.truthy(message.date:match("^20%d%d%-%d%d%-%d%dT"), message.date)
    for _, fact in ipairs {
      "QuotaExceeded: no place is left", "POST /record/", "500", reference, "https://seminars.example.com/",
      "mulligan errors show " .. reference,
    } do
      assert.truthy(text:find(fact, 1, true), fact .. " is missing in the text:\n" .. text)
      assert.truthy(html:find(fact, 1, true), fact .. " is missing in the HTML:\n" .. html)
    end
  end)

  it("about ten thousand Korean characters has a short subject and keeps them whole", function()
    local message <const> = record { type = "긴오류", message = ("한국어가깨지지않는다"):rep(1000) }
    local text <const> = assert_proper(message)
    assert.truthy(message.subject:find("^%[staging%] NEW 긴오류: 한국어가깨지지않는다"), message.subject)
    assert.truthy(message.subject:find("… (POST /record/) ×1", 1, true), message.subject)
    assert.is_nil(message.subject:find("\u{FFFD}", 1, true))
    assert.truthy(text:find(("한국어가깨지지않는다"):rep(20), 1, true), text)
    assert.is_nil(text:find("\u{FFFD}", 1, true))
  end)

  it("gets no header, recipient or part from an error's words", function()
    local attacks <const> = {
      "x\r\nBcc: all@example.com\r\nX-Evil: 1", "x\nSubject: other\n\n<b>body</b>",
      "x\r\n.\r\nMAIL FROM:<x@example.com>", "x\r\n\r\n--------------------------\r\nContent-Type: text/html",
      "=?UTF-8?Q?=0D=0ABcc:_all@example.com?=", "a\u{2028}b\u{85}c\u{202E}d\u{7}e\0f",
    }
    local before <const> = post:count()
    for index, attack in ipairs(attacks) do
      local fields <const> = { type = "Attack" .. index .. "\r\nX-Evil: 2", message = attack, status = 500 }
      assert.are.equal(200, client.json(host, "POST", "/record/", fields).status)
    end
    for index, message in ipairs(post:eventually(host, before + #attacks, before + 1)) do
      local text <const> = assert_proper(message)
      assert.truthy(message.subject:find("NEW Attack" .. index .. " X-Evil: 2: ", 1, true), message.subject)
      assert.is_nil(text:find("[%z\1-\9\11\12\14-\31]"))
    end
  end)

  it("shows an error's markup and its odd lines, and obeys neither", function()
    local message <const> = record {
      type = "Markup", message = "<script>alert(1)</script> & <img src=x> \"q\"\n.\n..\nFrom here on\n=3D %s --",
    }
    local text <const>, html <const> = assert_proper(message)
    local lines <const> = {
      '    Markup: <script>alert(1)</script> & <img src=x> "q"', "    .", "    ..", "    From here on", "    =3D %s --",
    }
    assert.truthy(text:find(table.concat(lines, "\r\n") .. "\r\n", 1, true), text)
    assert.is_nil(html:find("<script", 1, true))
    assert.is_nil(html:find("<img", 1, true))
    local shown <const> = "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;img src=x&gt; &quot;q&quot;"
    assert.truthy(html:find(shown, 1, true), html)
  end)

  it("has no locals, which the error's row has", function()
    local before <const> = post:count()
    local reference <const> = client.get(host, "/raise/quince/").body:match("ERR%-%w+%-%w+")
    local message <const> = post:eventually(host, before + 1, before + 1)[1]
    local text <const>, html <const> = assert_proper(message)
    assert.truthy(host:cli("errors", "show", reference, "--json").stdout:find("local-quince", 1, true))
    assert.is_nil((text .. html .. message.raw):find("local-quince", 1, true))
    assert.truthy(text:find("routes/mail.lua:16", 1, true), text)
  end)

  it("is in one thread with the others of its group, and in no other", function()
    local function happen(name)
      return record { type = name, message = name, fingerprint = name }
    end
    local first <const>, reference <const> = happen "thread-one"
    local id <const> = first.headers["message-id"]
    assert_proper(first)
    local group <const> = json.decode(host:cli("errors", "show", reference, "--json").stdout).group_id
    for _ = 1, 2 do
      assert.are.equal(0, host:cli("errors", "resolve", tostring(group)).status)
      local answer <const> = happen "thread-one"
      assert_proper(answer, HEADERS_OF_ANSWERS)
      assert.truthy(answer.subject:find("^%[staging%] AGAIN thread%-one"), answer.subject)
      assert.are.equal(id, answer.headers["in-reply-to"])
      assert.are.equal(id, answer.headers.references)
    end
    local other <const> = happen "thread-two"
    assert_proper(other)
    local seen <const> = {}
    for _, message in ipairs(post:read()) do
      local name <const> = message.headers["message-id"]
      assert.is_nil(seen[name], name .. " stands for two mails")
      seen[name] = true
    end
  end)

  it("that the server puts off comes a little later, once", function()
    post:answer("RCPT:kim@example.com 1 451 4.7.1 greylisted", "RCPT:jiwoo@example.com 1 450 4.2.1 not now")
    local message <const> = record { type = "PutOff", message = "later" }
    assert_proper(message)
    post:answer()
  end)

  it("that came twice, since the answer was lost, is known by its Message-ID", function()
    post:answer("DATA 1 LOSE")
    local before <const> = post:count()
    record { type = "Lost", message = "twice" }
    local copies <const> = post:eventually(host, before + 2, before + 1)
    post:answer()
    assert.are.equal(copies[1].headers["message-id"], copies[2].headers["message-id"])
    assert.are.equal(copies[1].subject, copies[2].subject)
  end)
end)

describe("a login that is refused", function()
  it("stops the channel, which says why and not with what; afterwards nothing is missing", function()
    local host <const> = server.start { scripts = APP, env = post:environment("login") }
    local before <const> = post:count()
    post:know("another one")
    local function channel()
      for _, row in ipairs(json.decode(host:cli("alerts", "status", "--json").stdout).channels) do
        if row.channel == "mail" then
          return row
        end
      end
    end
    assert.are.equal(200, client.json(host, "POST", "/record/", { message = "unheard", status = 500 }).status)
    host:eventually("the channel is stopped", function()
      return channel().state == "stopped"
    end)
    assert.are.equal("535 5.7.8 cannot log in with [scrubbed] and [scrubbed]", channel().answer)
    assert.are.equal(before, post:count())
    post:know(mail.PASSWORD)
    assert.are.equal(0, host:cli("alerts", "retry", "mail").status)
    assert.truthy(post:eventually(host, before + 1, before + 1)[1].subject:find("unheard", 1, true))
    for _, secret in ipairs { mail.PASSWORD, planted.base64(mail.PASSWORD) } do
      assert.are.equal(1, shell.run({ "grep", "-rqaF", "-e", secret, host.data }).status)
      assert.is_nil(host:log():find(secret, 1, true))
    end
    host:stop()
  end)
end)

describe("`mulligan alerts test mail`", function()
  local folder

  setup(function()
    folder = shell.temporary_folder()
  end)

  teardown(function()
    shell.remove(folder)
  end)

  before_each(function()
    post:answer()
  end)

  local function try(kind, more)
    return server.run({ "alerts", "test", "mail", "--data", folder, "--scripts", APP },
      { environment = post:environment(kind, more) })
  end

  --- Tries, and returns the mail, which must have arrived.
  local function arrives(kind, more)
    local before <const> = post:count()
    local result <const> = try(kind, more)
    assert.are.equal(0, result.status, result.stderr)
    assert.are.equal(before + 1, post:count(), result.stdout)
    return post:read(before + 1)[1], result.stdout
  end

  --- Tries, and returns why it failed; nothing may have arrived.
  local function fails(kind, more)
    local before <const> = post:count()
    local result <const> = try(kind, more)
    assert.are_not.equal(0, result.status, result.stdout)
    assert.are.equal(before, post:count())
    return result.stderr
  end

  local function assert_says(text, words)
    assert.truthy(text:find(words, 1, true), text)
  end

  it("reaches a plain server", function()
    local message <const>, said <const> = arrives("plain")
    assert_says(said, "250 2.0.0 kept as")
    assert.are.equal("[production] TEST Alerts by mail arrive", message.subject)
    assert.are.same({}, message.defects)
    assert.is_false(message.tls)
  end)

  it("logs in, with and without STARTTLS", function()
    assert.is_true(arrives("login").login)
    local message <const> = arrives("starttls")
    assert.is_true(message.login)
    assert.is_true(message.tls)
  end)

  it("speaks Korean where the host's people do", function()
    local message <const> = arrives("plain", { LC_ALL = "ko_KR.UTF-8", MAIL_FROM = "멀리건 <alerts@example.com>" })
    assert.are.equal("[production] TEST 메일 알림이 도착합니다", message.subject)
    assert.are.same({ { "멀리건", "alerts@example.com" } }, message.from)
    assert_says(message.parts[1].text, "아무 일도 없었습니다")
    assert_says(message.parts[2].text, "아무 일도 없었습니다")
  end)

  it("tells of a password that is wrong, and not which", function()
    local said <const> = fails("starttls", { MAIL_PASSWORD = "hunter22" })
    assert_says(said, "535 5.7.8 cannot log in with [scrubbed]")
    assert.is_nil(said:find("hunter22", 1, true))
  end)

  it("gives nothing to a server whose certificate nobody vouches for, or is another's", function()
    assert_says(fails("starttls", { SSL_CERT_FILE = false }), "certificate")
    assert_says(fails("starttls", { MAIL_SERVER = "localhost" }), "certificate")
  end)

  it("gives nothing to a server without the STARTTLS that MAIL_USE_TLS insists on", function()
    assert_says(fails("login", { MAIL_USE_TLS = "true" }), "no STARTTLS")
  end)

  it("tells of one recipient among several who is refused; the others get it", function()
    post:answer("RCPT:kim@example.com 9 550 5.1.1 no such user")
    local message <const>, said <const> = arrives("plain")
    assert.are.same({ "jiwoo@example.com" }, message.recipients)
    assert_says(said, "1 of 2 recipients did not get it: kim@example.com: 550 5.1.1 no such user")
  end)

  it("tells what a server says that refuses the sender, all recipients, or the mail", function()
    post:answer("MAIL 9 553 5.7.1 not your address")
    assert_says(fails("plain"), "553 5.7.1 not your address")
    post:answer("RCPT 9 550 5.7.1 no relaying")
    assert_says(fails("plain"), "kim@example.com: 550 5.7.1 no relaying")
    post:answer("DATA 9 554 5.7.1 taken for spam")
    assert_says(fails("plain"), "554 5.7.1 taken for spam")
  end)

  it("has a host beside it that says at its start what is wrong in the settings", function()
    local environment <const> = post:environment("plain", { ADMINS = "lee@@example.com" })
    local host <const> = server.start { scripts = APP, env = environment }
    host:eventually("the log says so", function()
      return host:log():find('nothing goes out by mail: ADMINS: "lee@@example.com"', 1, true)
    end)
    host:stop()
  end)

  it("names what is wrong in the settings", function()
    assert_says(fails("plain", { ADMINS = "kim@example.com,lee@@example.com" }), 'ADMINS: "lee@@example.com"')
  end)
end)
