--- An operator's command that is killed leaves the change wholly there or wholly not, and the audit says which.
local desk = require "support.desk"
local shell = require "support.shell"
local socket = require "socket"

local ROUNDS <const> = 51
--- So many more are made until a run was killed on either side of the moment that decides.
local MOST_ROUNDS <const> = 510
-- The next kill comes so many times later or sooner, by what the last one met.
local STEPS <const> = { unknown = 1.2, not_applied = 1.05, applied = 1 / 1.2, planned = 1 / 1.2 }
local GUESTS <const> = 100

describe("a killed run, undo or plan", function()
  local ledger

  setup(function()
    math.randomseed(os.time())
    ledger = desk.open "tests/operator/apps/ledger"
    ledger:sql(([[
      WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
      INSERT INTO guest (id, room_id, name) SELECT i, 1, 'white' FROM n; UPDATE guest SET name = 'white']])
      :format(GUESTS + 99))
  end)

  teardown(function()
    ledger:close()
  end)

  --- The one name that all guests have.
  local function colour()
    local names <const> = ledger:sql "SELECT DISTINCT name FROM guest"
    assert.is_nil(names:find "\n", "the change is there in part: " .. names)
    return names
  end

  --- Runs a command and kills it after so many seconds.
  -- @return did it come to its end before that
  local function kill_after(seconds, ...)
    local words <const> = shell.append({ "timeout", "-s", "KILL", ("%.4f"):format(seconds) },
      ledger:arguments(ledger.program, ...))
    local result <const> = shell.run(words)
    assert.is_true(result.status == 0 or result.status == 137, result.stdout .. result.stderr)
    return result.status == 0
  end

  --- One round: kills something, and returns what became of it by the audit ("unknown" for a run that was killed before
  -- it was entered), and whether the change is there.
  local function round(number, seconds, last)
    local known <const> = ledger:sql("SELECT count(*) FROM audit_event WHERE event = 'begin'", "audit.db")
    local before <const>, wanted = colour(), "colour " .. number
    local finished
    if number % 3 == 0 then
      finished = kill_after(seconds, "run", "paint", "--colour", wanted)
    elseif number % 3 == 1 then
      finished = kill_after(seconds, "run", "paint", "--colour", wanted, "--apply")
    else
      wanted = last.before
      finished = kill_after(seconds, "undo", last.run, "--apply")
    end
    local newest <const> = ledger:json("audit", "list", "--limit", "1")[1]
    local entered <const> = ledger:sql("SELECT count(*) FROM audit_event WHERE event = 'begin'", "audit.db") ~= known
    local now <const> = colour()
    assert.is_true(now == before or now == wanted, now)
    if finished then
      assert.are.equal(number % 3 == 0 and "planned" or "applied", newest.outcome)
    end
    return entered and newest.outcome or "unknown", now ~= before, newest.id, before
  end

  it("is wholly saved or wholly not, and the audit knows", function()
    local started <const> = socket.gettime()
    local last = { run = ledger:json("run", "paint", "--colour", "grey", "--apply").run, before = "white" }
    -- How long a run takes is found again with every round: one measured while the machine was busy would let all of
    -- the others finish.
    local duration = socket.gettime() - started
    local count <const> = { applied = 0, not_applied = 0, planned = 0, unknown = 0 }
    local number = 0
    while number < ROUNDS or (count.applied == 0 or count.not_applied == 0) and number < MOST_ROUNDS do
      number = number + 1
      local outcome <const>, changed <const>, run <const>, before <const> =
        round(number, duration * (0.75 + math.random() / 2), last)
      count[outcome] = count[outcome] + 1
      duration = duration * STEPS[outcome]
      assert.are.equal(outcome == "applied", changed, ("round %d: %s"):format(number, outcome))
      if outcome == "applied" and number % 3 == 1 then
        last = { run = run, before = before }
      elseif number % 3 == 1 or outcome == "applied" then -- nothing is left to be undone next time
        local painted <const> = "grey " .. number
        last = { before = colour(), run = ledger:json("run", "paint", "--colour", painted, "--apply").run }
      end
    end
    assert.is_true(ledger:json("audit", "verify").sound)
    assert.is_true(count.applied > 0 and count.not_applied > 0, ("these mean little: %d applied, %d not, %d unknown")
      :format(count.applied, count.not_applied, count.unknown))
  end)
end)
