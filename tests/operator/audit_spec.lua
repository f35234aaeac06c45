--- The audit: who ran what, and what came of it, so that a change to the record itself shows.
local desk = require "support.desk"
local json = require "mulligan.json"
local server = require "support.server"
local service = require "support.service"
local shell = require "support.shell"
local terminal = require "support.terminal"

describe("mulligan audit", function()
  local ledger

  before_each(function()
    ledger = desk.open "tests/operator/apps/ledger"
  end)

  after_each(function()
    ledger:close()
  end)

  local function note(...)
    return ledger:json("run", "note", "--room", "red", "--note", ...)
  end

  it("is empty and sound before anybody has run anything", function()
    assert.are.same({}, ledger:json("audit", "list"))
    assert.truthy(ledger:done("audit"):find("Nobody has run anything yet.", 1, true))
    assert.is_true(ledger:json("audit", "verify").sound)
  end)

  it("lists every run, the newest first, planned ones and failed ones too", function()
    note "hot"
    note("hot", "--apply", "--as", "mina", "--reason", "asked for")
    ledger:cli("run", "admit", "--room", "blue", "--guest", "Bo", "--apply")
    local runs <const> = ledger:json("audit", "list")
    local keys <const> = {}
    for key in pairs(runs[1]) do
      keys[#keys + 1] = key
    end
    table.sort(keys)
    assert.are.same({ "as", "finished_at", "id", "kind", "name", "outcome", "reason", "rows", "started_at", "user" },
      keys)
    assert.are.equal("aborted", runs[1].outcome)
    assert.are.equal("admit", runs[1].name)
    assert.are.equal("applied", runs[2].outcome)
    assert.are.equal("mina", runs[2].as)
    assert.are.equal("asked for", runs[2].reason)
    assert.are.equal("script", runs[2].kind)
    assert.are.equal(1, runs[2].rows)
    assert.are.equal("planned", runs[3].outcome)
    assert.are.equal(json.null, runs[3].as)
    assert.matches("^RUN%-%w%w%w%w%-%w%w%w%w$", runs[3].id)
    assert.matches("^%d+%-%d+%-%d+T[%d:.]+Z$", runs[3].finished_at)
    assert.are.equal(1, #ledger:json("audit", "list", "--limit", "1"))
    local text <const> = ledger:done("audit", "list")
    assert.truthy(text:find(runs[2].id, 1, true) and text:find("mina", 1, true), text)
  end)

  it("shows one with everything there is to know", function()
    local run <const> = note("hot", "--apply").run
    local shown <const> = ledger:json("audit", "show", run)
    assert.are.equal("mulligan run note --room red --note hot --apply", shown.command_line)
    assert.are.equal("scripts/operators/note.lua", shown.script)
    assert.are.equal(shell.run({ "sha256sum", ledger.scripts .. "/operators/note.lua" }).stdout:match "^%x+",
      shown.script_hash)
    assert.are.same({ room = "red", note = "hot" }, shown.parameters)
    assert.are.equal("hot", shown.changes[1].after.note)
    assert.are.equal("noted: hot", shown.output[1].output[1].text)
    assert.are.equal(64, #shown.schema_hash)
    assert.are.equal(64, #shown.plan)
    local text <const> = ledger:done("audit", "show", run)
    for _, words in ipairs { run, "note", "applied", "room: 1 changed", "noted: hot" } do
      assert.truthy(text:find(words, 1, true), words .. "\n" .. text)
    end
    assert.are.equal(1, ledger:cli("audit", "show", "RUN-0000-0000").status)
    assert.are.equal(2, ledger:cli("audit", "show").status)
    assert.are.equal(2, ledger:cli("audit", "burn").status)
  end)

  it("keeps no secret", function()
    ledger:json("run", "open", "--name", "attic", "--code", "sesame-7193", "--apply")
    ledger:json("run", "open", "--name", "cellar", "--code=sesame-7193", "--apply")
    assert.is_nil(ledger:sql(".dump", "audit.db"):find("sesame", 1, true))
    local shown <const> = ledger:json("audit", "show", ledger:newest().id)
    assert.are.equal("mulligan run open --name cellar --code=[scrubbed] --apply", shown.command_line)
    assert.are.equal("[scrubbed]", shown.parameters.code)
  end)

  it("prints the newest hash after each run, and app.db keeps it", function()
    local printed <const> = ledger:done("run", "note", "--room", "red", "--note", "hot", "--apply")
    local hash <const> = printed:match "Audit hash: (%x+)"
    assert.are.equal(64, #hash)
    assert.are.equal(hash, ledger:json("audit", "verify").hash)
    assert.are.equal(hash, ledger:sql "SELECT hash FROM mulligan_audit")
    local planned <const> = note("cold").audit_hash
    assert.are_not.equal(hash, planned)
    assert.are.equal(planned, ledger:sql "SELECT hash FROM mulligan_audit")
  end)

  it("is out of reach of scripts, and so is what app.db keeps of it", function()
    local scripts <const> = shell.temporary_folder()
    assert.are.equal(0, shell.run({ "cp", "-r", ledger.scripts .. "/.", scripts }).status)
    local attempts <const> = {
      { "ATTACH '" .. ledger.data .. "/audit.db' AS a", "no other database may be attached" },
      { "DELETE FROM mulligan_run", "the host's own record" },
      { "UPDATE mulligan_audit SET hash = 'x'", "the host's own record" },
      { "DROP TABLE mulligan_run", "a change to the schema cannot be recorded" },
    }
    note("hot", "--apply")
    for _, attempt in ipairs(attempts) do
      shell.write(scripts .. "/operators/reach.lua", ([[
        local db = require "mulligan.db"
        return { title = "Reach", params = {}, run = function() db.exec(%q) end }
      ]]):format(attempt[1]))
      local result <const> = server.run { "run", "reach", "--apply", "--data", ledger.data, "--scripts", scripts }
      assert.are.equal(1, result.status, attempt[1])
      assert.truthy(result.stderr:find(attempt[2], 1, true), result.stderr)
    end
    shell.remove(scripts)
    assert.is_true(ledger:json("audit", "verify").sound)
  end)

  describe("verify", function()
    --- Does something to audit.db, and expects to be told of it.
    local function tampered(sql, words)
      ledger:sql(sql, "audit.db")
      local result <const> = ledger:cli("audit", "verify")
      assert.are.equal(1, result.status, result.stdout)
      assert.truthy(result.stderr:find(words, 1, true), result.stderr)
      assert.truthy(result.stderr:find("NOT sound", 1, true), result.stderr)
      local verdict <const> = json.decode(ledger:cli("audit", "verify", "--json").stdout)
      assert.is_false(verdict.sound)
      assert.is_true(#verdict.problems > 0)
    end

    before_each(function()
      note("hot", "--apply")
      note("cold", "--apply")
      note "tepid"
      assert.truthy(ledger:done("audit", "verify"):find("The audit is sound: 9 entries.", 1, true))
    end)

    it("finds a changed value", function()
      tampered("UPDATE audit_event SET reason = 'it was not me' WHERE seq = 4", "entry 4 (RUN-")
    end)

    it("finds a value of every column", function()
      local columns <const> = ledger:sql("SELECT name FROM pragma_table_info('audit_event')", "audit.db")
      for column in columns:gmatch "[^\n]+" do
        if column ~= "seq" and column ~= "event" then
          local copy <const> = ("UPDATE audit_event SET %s = %s WHERE seq = 5")
          local before <const> = ledger:sql(("SELECT quote(%s) FROM audit_event WHERE seq = 5"):format(column),
            "audit.db")
          ledger:sql(copy:format(column, "'x'"), "audit.db")
          assert.are.equal(1, ledger:cli("audit", "verify").status, column)
          ledger:sql(copy:format(column, before), "audit.db")
        end
      end
      assert.are.equal(0, ledger:cli("audit", "verify").status)
    end)

    it("finds a changed value although its hash was made to fit", function()
      -- Whoever can compute the hash of one entry must compute all that follow, and change app.db, too.
      tampered("UPDATE audit_event SET hash = (SELECT hash FROM audit_event WHERE seq = 3) WHERE seq = 4", "entry 4")
    end)

    it("finds a removed row", function()
      tampered("DELETE FROM audit_event WHERE seq = 5", "entry 5 is missing")
    end)

    it("finds removed rows whose place was closed up", function()
      tampered([[DELETE FROM audit_event WHERE seq IN (4, 5, 6);
        UPDATE audit_event SET seq = seq - 3 WHERE seq > 6]], "entry 4")
    end)

    it("finds a cut tail", function()
      tampered("DELETE FROM audit_event WHERE seq > 6", "the tail was cut off: app.db knows of 9 entries")
      tampered("DELETE FROM audit_event", "the tail was cut off")
    end)

    it("finds a row that was put in", function()
      tampered([[INSERT INTO audit_event (seq, run, event, at, outcome, previous, hash)
        SELECT 10, run, event, at, outcome, hash, hash FROM audit_event WHERE seq = 9]], "entry 10")
    end)

    it("finds a table that was dropped and a file that is gone", function()
      tampered("DROP TABLE audit_event", "audit_event")
      assert(os.remove(ledger.data .. "/audit.db"))
      os.remove(ledger.data .. "/audit.db-wal")
      os.remove(ledger.data .. "/audit.db-shm")
      local result <const> = ledger:cli("audit", "verify")
      assert.are.equal(1, result.status)
      assert.truthy(result.stderr:find("audit.db is missing", 1, true), result.stderr)
    end)
  end)

  it("settles a run that was interrupted, and only that one", function()
    local rename <const> = ledger:arguments("run", "note", "--room", "red", "--note", "hot", "--apply")
    local state <const> = ledger.data .. "/state"
    local peek <const> = shell.join(ledger:arguments(server.binary(), "audit", "list", "--json")) .. " >" .. state
    local result <const> = terminal.run(rename, { "expect number of rows", "meanwhile " .. peek, "interrupt" })
    assert.are.equal(130, result.status)
    assert.are.equal("running", json.decode(shell.read(state))[1].outcome)
    local settled <const> = ledger:newest()
    assert.are.equal("not_applied", settled.outcome)
    assert.are.equal(0, settled.rows)
    assert.is_true(ledger:json("audit", "verify").sound)
    assert.are.equal(1, #ledger:json("audit", "list"))
  end)

  it("lets no entry steer the terminal", function()
    note("\27]0;owned\7", "--reason", "\27[31mred", "--apply")
    for _, text in ipairs { ledger:done "audit", ledger:done("audit", "show", ledger:newest().id) } do
      assert.is_nil(text:find "[\27\7]")
    end
  end)

  it("speaks Korean to whoever's LANG does", function()
    local korean <const> = ledger:with { LC_ALL = "ko_KR.UTF-8" }
    local run <const> = korean:done("run", "note", "--room", "red", "--note", "hot", "--apply")
    assert.truthy(run:find("되돌리려면: mulligan undo RUN-", 1, true), run)
    assert.truthy(korean:done("audit", "list"):find("저장됨", 1, true))
    assert.truthy(korean:done("audit", "verify"):find("감사 기록에 이상이 없습니다", 1, true))
  end)
end)

describe("a drop, its reversal and the undo of that", function()
  it("stand in the audit, whole", function()
    local host <const> = server.start()
    local instructor <const> = service.instructor(host)
    local seminar <const> = service.seminar(host, instructor)
    local who <const> = service.signup(host)
    local function active()
      return service.by_id(service.show(host, who, seminar).participants, who.id).is_active
    end
    assert.are.equal(201, service.join(host, who, seminar).status)
    assert.are.equal(200, service.drop(host, who, seminar).status)
    assert.are.equal(400, service.join(host, who, seminar).status)

    local run <const> = json.decode(host:cli("run", "reverse_drop", "--email", who.email, "--seminar", seminar.id,
      "--reason", "was ill", "--apply", "--json").stdout)
    assert.are.equal("applied", run.outcome)
    assert.is_true(active())

    local undo <const> = json.decode(host:cli("undo", run.run, "--apply", "--json", "--reason", "wrong student").stdout)
    assert.are.equal("applied", undo.outcome)
    assert.is_false(active())
    assert.are.equal(400, service.join(host, who, seminar).status)

    local runs <const> = json.decode(host:cli("audit", "list", "--json").stdout)
    assert.are.same({ "undo", "script" }, { runs[1].kind, runs[2].kind })
    assert.are.same({ run.run, "reverse_drop" }, { runs[1].name, runs[2].name })
    assert.are.same({ "wrong student", "was ill" }, { runs[1].reason, runs[2].reason })
    assert.are.same({ 1, 1 }, { runs[1].rows, runs[2].rows })
    assert.are.equal(0, host:cli("audit", "verify").status)
    shell.run { "sqlite3", host.data .. "/audit.db", "UPDATE audit_event SET reason = 'x' WHERE reason = 'was ill'" }
    assert.are.equal(1, host:cli("audit", "verify").status)
    host:stop()
  end)

  it("leave the drop of a student who dropped again where it is", function()
    local host <const> = server.start()
    local seminar <const> = service.seminar(host, service.instructor(host))
    local who <const> = service.signup(host)
    service.join(host, who, seminar)
    service.drop(host, who, seminar)
    local run <const> = json.decode(host:cli("run", "reverse_drop", "--email", who.email, "--seminar", seminar.id,
      "--reason", "was ill", "--apply", "--json").stdout).run
    service.drop(host, who, seminar)
    local refused <const> = host:cli("undo", run, "--apply")
    assert.are.equal(3, refused.status)
    assert.truthy(refused.stderr:find("user_seminar id=%d+: somebody has changed this row since"),
      refused.stderr)
    host:stop()
  end)
end)
