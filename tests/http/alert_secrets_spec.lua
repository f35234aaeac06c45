--- What was told in confidence is in no message to people and in no log: forty-odd kinds of secrets are planted in one
-- host that mails, posts to Slack and logs all it can, bodies too; then every byte of everything is searched for them.
local client = require "support.client"
local json = require "mulligan.json"
local mail = require "support.mail"
local multipart = require "support.multipart"
local planted = require "support.planted"
local server = require "support.server"
local shell = require "support.shell"
local slack = require "support.slack"

local APP <const> = server.source("tests/http/apps/secrets")
local WATCH_ALL <const> = [[{"watch": [{"status": "4xx"}, {"status": "5xx"}, {"source": "operator"}], "hourly": 10000}]]

local post, peer, scripts, data, host, constant
--- What was planted: kind, secret, note (a word that is none, told beside it).
local plants
--- The folder with all that is searched in the end.
local everything

--- Sends a request that plants a secret.
local function plant(kind, secret, request)
  local note <const> = planted.word()
  request.path = request.path or ("/leak/" .. kind .. "/")
  request.headers = request.headers or {}
  request.headers["X-Note"] = note
  local response <const> = client.request(host, request)
  assert.is_true(response.status >= 400, kind .. " did not fail")
  plants[#plants + 1] = { kind = kind, secret = secret, note = note }
end

--- Plants one that the script itself comes by: what is sent is its mirror image.
local function plant_inside(kind, secret)
  secret = secret or planted.word()
  plant(kind, secret, { headers = { ["X-Mirror"] = secret:reverse() } })
end

local function plant_body(kind, secret, body, content_type)
  plant(kind, secret, { method = "POST", body = body, headers = { ["Content-Type"] = content_type } })
end

local function plant_in_heads()
  local secret = planted.word()
  plant("header", secret, { headers = { ["X-Api-Key"] = secret } })
  secret = planted.word()
  plant("header", secret, { headers = { ["X-Api-Key"] = secret, ["X-Forwarded-Key"] = "k=" .. secret } })
  secret = planted.word()
  plant("header", secret, { headers = { ["X-Api-Key"] = secret, ["User-Agent"] = "robot/1 (" .. secret .. ")" } })
  secret = planted.word()
  plant("bearer", secret, { headers = { Authorization = "Bearer " .. secret } })
  secret = planted.word()
  plant("bearer", secret, { headers = { Authorization = "JWT eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoxfQ." .. secret } })
  secret = planted.word()
  plant("basic", secret, {
    headers = { Authorization = "Basic " .. planted.base64("kim:" .. secret), ["X-Mirror"] = secret:reverse() },
  })
  secret = planted.word()
  plant("cookie", secret, { headers = { Cookie = "lang=ko; sid=" .. secret } })
  secret = planted.word()
  plant("query", secret, { path = "/leak/query/?page=2&token=" .. secret })
  secret = planted.word()
  local encoded <const> = secret:gsub("%a", function(letter)
    return ("%%%02x"):format(letter:byte())
  end)
  plant("query, percent-encoded", secret, { path = "/leak/query/?copy=" .. encoded .. "&token=" .. encoded })
  plants[#plants + 1] = { kind = "query, as it was encoded", secret = encoded }
  secret = planted.word()
  plant("referer", secret, {
    path = "/leak/query/?token=" .. secret, headers = { Referer = "https://example.com/reset?t=" .. secret },
  })
  secret = planted.word()
  plant("path", secret, { path = "/reset/" .. secret .. "/" })
  secret = planted.word()
  plant("handler", secret, {
    path = "/leak/local/", headers = { ["X-Mirror"] = secret:reverse(), ["X-Fail-With"] = "code " .. secret },
  })
  secret = planted.word()
  plant("log", secret, { headers = { ["X-Api-Key"] = secret } })
end

local function plant_in_bodies()
  local function as_json(kind, make)
    local secret <const> = planted.word()
    local body <const> = make(secret)
    plant_body(kind, secret, type(body) == "string" and body or json.encode(body), "application/json")
  end
  as_json("body", function(secret)
    return { user = "kim", password = secret }
  end)
  as_json("shouted", function(secret)
    return { password = secret }
  end)
  as_json("quoted", function(secret)
    return { password = '"\\' .. secret .. "\n열쇠" }
  end)
  as_json("nested", function(secret)
    return { account = { credentials = { user = "kim", pass = secret } } }
  end)
  as_json("malformed", function(secret)
    return ('{"user": "kim", "password": "%s",}'):format(secret)
  end)
  as_json("padded", function(secret)
    return ('{"fill": "%s", "password": "%s"}'):format(("x"):rep(20000), secret)
  end)
  as_json("refused", function(secret)
    return { password = secret }
  end)
  as_json("log-body", function(secret)
    return { password = secret }
  end)
  local secret = planted.word()
  plant_body("body", secret, client.form_body { user = "kim", password = secret }, "application/x-www-form-urlencoded")
  secret = planted.word()
  local body <const>, content_type <const> = multipart.build { user = "kim", password = secret }
  plant_body("body", secret, body, content_type)
end

local function plant_in_scripts()
  for _, kind in ipairs {
    "sql-literal", "sql-value", "sql-parameter", "local", "outer-local", "upvalue", "nested-table", "large-table",
    "table-key", "coroutine", "long-text", "named-text", "url", "pem", "bearer-text", "jwt-text", "error-table",
    "error-object", "exception-detail", "returned", "breadcrumb", "record",
  } do
    plant_inside(kind)
  end
  plant_inside("card-text", planted.card())
  local late <const> = planted.word()
  plant("late", late, { path = "/late/", headers = { ["X-Mirror"] = late:reverse() } })
  plant("module", constant, {})
  local code <const>, token <const>, note <const> = planted.word(), planted.word(), planted.word()
  assert.are.equal(1, host:cli("run", "leak", "--code", code, "--api_token", token, "--note", note).status)
  plants[#plants + 1] = { kind = "operator's parameter", secret = code, note = note }
  plants[#plants + 1] = { kind = "operator's token", secret = token, note = note }
end

--- All that a secret may look like somewhere: as it is, as hexadecimal, and inside of base64, which has three ways.
local function forms(secret)
  local list <const> = { secret, (secret:gsub(".", function(byte)
    return ("%02x"):format(byte:byte())
  end)) }
  for offset = 0, 2 do
    local text <const> = planted.base64(("x"):rep(offset) .. secret)
    -- The outermost characters depend on the neighbours, too.
    list[#list + 1] = text:sub(offset == 0 and 1 or offset + 2, #text - 4)
  end
  return list
end

local function keep(name, text)
  shell.write(everything .. "/" .. name, text)
end

--- Keeps what the host tells, leaves on the disk and has sent.
local function keep_traces(name)
  assert(os.execute(("cp -R %s %s"):format(shell.quote(data), shell.quote(everything .. "/" .. name))))
end

local function keep_messages()
  for index, message in ipairs(post:read()) do
    local words <const> = { message.raw, message.subject }
    for header, value in pairs(message.headers) do
      words[#words + 1] = header .. ": " .. value
    end
    for _, part in ipairs(message.parts) do
      words[#words + 1] = part.text
    end
    keep("mail/" .. index, table.concat(words, "\n"))
  end
  for index, message in ipairs(peer:messages()) do
    keep("slack/" .. index, json.encode(message))
  end
end

--- Searches everything for texts, in any case.
-- @param texts a list
-- @return a table by text, in small letters, of the names of the files where it stands, one a line
local function search(texts)
  local patterns <const> = shell.temporary_folder()
  shell.write(patterns .. "/patterns", table.concat(texts, "\n") .. "\n")
  local result <const> = shell.run({ "grep", "-raioF", "-f", patterns .. "/patterns", "." },
    { folder = everything, environment = { LC_ALL = "C" } })
  shell.remove(patterns)
  assert.is_true(result.status <= 1, result.stderr)
  local found <const> = {}
  for name, text in result.stdout:gmatch("%./([^\n:]+):([^\n]+)") do
    found[text:lower()] = (found[text:lower()] or "") .. name .. "\n"
  end
  return found
end

local function assert_nowhere(secrets)
  local texts <const>, kinds <const> = {}, {}
  for _, one in ipairs(secrets) do
    for _, form in ipairs(forms(one.secret)) do
      texts[#texts + 1] = form
      kinds[form:lower()] = one.kind
    end
  end
  for text, places in pairs(search(texts)) do
    error(("the secret of the kind '%s' stands as %s in\n%s"):format(kinds[text], text, places), 2)
  end
end

setup(function()
  plants, constant, everything = {}, planted.word(), shell.temporary_folder()
  post, peer = mail.start(), slack.start()
  scripts, data = shell.temporary_folder(), shell.temporary_folder()
  assert(os.execute(("cp -R %s/. %s"):format(shell.quote(APP), shell.quote(scripts))))
  local path <const> = scripts .. "/lib/config.lua"
  shell.replace(path, (shell.read(path):gsub("THE%-KEY", constant)))
  local environment <const> = peer:environment(post:environment("login", {
    MULLIGAN_ALERTS = WATCH_ALL, MULLIGAN_LOG_FORMAT = "json", MULLIGAN_ERROR_STORM_LIMIT = 1000,
  }))
  host = server.start { scripts = scripts, data = data, env = environment }
  plant_in_heads()
  plant_in_bodies()
  plant_in_scripts()
  host:eventually("all messages are delivered", function()
    local status <const> = json.decode(host:cli("alerts", "status", "--json").stdout)
    local waiting = 0
    for _, channel in ipairs(status.channels) do
      waiting = waiting + channel.waiting + channel.held
    end
    return waiting == 0 and post:count() > 0
  end)
  for _, words in ipairs {
    { "errors", "list", "--limit", "1000" }, { "errors", "groups" }, { "requests", "--limit", "1000" },
    { "alerts", "status" }, { "log", "--json" },
  } do
    local told <const> = host:cli(table.unpack(words))
    assert.are.equal(0, told.status, told.stderr)
    keep("told/" .. words[1] .. words[2], told.stdout .. told.stderr)
  end
  local log <const> = host:log()
  host:stop()
  keep("stderr", log)
  keep_traces("before")

  -- Once more, with a database of errors that is broken, and by the webhook.
  shell.run { "rm", "-f", data .. "/errors.db-wal", data .. "/errors.db-shm" }
  shell.replace(data .. "/errors.db", ("this is no database. "):rep(1000))
  local webhook <const> = peer:webhook_environment()
  webhook.MULLIGAN_ALERTS = WATCH_ALL
  host = server.start { scripts = scripts, data = data, env = webhook }
  plant_in_bodies()
  plant_inside("local")
  host:stop()
  keep_traces("after")
  keep_messages()
end)

teardown(function()
  host:forget()
  peer:stop()
  post:stop()
  for _, folder in ipairs { data, scripts, everything } do
    shell.remove(folder)
  end
end)

describe("alerts and logs", function()
  it("are searched where everything is: what is no secret is found in each", function()
    local wanted <const> = {
      ["before/errors.db"] = 40, ["before/logs/mulligan.log"] = 30, ["after/spool/"] = 1, ["mail/"] = 30,
      ["slack/"] = 30, ["told/errors"] = 30, ["told/log"] = 30, ["stderr"] = 30,
    }
    local notes <const>, counts <const> = {}, {}
    for _, one in ipairs(plants) do
      notes[#notes + 1] = one.note
    end
    for _, places in pairs(search(notes)) do
      for place in pairs(wanted) do
        counts[place] = (counts[place] or 0) + (places:find(place, 1, true) and 1 or 0)
      end
    end
    for place, least in pairs(wanted) do
      local count <const> = counts[place] or 0
      assert.is_true(count >= least, ("%d of %d words are found in %s"):format(count, #notes, place))
    end
    for text, place in pairs {
      ["/leak/nested/"] = "logs/access.log", ["/leak/sql-literal/"] = "requests.db", ['"user":"kim"'] = "requests.db",
      ["user=kim"] = "requests.db",
    } do
      local places <const> = search({ text })[text] or ""
      assert.truthy(places:find(place, 1, true), text .. " is not in " .. place .. " but in " .. places)
    end
  end)

  it("are searched for every form of a secret", function()
    local secret <const> = planted.word()
    local hidden <const> = { secret:upper() }
    for offset = 0, 2 do
      hidden[#hidden + 1] = planted.base64(("y"):rep(offset) .. secret .. "and more")
    end
    for index, text in ipairs(hidden) do
      keep("control", "\0\1 it is " .. text .. " here")
      assert.has_error(function()
        assert_nowhere { { kind = "control", secret = secret } }
      end, nil, "form " .. index .. " is not found")
    end
    shell.remove(everything .. "/control")
    assert_nowhere { { kind = "control", secret = secret } }
  end)

  it("have none of the secrets that were planted", function()
    assert.is_true(#plants >= 45)
    assert_nowhere(plants)
  end)

  it("have none of what they are delivered with", function()
    assert_nowhere {
      { kind = "SLACK_TOKEN", secret = slack.TOKEN }, { kind = "MAIL_PASSWORD", secret = mail.PASSWORD },
      { kind = "SLACK_WEBHOOK_URL", secret = slack.WEBHOOK:match("[^/]+$") },
      { kind = "AUTH PLAIN", secret = mail.USERNAME .. "\0" .. mail.PASSWORD },
    }
  end)
end)
