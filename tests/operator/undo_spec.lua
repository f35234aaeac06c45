--- `mulligan undo`: what a run changed is taken back, exactly, or the operator is told who is in the way.
local desk = require "support.desk"
local json = require "mulligan.json"
local terminal = require "support.terminal"

describe("mulligan undo", function()
  local ledger

  before_each(function()
    ledger = desk.open "tests/operator/apps/ledger"
  end)

  after_each(function()
    ledger:close()
  end)

  --- Applies a script and returns the run's id.
  local function applied(...)
    local words <const> = { ... }
    words[#words + 1] = "--apply"
    return ledger:json("run", table.unpack(words)).run
  end

  local function rooms()
    return ledger:sql "SELECT group_concat(name || ':' || coalesce(note, '-')) FROM (SELECT * FROM room ORDER BY id)"
  end

  local UNTOUCHED <const> = "red:-,blue:sea,green:wood"

  it("shows first, takes back with --apply, and says how to take that back", function()
    local run <const> = applied("note", "--room", "red", "--note", "hot")
    assert.are.equal("red:hot,blue:sea,green:wood", rooms())

    local shown <const> = ledger:done("undo", run)
    assert.truthy(shown:find("Nothing has been saved yet.", 1, true), shown)
    assert.truthy(shown:find("room: 1 changed", 1, true), shown)
    assert.are.equal("red:hot,blue:sea,green:wood", rooms())

    local done <const> = ledger:done("undo", run:sub(5):lower(), "--apply", "--as", "mina", "--reason", "a slip")
    assert.truthy(done:find("Saved. Rows changed: 1.", 1, true), done)
    assert.truthy(done:find("To take it back: mulligan undo RUN-", 1, true), done)
    assert.are.equal(UNTOUCHED, rooms())
    assert.are.equal("0", ledger:sql "SELECT updated_at FROM room WHERE id = 1")

    local entry <const> = ledger:newest()
    assert.are.equal("undo", entry.kind)
    assert.are.equal(run, entry.name)
    assert.are.equal("mina", entry.as)
    assert.are.equal("a slip", entry.reason)
    assert.are.equal("applied", entry.outcome)
    assert.are.equal(entry.id, ledger:json("audit", "show", run).undone_by)
  end)

  it("brings back what was removed, with what cascades took along, and removes what was put in", function()
    local before <const> = ledger:sql "SELECT * FROM room; SELECT * FROM guest"
    local run <const> = applied("close", "--name", "blue")
    assert.are.equal("0", ledger:sql "SELECT count(*) FROM guest")
    ledger:done("undo", run, "--apply")
    assert.are.equal(before, ledger:sql "SELECT * FROM room; SELECT * FROM guest")

    ledger:done("undo", applied("open", "--name", "attic"), "--apply")
    assert.are.equal(before, ledger:sql "SELECT * FROM room; SELECT * FROM guest")
  end)

  it("takes a swap of unique values back", function()
    local run <const> = applied "swap"
    assert.are.equal("blue:-,red:sea,green:wood", rooms())
    ledger:done("undo", run, "--apply")
    assert.are.equal(UNTOUCHED, rooms())
  end)

  it("can itself be taken back, and the run then be undone again", function()
    local run <const> = applied("note", "--room", "red", "--note", "hot")
    local undo <const> = ledger:json("undo", run, "--apply").run
    local redo <const> = ledger:json("undo", undo, "--apply").run
    assert.are.equal("red:hot,blue:sea,green:wood", rooms())
    assert.are.equal(json.null, ledger:json("audit", "show", run).undone_by)
    assert.are.equal(redo, ledger:json("audit", "show", undo).undone_by)
    ledger:done("undo", run, "--apply")
    assert.are.equal(UNTOUCHED, rooms())
    ledger:refused("was taken back already", "undo", run)
  end)

  it("refuses a second time, naming the first", function()
    local run <const> = applied("note", "--room", "red", "--note", "hot")
    local undo <const> = ledger:json("undo", run, "--apply").run
    ledger:refused(run .. " was taken back already, by " .. undo, "undo", run, "--apply")
  end)

  it("says clearly when there is nothing to take back", function()
    local planned <const> = ledger:json("run", "note", "--room", "red", "--note", "hot").run
    ledger:refused(planned .. " saved nothing (planned)", "undo", planned, "--apply")
    local idle <const> = applied("note", "--room", "nowhere", "--note", "hot")
    ledger:refused(idle .. " saved nothing", "undo", idle, "--apply")
    local unknown <const> = ledger:cli("undo", "RUN-0000-0000")
    assert.are.equal(1, unknown.status)
    assert.truthy(unknown.stderr:find("there is no run RUN-0000-0000", 1, true), unknown.stderr)
    assert.truthy(ledger:cli("undo", "the last").stderr:find('"the last" is no run', 1, true))
    assert.are.equal(2, ledger:cli("undo").status)
    assert.are.equal(UNTOUCHED, rooms())
  end)

  describe("after somebody has edited the row", function()
    it("stops at the same column, and says which, and who", function()
      local run <const> = applied("note", "--room", "red", "--note", "hot")
      local other <const> = applied("note", "--room", "red", "--note", "cold", "--as", "jin")
      local words <const> = "room id=1: jin (%s) has changed this row since: note is now 'cold', not 'hot'"
      ledger:refused(words:format(other), "undo", run, "--apply")
      assert.are.equal("red:cold,blue:sea,green:wood", rooms())
      assert.are.equal("refused", ledger:newest().outcome)

      ledger:sql "UPDATE room SET note = 'tepid' WHERE id = 1"
      ledger:refused("room id=1: jin (" .. other .. ") has changed this row since: note is now 'tepid'", "undo", run)
    end)

    it("calls the service itself somebody", function()
      local run <const> = applied("note", "--room", "red", "--note", "hot")
      ledger:sql "UPDATE room SET note = 'tepid' WHERE id = 1"
      ledger:refused("room id=1: somebody has changed this row since: note is now 'tepid', not 'hot'", "undo", run)
    end)

    it("leaves other columns as they are, and books that were kept since", function()
      local run <const> = applied("note", "--room", "red", "--note", "hot")
      ledger:sql "UPDATE room SET places = 9, updated_at = 77 WHERE id = 1"
      ledger:done("undo", run, "--apply")
      assert.are.equal("|9|77", ledger:sql "SELECT note, places, updated_at FROM room WHERE id = 1")
    end)

    it("counts as books what the settings name", function()
      local run <const> = applied("note", "--room", "red", "--note", "hot")
      ledger:sql "UPDATE room SET updated_at = 77 WHERE id = 1"
      local result <const> = ledger:with { MULLIGAN_BOOKKEEPING_COLUMNS = "" }:cli("undo", run, "--apply")
      assert.are.equal(3, result.status)
      assert.truthy(result.stderr:find("updated_at is now 77", 1, true), result.stderr)
    end)

    it("stops where a row that was put in was edited, or one that was removed is there again", function()
      local opened <const> = applied("open", "--name", "attic")
      ledger:sql "UPDATE room SET places = 5 WHERE name = 'attic'"
      ledger:refused("places is now 5, not 1", "undo", opened)
      local closed <const> = applied("close", "--name", "green")
      ledger:sql "INSERT INTO room (id, name) VALUES (3, 'teal')"
      ledger:refused("room id=3: somebody has added this row since: id=3, name='teal'", "undo", closed)
    end)

    it("stops where a row refers to one that it would remove", function()
      local opened <const> = applied("open", "--name", "attic")
      ledger:sql "INSERT INTO guest (id, room_id, name) SELECT 50, id, 'Eve' FROM room WHERE name = 'attic'"
      ledger:refused("guest row 50 would refer to a row of room that is not there", "undo", opened)
    end)
  end)

  it("refuses after the tables were changed", function()
    local run <const> = applied("note", "--room", "red", "--note", "hot")
    ledger:sql "ALTER TABLE room ADD COLUMN more TEXT"
    ledger:refused("the database's tables have been changed since " .. run, "undo", run)
  end)

  it("is refused when the row is edited while the operator thinks", function()
    local run <const> = applied("note", "--room", "red", "--note", "hot")
    local result <const> = terminal.run(ledger:arguments("undo", run, "--apply"), {
      "expect number of rows", "meanwhile " .. ledger:sql_command "UPDATE room SET note = 'mine' WHERE id = 1",
      "type 1",
    })
    assert.are.equal(3, result.status, result.shown)
    assert.truthy(result.shown:find("somebody has changed this row since: note is now 'mine', not 'hot'", 1, true))
    assert.are.equal("red:mine,blue:sea,green:wood", rooms())
  end)

  it("makes a plan that can be applied", function()
    local run <const> = applied("note", "--room", "red", "--note", "hot")
    local plan <const> = ledger:json("undo", run).plan
    ledger:done("plan", "apply", plan:sub(1, 10))
    assert.are.equal(UNTOUCHED, rooms())
    ledger:refused("was taken back already", "undo", run)
    assert.is_string(ledger:json("audit", "show", run).undone_by)
  end)

  it("saves nothing at Ctrl-C, and the audit says so", function()
    local run <const> = applied("note", "--room", "red", "--note", "hot")
    local result <const> = terminal.run(ledger:arguments("undo", run, "--apply"),
      { "expect number of rows", "interrupt" })
    assert.are.equal(130, result.status)
    assert.truthy(result.shown:find("Interrupted. Nothing has been saved.", 1, true), result.shown)
    assert.are.equal("not_applied", ledger:newest().outcome)
    assert.are.equal("red:hot,blue:sea,green:wood", rooms())
    ledger:done("undo", run, "--apply")
  end)
end)
