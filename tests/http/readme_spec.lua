--- The README's commands, run as they stand: a newcomer types them first.
local client = require "support.client"
local mail = require "support.mail"
local server = require "support.server"
local shell = require "support.shell"
local slack = require "support.slack"

--- The fenced blocks of one language, in order.
local function blocks(text, language)
  local found = {}
  for block in text:gmatch("\n```" .. language .. "\n(.-)\n```") do
    found[#found + 1] = block
  end
  return found
end

describe("the README", function()
  local readme, host, folder, peer, post

  setup(function()
    readme = assert(shell.read(server.source("README.md")))
    folder = shell.temporary_folder()
    for _, name in ipairs { "scripts", "notebooks" } do
      assert(os.execute(("cp -r %s %s/%s"):format(shell.quote(server.source(name)), shell.quote(folder), name)))
    end
    peer, post = slack.start(), mail.start()
    host = server.start { scripts = folder .. "/scripts", demo = true }
  end)

  teardown(function()
    host:stop()
    peer:stop()
    post:stop()
    shell.remove(folder)
  end)

  --- Runs a command of the README against this test's host in place of the one on port 8080.
  local function run(command)
    local reference = client.get(host, "/api/v1/debug/always-500/").json().error_id
    local here = command:gsub("127%.0%.0%.1:8080", ("127.0.0.1:%d"):format(host.port))
      :gsub("ERR%-7K3F%-9QXA", reference)
      :gsub("RUN%-7K3F%-9QXA",
        [[$(build/mulligan audit list --limit 1 --json | sed -n 's/.*"id": *"\(RUN-[^"]*\)".*/\1/p')]])
      :gsub("8b1c42d7e0f900000012",
        [[$(build/mulligan requests --limit 1 --json | sed -n 's/.*"request_id": *"\([^"]*\)".*/\1/p')]])
      :gsub("%$%(pidof mulligan%)", tostring(host.pid))
      :gsub("xoxb%-…", slack.TOKEN)
      :gsub("C0123456789", slack.CHANNEL)
      :gsub("MAIL_PORT=25", "MAIL_PORT=" .. post.ports.plain)
      :gsub("build/mulligan", (shell.quote(server.binary()):gsub("%%", "%%%%")))
    return shell.run({ "bash", "-eu", "-o", "pipefail", "-c", here }, {
      environment = {
        MULLIGAN_DATA = host.data, MULLIGAN_SCRIPTS = host.scripts, SLACK_API_URL = peer.base .. "/api",
      },
    })
  end

  it("has a first route that works as soon as the host has reloaded", function()
    local example = assert(blocks(readme, "lua")[1])
    assert.is_truthy(example:find('"/hello/{name}/"', 1, true))
    shell.replace(folder .. "/scripts/routes/hello.lua", example)
    host:signal("HUP")
    local response = host:eventually("the route is there", function()
      local answer = client.get(host, "/hello/Grace/")
      return answer.status == 200 and answer
    end)
    assert.are.same({ message = "Hello, Grace!" }, response.json())
  end)

  it("has an operator script that is sound", function()
    local example = assert(blocks(readme, "lua")[2])
    shell.replace(folder .. "/scripts/operators/rename_seminar.lua", example)
    local shown = host:cli("run", "rename_seminar", "--seminar", "1", "--name", "Lua, inside out")
    assert.are.equal(0, shown.status, shown.stderr)
    assert.is_truthy(shown.stdout:find("Lua, inside out", 1, true), shown.stdout)
    assert.are.equal(3, host:cli("run", "rename_seminar", "--seminar", "99", "--name", "x").status)
  end)

  it("has commands that all work", function()
    local count = 0
    for _, block in ipairs(blocks(readme, "sh")) do
      -- These two set a machine up; they are what runs this test.
      if block ~= "host/run" and block ~= "tests/run" then
        local result = run(block)
        assert.are.equal(0, result.status, block .. "\n" .. result.stdout .. result.stderr)
        server.assert_clean(result.stderr)
        count = count + 1
      end
    end
    assert.is_true(count >= 5, "only " .. count .. " blocks were found")
  end)

  it("shows the drop reversal's command as one that plans and saves nothing", function()
    local result = run(readme:match("\n(build/mulligan run reverse_drop[^\n]*)"))
    assert.is_truthy(result.stdout:find("Nothing has been saved yet", 1, true), result.stdout)
  end)

  it("lists every setting with its default, and no other", function()
    local help = server.run({ "serve", "--help" }).stdout:match("settings, in.-\n(.*)$")
    local table_text = readme:match("\n## Settings\n(.-)\n## ")
    local expected, listed = {}, {}
    for line in help:gmatch("[^\n]+") do
      local name, rest = line:match("^  ([%w_]+)%s+(.*)$")
      local text, default = rest:match("^(.-) %(default: (.*)%)$")
      local shown = default and "`" .. default .. "`" or ""
      expected[#expected + 1] = ("| `%s` | %s | %s |"):format(name, shown, text or rest)
    end
    for line in table_text:gmatch("\n(| `[^\n]+)") do
      listed[#listed + 1] = line
    end
    assert.is_true(#expected > 20)
    assert.are.same(expected, listed)
  end)

  it("names folders that are there", function()
    local layout = readme:match("```\n(host/.-)\n```")
    local parent
    for line in layout:gmatch("[^\n]+") do
      local indent, name = line:match("^( *)([%w_]+)/")
      assert.is_truthy(name, line)
      parent = indent == "" and name or parent
      local path = indent == "" and name or parent .. "/" .. name
      assert.is_true(os.execute(("test -d %s"):format(shell.quote(server.source(path)))), path)
    end
  end)
end)
