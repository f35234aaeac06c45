--- A student drops a seminar, cannot come back, asks the operations team, and is back.
local client = require "support.client"
local json = require "mulligan.json"
local server = require "support.server"
local service = require "support.service"
local shell = require "support.shell"
local terminal = require "support.terminal"

describe("a drop reversal", function()
  local host, instructor

  setup(function()
    host = server.start()
    instructor = service.instructor(host)
  end)

  teardown(function()
    host:stop()
  end)

  local function reverse(...)
    return host:cli("run", "reverse_drop", ...)
  end

  local function reverse_for(who, seminar, ...)
    return reverse("--email", who.email, "--seminar", seminar.id, "--reason", "was ill", ...)
  end

  --- What the seminar's page says of a participant.
  local function entry(who, seminar)
    return service.by_id(service.show(host, who, seminar).participants, who.id)
  end

  --- Somebody who joined a seminar and dropped it, and the seminar.
  local function dropout(seminar)
    seminar = seminar or service.seminar(host, instructor)
    local who <const> = service.signup(host)
    assert.are.equal(201, service.join(host, who, seminar).status)
    assert.are.equal(200, service.drop(host, who, seminar).status)
    return who, seminar
  end

  local function says(result, words)
    assert.truthy((result.stdout .. result.stderr):find(words, 1, true), result.stdout .. result.stderr)
  end

  it("brings the student back with the date of joining, as often as it takes", function()
    local who <const>, seminar <const> = dropout()
    local joined_at <const> = entry(who, seminar).joined_at
    for _ = 1, 2 do
      local refusal <const> = service.join(host, who, seminar)
      assert.are.equal(400, refusal.status)
      assert.truthy(refusal.body:find("operations team", 1, true))

      local shown <const> = reverse_for(who, seminar)
      assert.are.equal(0, shown.status, shown.stderr)
      says(shown, "Nothing has been saved yet.")
      assert.is_false(entry(who, seminar).is_active)

      local result <const> = reverse_for(who, seminar, "--apply")
      assert.are.equal(0, result.status, result.stderr)
      says(result, "Saved. Rows changed: 1.")
      local back <const> = entry(who, seminar)
      assert.is_true(back.is_active)
      assert.are.equal(json.null, back.dropped_at)
      assert.are.equal(joined_at, back.joined_at)
      assert.are.equal(400, service.join(host, who, seminar).status) -- already in it
      assert.are.equal(200, service.drop(host, who, seminar).status)
      assert.is_false(entry(who, seminar).is_active)
    end
  end)

  it("lets the student join again through the API with --allow-rejoin", function()
    local who <const>, seminar <const> = dropout()
    local result <const> = reverse_for(who, seminar, "--allow-rejoin", "--apply")
    assert.are.equal(0, result.status, result.stderr)
    assert.is_nil(entry(who, seminar))
    assert.are.equal(201, service.join(host, who, seminar).status)
    assert.is_true(entry(who, seminar).is_active)
  end)

  it("refuses a full seminar unless told otherwise", function()
    local who <const>, seminar <const> = dropout(service.seminar(host, instructor, { capacity = 1 }))
    assert.are.equal(201, service.join(host, service.signup(host), seminar).status)
    local refused <const> = reverse_for(who, seminar, "--apply")
    assert.are.equal(3, refused.status)
    says(refused, "is full")
    assert.is_false(entry(who, seminar).is_active)
    local result <const> = reverse_for(who, seminar, "--over-capacity", "--apply")
    assert.are.equal(0, result.status, result.stderr)
    assert.is_true(entry(who, seminar).is_active)
  end)

  it("says clearly what does not exist, and what could be reversed instead", function()
    local who <const>, seminar <const> = dropout()
    local nobody <const> = reverse("--email", "nobody@example.com", "--seminar", seminar.id, "--reason", "x", "--apply")
    assert.are.equal(3, nobody.status)
    says(nobody, "nobody@example.com")

    local nowhere <const> = reverse("--email", who.email, "--seminar", 999999, "--reason", "x", "--apply")
    assert.are.equal(3, nowhere.status)
    says(nowhere, "There is no seminar 999999.")
    says(nowhere, seminar.name) -- the one that was dropped is listed

    local student <const> = service.signup(host)
    local never <const> = reverse("--email", student.email, "--seminar", seminar.id, "--reason", "x", "--apply")
    assert.are.equal(3, never.status)
    says(never, "has never been in")

    assert.are.equal(201, service.join(host, student, seminar).status)
    local still <const> = reverse("--email", student.email, "--seminar", seminar.id, "--reason", "x", "--apply")
    assert.are.equal(3, still.status)
    says(still, "has not dropped it")
  end)

  it("needs a reason", function()
    local who <const>, seminar <const> = dropout()
    assert.are.equal(2, reverse("--email", who.email, "--seminar", seminar.id, "--apply").status)
    assert.are.equal(3, reverse("--email", who.email, "--seminar", seminar.id, "--reason", "  ", "--apply").status)
    assert.is_false(entry(who, seminar).is_active)
  end)

  it("offers the student's dropped seminars on a terminal", function()
    local who <const>, seminar <const> = dropout(service.seminar(host, instructor, { name = "Rescued" }))
    local arguments <const> = { "run", "reverse_drop", "--apply", "--data", host.data, "--scripts", host.scripts }
    local result <const> = terminal.run(arguments, {
      "expect email> ", "type " .. who.email,
      "expect " .. seminar.id .. "  Rescued", "expect seminar> ", "type " .. seminar.id,
      "expect reason> ", "type was ill",
      "expect number of rows", "type 1",
    })
    assert.are.equal(0, result.status, result.shown)
    assert.is_true(entry(who, seminar).is_active)
  end)

  it("does not bring anyone back who came back meanwhile", function()
    local who <const>, seminar <const> = dropout()
    local arguments <const> = { "run", "reverse_drop", "--email", who.email, "--seminar", seminar.id, "--reason", "x",
      "--data", host.data, "--scripts", host.scripts, "--apply" }
    local faster <const> = shell.join { server.binary(), table.unpack(arguments) }
    local result <const> = terminal.run(arguments, {
      "expect number of rows", "meanwhile " .. faster .. " --yes >/dev/null", "type 1",
    })
    assert.are.equal(3, result.status, result.shown)
    assert.truthy(result.shown:find "%(RUN%-%w+%-%w+%) has changed this row since", result.shown)
    assert.is_true(entry(who, seminar).is_active)
  end)

  it("can be followed by the server, which serves on meanwhile", function()
    local who <const>, seminar <const> = dropout()
    assert.are.equal(0, reverse_for(who, seminar, "--apply", "--json").status)
    assert.are.equal(200, client.get(host, "/api/v1/user/me/", who.headers).status)
    assert.is_true(service.me(host, who).participant.seminars[1].is_active)
  end)
end)
