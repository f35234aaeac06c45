--- Plans: kept, shown again, applied; exactly as they were shown or not at all.
local desk = require "support.desk"
local json = require "mulligan.json"
local server = require "support.server"
local shell = require "support.shell"
local terminal = require "support.terminal"

describe("mulligan plan", function()
  local ledger

  before_each(function()
    ledger = desk.open "tests/operator/apps/ledger"
  end)

  after_each(function()
    ledger:close()
  end)

  local function rooms()
    return ledger:sql "SELECT group_concat(name || ':' || coalesce(note, '-')) FROM (SELECT * FROM room ORDER BY id)"
  end

  local UNTOUCHED <const> = "red:-,blue:sea,green:wood"

  local function plan_for(note, ...)
    return ledger:json("run", "note", "--room", "red", "--note", note, ...).plan
  end

  it("keeps what a run without --apply would change, readable to its owner only", function()
    local sha <const> = plan_for "hot"
    local path <const> = ("%s/plans/%s.json"):format(ledger.data, sha)
    assert.are.equal("600", (shell.run({ "stat", "-c", "%a", path }).stdout:gsub("\n", "")))
    assert.are.equal(sha, shell.run({ "sha256sum", path }).stdout:match "^%x+")
    ledger:json("run", "note", "--room", "nowhere", "--note", "x") -- changes nothing, and leaves no plan
    ledger:json("run", "note", "--room", "red", "--note", "x", "--apply") -- is no plan any more
    assert.are.equal(1, #ledger:json("plan", "list"))
  end)

  it("lists, shows and applies", function()
    local sha <const> = plan_for("hot", "--as", "mina", "--reason", "cold feet")
    local listed <const> = ledger:json("plan", "list")[1]
    assert.are.equal(sha, listed.sha)
    assert.are.equal("mina", listed.operator)
    assert.are.equal("note", listed.name)
    assert.are.equal(1, listed.rows)
    assert.are.equal(json.null, listed.applied_by)
    assert.truthy(ledger:done("plan", "list"):find(sha:sub(1, 12), 1, true))

    local shown <const> = ledger:done("plan", "show", sha:sub(1, 8):upper())
    for _, words in ipairs { sha, "mina", "cold feet", "room: 1 changed", "*hot" } do
      assert.truthy(shown:find(words, 1, true), words .. "\n" .. shown)
    end
    assert.are.equal("hot", ledger:json("plan", "show", sha).changes[1].after.note)
    assert.are.equal(UNTOUCHED, rooms())

    local applied <const> = ledger:json("plan", "apply", sha:sub(1, 12), "--as", "jin")
    assert.are.equal("applied", applied.outcome)
    assert.are.equal("red:hot,blue:sea,green:wood", rooms())
    local entry <const> = ledger:newest()
    assert.are.equal("plan", entry.kind)
    assert.are.equal("note", entry.name)
    assert.are.equal("cold feet", entry.reason)
    assert.are.equal("jin", entry.as)
    assert.are.equal(applied.run, ledger:json("plan", "list")[1].applied_by)
    ledger:refused("this plan was applied already, by " .. applied.run, "plan", "apply", sha)
    ledger:done("undo", applied.run, "--apply")
    assert.are.equal(UNTOUCHED, rooms())
  end)

  it("says which plans there are for a wrong or ambiguous name", function()
    local sha <const> = plan_for "hot"
    local other <const> = sha:sub(1, 6) .. ("0"):rep(58)
    shell.write(("%s/plans/%s.json"):format(ledger.data, other), "{}")
    local ambiguous <const> = ledger:cli("plan", "show", sha:sub(1, 6))
    assert.are.equal(1, ambiguous.status)
    assert.truthy(ambiguous.stderr:find("the beginning of 2 plans", 1, true), ambiguous.stderr)
    assert.truthy(ledger:cli("plan", "show", "ffff").stderr:find("there is no plan ffff", 1, true))
    assert.truthy(ledger:cli("plan", "show", "xyz").stderr:find('"xyz" names no plan', 1, true))
    assert.are.equal(2, ledger:cli("plan", "show").status)
    assert.are.equal(2, ledger:cli("plan", "mend", sha).status)
  end)

  it("does not use a plan that was changed", function()
    local sha <const> = plan_for "hot"
    local path <const> = ("%s/plans/%s.json"):format(ledger.data, sha)
    shell.write(path, (shell.read(path):gsub("hot", "HOT")))
    local result <const> = ledger:cli("plan", "apply", sha)
    assert.are.equal(1, result.status)
    assert.truthy(result.stderr:find("was changed or damaged", 1, true), result.stderr)
    assert.are.equal(UNTOUCHED, rooms())
  end)

  it("refuses a stale one, and says which row and who", function()
    local sha <const> = plan_for "hot"
    local other <const> = ledger:json("run", "note", "--room", "red", "--note", "cold", "--as", "jin", "--apply").run
    local words <const> = ("room id=1: jin (%s) has changed this row since: note is now 'cold', not NULL"):format(other)
    ledger:refused(words, "plan", "apply", sha)
    ledger:sql "UPDATE room SET note = NULL, updated_at = 0 WHERE id = 1; UPDATE room SET name = 'ruby' WHERE id = 1"
    ledger:refused("now it would come out differently", "plan", "apply", sha)
    assert.are.equal("ruby:-,blue:sea,green:wood", rooms())
    assert.are.equal("refused", ledger:newest().outcome)
  end)

  it("calls the service itself somebody", function()
    local sha <const> = plan_for "hot"
    ledger:sql "UPDATE room SET note = 'cold' WHERE id = 1"
    ledger:refused("room id=1: somebody has changed this row since: note is now 'cold', not NULL", "plan", "apply", sha)
  end)

  it("refuses one that was made for other tables", function()
    local sha <const> = plan_for "hot"
    ledger:sql "CREATE INDEX room_note ON room (note)"
    ledger:refused("the database's tables have been changed since the plan was made", "plan", "apply", sha)
  end)

  it("comes out the same when it is made again: clock, random numbers, secrets and answers", function()
    local function made_and_applied(...)
      local sha <const> = ledger:json("run", ...).plan
      ledger:sql "UPDATE room SET places = places + 1 WHERE id = 3" -- something else went on
      local applied <const> = ledger:json("plan", "apply", sha)
      assert.are.equal("applied", applied.outcome)
    end
    made_and_applied("open", "--name", "attic", "--code", "sesame-7193")
    assert.are.equal("1", ledger:sql "SELECT count(*) FROM room WHERE name = 'attic' AND made_at > '2020'")

    local asked <const> = terminal.run(ledger:arguments("run", "ask"), { "expect to go on", "type no" })
    assert.is_not_nil(asked) -- without --apply: a plan is kept
    ledger:sql "UPDATE room SET places = places + 1 WHERE id = 3"
    local list <const> = ledger:json("plan", "list")
    ledger:done("plan", "apply", list[1].sha)
    assert.are.equal("sunglasses", ledger:sql "SELECT note FROM room WHERE id = 1")
  end)

  it("forgets old plans", function()
    local sha <const> = plan_for "hot"
    local path <const> = ("%s/plans/%s.json"):format(ledger.data, sha)
    assert.are.equal(0, shell.run({ "touch", "-d", "31 days ago", path }).status)
    local second <const> = plan_for "hotter"
    local list <const> = ledger:json("plan", "list")
    assert.are.equal(1, #list)
    assert.are.equal(second, list[1].sha)
    assert.are.equal(0, shell.run({ "touch", "-d", "31 days ago", (path:gsub(sha, second)) }).status)
    ledger:with({ MULLIGAN_PLAN_KEEP = "0" }):done("run", "note", "--room", "red", "--note", "third")
    assert.are.equal(2, #ledger:json("plan", "list"))
  end)

  describe("at the moment it is saved", function()
    local function admit(guest, steps)
      return terminal.run(ledger:arguments("run", "admit", "--room", "red", "--guest", guest, "--apply"), steps)
    end

    it("does not put two into the last place: what the script read counts, too", function()
      local faster <const> = ledger:command("run", "admit", "--room", "red", "--guest", "Bo", "--apply", "--yes")
      local result <const> = admit("Eve", { "expect number of rows", "meanwhile " .. faster, "type 1" })
      assert.are.equal(3, result.status, result.shown)
      assert.truthy(result.shown:find("now it would come out differently: red is full", 1, true), result.shown)
      assert.truthy(result.shown:find("Nothing has been saved.", 1, true))
      assert.are.equal("Bo", ledger:sql "SELECT group_concat(name) FROM guest WHERE room_id = 1")
    end)

    it("is saved all the same when what happened meanwhile does not matter", function()
      local other <const> = ledger:sql_command "UPDATE room SET note = 'ivy' WHERE id = 3"
      local result <const> = admit("Eve", { "expect number of rows", "meanwhile " .. other, "type 1" })
      assert.are.equal(0, result.status, result.shown)
      assert.are.equal("Eve", ledger:sql "SELECT group_concat(name) FROM guest WHERE room_id = 1")
    end)

    it("takes the e-mail address for a confirmation, too", function()
      local words <const> = ledger:arguments("run", "note", "--room", "red", "--note", "hot", "--email",
        "ada@example.com", "--apply")
      local result <const> = terminal.run(words, { "expect ada@example.com, to save them", "type ADA@example.com" })
      assert.are.equal(0, result.status, result.shown)
      assert.are.equal("red:hot,blue:sea,green:wood", rooms())
    end)

    it("tells the slower of two operators who was faster, and what it is now", function()
      local faster <const> = ledger:command("run", "note", "--room", "red", "--note", "cold", "--as", "jin", "--apply",
        "--yes")
      local result <const> = terminal.run(
        ledger:arguments("run", "note", "--room", "red", "--note", "hot", "--apply"),
        { "expect number of rows", "meanwhile " .. faster, "type 1" })
      assert.are.equal(3, result.status, result.shown)
      local words <const> = "room id=1: jin %(RUN%-%w+%-%w+%) has changed this row since: note is now 'cold'"
      assert.truthy(result.shown:find(words), result.shown)
      assert.are.equal("red:cold,blue:sea,green:wood", rooms())
    end)
  end)

  it("is not saved on a full disk, and says so", function()
    local sha <const> = plan_for(("long "):rep(20000))
    local full <const> = tonumber(ledger:size "audit.db-wal" + ledger:size "app.db-wal")
    local result <const> = shell.run(shell.append({ "prlimit", "--fsize=" .. full, (server.binary()) },
      ledger:arguments("plan", "apply", sha)))
    assert.are.equal(1, result.status, result.stdout .. result.stderr)
    assert.truthy(result.stderr:find("Nothing has been saved.", 1, true), result.stderr)
    assert.are.equal(UNTOUCHED, rooms())
    assert.are_not.equal("applied", ledger:newest().outcome)
    ledger:done("plan", "apply", sha) -- once there is room again
    ledger:done("audit", "verify")
  end)
end)
