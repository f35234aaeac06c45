--- The notebooks that are shipped: a student is brought back, the errors of the last day are reviewed.
local client = require "support.client"
local json = require "mulligan.json"
local notebooks = require "support.notebooks"
local server = require "support.server"
local service = require "support.service"
local shell = require "support.shell"
local terminal = require "support.terminal"

local function has(text, words)
  assert.truthy(text:find(words, 1, true), words .. "\nis not in\n" .. text)
end

describe("the shipped notebooks", function()
  local host, instructor

  setup(function()
    host = server.start()
    instructor = service.instructor(host)
  end)

  teardown(function()
    host:stop()
  end)

  --- What the seminar's page says of a participant.
  local function entry(who, seminar)
    return service.by_id(service.show(host, who, seminar).participants, who.id)
  end

  local function dropout()
    local who <const>, seminar <const> = service.signup(host), service.seminar(host, instructor)
    assert.are.equal(201, service.join(host, who, seminar).status)
    assert.are.equal(200, service.drop(host, who, seminar).status)
    assert.are.equal(400, service.join(host, who, seminar).status)
    return who, seminar
  end

  local function run(...)
    return host:cli("notebook", "run", ...)
  end

  it("are listed and shown", function()
    local listed <const> = json.decode(host:cli("notebook", "list", "--json").stdout)
    assert.are.same({ "error_review", "reverse_drop" }, { listed[1].name, listed[2].name })
    local shown <const> = json.decode(host:cli("notebook", "show", "reverse-drop", "--json").stdout)
    assert.are.equal("Drop reversal", shown.title)
    assert.are.equal("email", shown.parameters[1].name)
    assert.are.equal("markdown", shown.cells[1].type)
    has(host:cli("notebook", "show", "reverse_drop").stdout, "-p email (string, required)")
    local near <const> = host:cli("notebook", "run", "revers_drop")
    assert.are.equal(1, near.status)
    has(near.stderr, "did you mean reverse_drop?")
  end)

  it("bring a dropped student back, and `undo` brings the drop back", function()
    local who <const>, seminar <const> = dropout()
    local joined_at <const> = entry(who, seminar).joined_at
    local done <const> = run("reverse_drop", "-p", "email=" .. who.email, "-p", "seminar=" .. seminar.id, "-p",
      "reason=was ill", "--apply", "--json")
    assert.are.equal(0, done.status, done.stderr)
    local result <const> = json.decode(done.stdout)
    assert.are.same({ true, 1 }, { result.saved, result.rows })
    notebooks.check(result.notebook)
    assert.is_true(entry(who, seminar).is_active)
    assert.are.equal(joined_at, entry(who, seminar).joined_at)
    assert.are.equal(0, host:cli("undo", result.run, "--apply").status)
    assert.is_false(entry(who, seminar).is_active)
    assert.are.equal(400, service.join(host, who, seminar).status)
    local runs <const> = json.decode(host:cli("audit", "list", "--json").stdout)
    assert.are.same({ "undo", "notebook", "was ill" }, { runs[1].kind, runs[2].kind, runs[2].reason })
    assert.are.equal(0, host:cli("audit", "verify").status)
  end)

  it("refuse as the script does, by the same rule", function()
    local who <const>, seminar <const> = dropout()
    local function refused(words, ...)
      local result <const> = run("reverse_drop", "-p", "email=" .. who.email, "-p", "seminar=" .. seminar.id, ...)
      assert.are.equal(3, result.status, result.stderr)
      has(result.stderr, words)
    end
    refused("Give a reason", "-p", "reason= ", "--apply")
    assert.are.equal(0, run("reverse_drop", "-p", "email=" .. who.email, "-p", "seminar=" .. seminar.id, "-p",
      "reason=x", "-p", "allow_rejoin=true", "--apply").status)
    assert.is_nil(entry(who, seminar))
    refused("has never been in", "-p", "reason=x", "--apply")
    assert.are.equal(201, service.join(host, who, seminar).status)
    refused("has not dropped it", "-p", "reason=x", "--apply")
    local nobody <const> = run("reverse_drop", "-p", "email=nobody@example.com", "-p", "seminar=1", "-p", "reason=x")
    assert.are.equal(3, nobody.status)
    has(nobody.stderr, "nobody@example.com")
  end)

  it("are gone through on a terminal, from the first cell to the undo", function()
    local who <const>, seminar <const> = dropout()
    local arguments <const> = { "repl", "--data", host.data, "--scripts", host.scripts }
    local result <const> = terminal.run(arguments, {
      "expect ops> ", "type :notebook reverse_drop",
      "expect email> ", "type " .. who.email, "expect seminar> ", "type " .. seminar.id,
      "expect reason> ", "type was ill",
      "expect # Drop reversal", "expect Who and where", "expect q quits", "keys \\n",
      "expect The student's seminars", "expect q quits", "keys \\n",
      "expect Places", "expect q quits", "keys \\n", "expect free",
      "expect Bring the student back", "expect q quits", "keys \\n", "expect is back in",
      "expect Its participants", "expect q quits", "keys \\n",
      "expect user_seminar: 1 changed", "expect number of rows", "type 1", "expect Saved. Rows changed: 1.",
      "expect ops> ", "end",
    }, { environment = { TERM = "xterm", NO_COLOR = "1", XDG_STATE_HOME = host.data } })
    assert.are.equal(0, result.status, result.shown)
    assert.is_true(entry(who, seminar).is_active)
    local undone <const> = terminal.run(arguments, {
      "expect ops> ", "type :undo", "expect number of rows", "type 1", "expect Saved.", "expect ops> ", "end",
    }, { environment = { TERM = "xterm", NO_COLOR = "1", XDG_STATE_HOME = host.data } })
    assert.are.equal(0, undone.status, undone.shown)
    assert.is_false(entry(who, seminar).is_active)
    assert.are.equal(0, host:cli("audit", "verify").status)
  end)

  it("review the errors and resolve a group, which is saved at once", function()
    local nothing <const> = run("error_review")
    assert.are.equal(0, nothing.status, nothing.stderr)
    for _ = 1, 3 do
      assert.are.equal(500, client.get(host, "/api/v1/debug/always-500/").status)
    end
    local looked <const> = run("error_review", "--json")
    assert.are.equal(0, looked.status, looked.stderr)
    local page <const> = shell.read(json.decode(looked.stdout).html)
    has(page, "ERR-")
    has(page, "data:image/svg+xml;base64,")
    local function open_groups()
      return json.decode(host:cli("errors", "groups", "--json").stdout)[1]
    end
    local group <const> = open_groups()
    assert.are.equal("open", group.state)
    local resolved <const> = run("error_review", "-p", "resolve=true", "-p", "group=" .. group.id, "-p", "note=mended")
    assert.are.equal(0, resolved.status, resolved.stderr)
    has(resolved.stdout, "This changes nothing.") -- the plan has nothing of it
    assert.are.equal("resolved", open_groups().state)
    assert.are.equal(3, run("error_review", "-p", "group=999").status)
  end)
end)
