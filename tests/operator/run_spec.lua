--- `mulligan run`: shown first, then done, and nothing done that was not shown.
local json = require "mulligan.json"
local server = require "support.server"
local shell = require "support.shell"
local terminal = require "support.terminal"

describe("mulligan run", function()
  local data
  local scripts <const> = server.source("tests/operator/apps/desk")

  before_each(function()
    data = shell.temporary_folder()
    assert.are.equal(0, server.run({ "migrate", "--data", data, "--scripts", scripts }).status)
  end)

  after_each(function()
    shell.remove(data)
  end)

  local function arguments(...)
    return { "run", "--data", data, "--scripts", scripts, ... }
  end

  local function run(...)
    return server.run(arguments(...))
  end

  --- What a SELECT on the live database gives, as the sqlite3 shell prints it.
  local function look(sql)
    return (shell.run({ "sqlite3", data .. "/app.db", sql }).stdout:gsub("\n$", ""))
  end

  local function desk()
    return look("SELECT group_concat(name || coalesce(':' || note, '')) FROM (SELECT * FROM item ORDER BY id)")
  end

  local UNTOUCHED <const> = "pen,ink:blue,종이:한국어 메모"

  describe("alone", function()
    it("lists the scripts with their titles", function()
      local result <const> = run()
      assert.are.equal(0, result.status, result.stderr)
      assert.truthy(result.stdout:find("rename +Rename +Gives a thing another name%."))
      assert.truthy(result.stdout:find("reports/weekly +Weekly"))
    end)

    it("lists them as JSON", function()
      local list <const> = json.decode(run("--json").stdout)
      local found
      for _, script in ipairs(list) do
        found = script.name == "rename" and script or found
      end
      assert.are.equal("Rename", found.title)
      assert.are.equal("old_name", found.parameters[1].name)
      assert.is_true(found.parameters[1].required)
    end)

    it("needs no database", function()
      local result <const> = server.run { "run", "--data", data .. "/none", "--scripts", scripts }
      assert.are.equal(0, result.status, result.stderr)
      assert.are_not.equal(0, shell.run({ "test", "-e", data .. "/none" }).status)
    end)
  end)

  describe("with a command line that is wrong", function()
    local function refused(status, words, ...)
      local result <const> = run(...)
      assert.are.equal(status, result.status, result.stderr)
      assert.truthy(result.stderr:find(words, 1, true), result.stderr)
      assert.are.equal("", result.stdout)
    end

    it("names all that is missing", function()
      refused(2, "rename needs --old-name, --new-name", "rename")
    end)

    it("names the nearest script", function()
      refused(1, "did you mean rename?", "renmae", "--old-name", "pen")
      refused(1, "lists them", "something-else-altogether")
    end)

    it("names the nearest parameter", function()
      refused(2, "no parameter --old-nam; did you mean --old-name?", "rename", "--old-nam", "pen")
      refused(2, "it takes --old-name, --new-name", "rename", "--zzz", "pen")
    end)

    it("names what is given twice, without a value, or for nothing", function()
      refused(2, "--old_name is given twice", "rename", "--old-name", "a", "--old_name", "b")
      refused(2, "--new-name needs a value", "rename", "--old-name", "a", "--new-name")
      refused(2, 'what is "stray" for', "rename", "stray")
      refused(2, "name the script before its parameters", "--old-name", "a")
    end)

    it("names a value of the wrong type", function()
      refused(2, '--count must be a whole number, not "1.5"', "types", "--count", "1.5")
      refused(2, "at most 64 bits", "types", "--count", "9223372036854775808")
      refused(2, '--share must be a number, not "half"', "types", "--share", "half")
      refused(2, "--share must be a number", "types", "--share", "nan")
      refused(2, '--sure must be true or false, not "maybe"', "types", "--sure=maybe")
      refused(2, '--day must be a date, as 2021-11-13, not "2021-02-29"', "types", "--day", "2021-02-29")
      refused(2, '--size must be one of small, large, not "huge"', "types", "--size", "huge")
      refused(2, '--item must be one of 1, 2, 3, not "4"', "types", "--item", "4")
      refused(2, "--count must be UTF-8", "types", "--count", "\xff")
    end)

    it("says where to get a database", function()
      local result <const> = server.run { "run", "rename", "--data", data .. "/none", "--scripts", scripts }
      assert.are.equal(1, result.status)
      assert.truthy(result.stderr:find("mulligan migrate", 1, true))
    end)
  end)

  it("hands the parameters over in their types", function()
    assert.are.equal(2, run("types", "--pin", "--").status) -- a value that looks like a flag goes behind a `=`
    local taken <const> = run("types", "--count=-9223372036854775808", "--sure", "--day", "2024-02-29",
      "--size", "large", "--item", "2", "--pin=--", "--share", "1")
    assert.are.equal(0, taken.status, taken.stderr)
    assert.truthy(taken.stdout:find(table.concat({
      "count: integer -9223372036854775808", "share: float 1.0", "sure: boolean true", "day: string 2024-02-29",
      "size: string large", "item: integer 2", "pin: string --", "",
    }, "\n"), 1, true), taken.stdout)
    assert.truthy(run("types").stdout:find("count: nil nil\nshare: float 0.5\nsure: boolean false\n", 1, true))
    assert.truthy(run("types", "--sure", "no").stdout:find("sure: boolean false", 1, true))
  end)

  describe("without --apply", function()
    it("shows each row before and after, what a trigger did too, and saves nothing", function()
      local result <const> = run("rename", "--old-name", "pen", "--new_name", "quill", "--as", "mina")
      assert.are.equal(0, result.status, result.stderr)
      assert.truthy(result.stdout:find("pen is now quill, says mina", 1, true))
      assert.truthy(result.stdout:find("\nitem: 1 changed\n", 1, true))
      assert.truthy(result.stdout:find("before +1  pen "))
      assert.truthy(result.stdout:find("after +1  %*quill "))
      assert.truthy(result.stdout:find("\nitem_log: 1 new\n", 1, true))
      assert.truthy(result.stdout:find("pen became quill", 1, true))
      assert.truthy(result.stdout:find("Rows that change: 2. Nothing has been saved yet.", 1, true))
      assert.are.equal(UNTOUCHED, desk())
    end)

    it("says so when nothing changes", function()
      local result <const> = run("reports/weekly")
      assert.are.equal(0, result.status, result.stderr)
      assert.truthy(result.stdout:find("That was the week.\n\nThis changes nothing.", 1, true))
    end)

    it("aligns tables by what Korean takes on a screen", function()
      local lines <const> = {}
      for line in run("reports/weekly").stdout:gmatch("[^\n]+") do
        lines[#lines + 1] = line
      end
      assert.are.same({ "  name  note", "  pen   (none)", "  ink   blue", "  종이  한국어 메모" },
        { table.unpack(lines, 1, 4) })
    end)

    it("counts what is too much to show", function()
      local result <const> = run("many", "--count", "50")
      assert.truthy(result.stdout:find("item: 50 new", 1, true))
      assert.truthy(result.stdout:find("… and 30 more", 1, true))
      assert.truthy(result.stdout:find("adding: 10 of 50\n", 1, true))
      assert.are.equal("3", look("SELECT count(*) FROM item"))
    end)
  end)

  describe("with --apply", function()
    it("saves exactly what was shown: triggers do not fire twice", function()
      local result <const> = run("rename", "--old-name", "pen", "--new-name", "quill", "--apply")
      assert.are.equal(0, result.status, result.stderr)
      assert.truthy(result.stdout:find("Nothing has been saved yet.", 1, true))
      assert.truthy(result.stdout:find("Saved. Rows changed: 2.", 1, true))
      assert.are.equal("quill,ink:blue,종이:한국어 메모", desk())
      assert.are.equal("1|pen became quill", look("SELECT * FROM item_log"))
    end)

    it("saves what cascades took along", function()
      local result <const> = run("clear", "--apply")
      assert.are.equal(0, result.status, result.stderr)
      assert.truthy(result.stdout:find("label: 2 removed", 1, true))
      assert.are.equal("0|0", look("SELECT (SELECT count(*) FROM item), (SELECT count(*) FROM label)"))
    end)

    it("is one object with --json, which says whether it was saved", function()
      local plan <const> = json.decode(run("rename", "--old-name", "pen", "--new-name", "quill", "--json").stdout)
      assert.are.equal("planned", plan.outcome)
      assert.is_false(plan.saved)
      assert.are.equal(2, plan.rows)
      assert.are.same({ kind = "say", text = ("pen is now quill, says %s"):format(plan.operator) }, plan.output[1])
      assert.are.equal("update", plan.changes[1].operation)
      assert.are.equal("pen", plan.changes[1].before.name)
      assert.are.equal("quill", plan.changes[1].after.name)
      assert.is_false(plan.changes[1].after.ready)
      assert.are.equal(json.null, plan.changes[1].after.note)
      assert.are.equal(UNTOUCHED, desk())

      local applied <const> = run("rename", "--old-name", "pen", "--new-name", "quill", "--json", "--apply")
      local done <const> = json.decode(applied.stdout)
      assert.are.equal("applied", done.outcome)
      assert.is_true(done.saved)
      assert.are.equal("1|pen became quill", look("SELECT * FROM item_log"))
    end)
  end)

  it("ends with 3 and saves nothing when the script aborts, whatever it does after", function()
    local aborted <const> = run("rename", "--old-name", "nib", "--new-name", "x", "--apply")
    assert.are.equal(3, aborted.status)
    assert.are.equal("mulligan run: There is no nib.\nNothing has been saved.\n", aborted.stderr)
    local stubborn <const> = run("stubborn", "--apply")
    assert.are.equal(3, stubborn.status)
    assert.truthy(stubborn.stderr:find("No more of this.", 1, true))
    assert.are.equal(UNTOUCHED, desk())
  end)

  describe("when the script fails", function()
    local function shown(reference)
      local result <const> = server.run { "errors", "show", reference, "--data", data, "--scripts", scripts, "--json" }
      assert.are.equal(0, result.status, result.stderr)
      return result.stdout, json.decode(result.stdout)
    end

    it("saves nothing, records it, and gives the reference", function()
      local result <const> = run("break", "--apply", "--as", "mina")
      assert.are.equal(1, result.status)
      local reference <const> = result.stderr:match("ERR%-%w+%-%w+")
      local _, row = shown(reference)
      assert.are.equal("operator", row.source)
      assert.are.equal("scripts/operators/break.lua", row.script)
      assert.are.equal("mina", row.operator)
      assert.truthy(row.message:find("does not open it", 1, true))
      assert.are.equal(UNTOUCHED, desk())
    end)

    it("keeps secret parameters out of the record", function()
      local result <const> = run("break", "--code", "sesame-7193")
      local text <const> = shown(result.stderr:match("ERR%-%w+%-%w+"))
      assert.is_nil(text:find("sesame-7193", 1, true), text)
      assert.truthy(text:find("[scrubbed]", 1, true))
      assert.truthy(text:find("here", 1, true))
      assert.is_nil(json.decode(run("break", "--code", "sesame-7193", "--json").stdout).parameters.code:find("sesame"))
    end)

    it("explains what cannot be recorded", function()
      local result <const> = run("heap", "--apply")
      assert.are.equal(1, result.status)
      assert.truthy(result.stderr:find("heap: this table has no primary key", 1, true), result.stderr)
      assert.are.equal("0", look("SELECT count(*) FROM heap"))
    end)
  end)

  it("runs scripts on a clock that stands still", function()
    assert.truthy(run("clock").stdout:find("true\ndate too\n", 1, true))
  end)

  it("tells a script what it did wrong with op, and lets no value command the terminal", function()
    local result <const> = run("misuse")
    assert.are.equal(0, result.status, result.stderr)
    for _, words in ipairs {
      "bad argument #1 to 'say'", "to 'string.format'", "bad argument #1 to 'table'", "row 1 is no table",
      "column 1 is no text", "a total is not negative", "a step goes forward", "bad argument #1 to 'confirm'",
      "bad argument #1 to 'abort'", "op is read-only", "a bell \\x07, an escape \\x1B[31m, a NUL \\x00.", "two lines",
    } do
      assert.truthy(result.stdout:find(words, 1, true), words .. "\n" .. result.stdout)
    end
  end)

  it("leaves the database alone, however long the script takes, until it saves", function()
    local before <const> = look("PRAGMA data_version; SELECT group_concat(name) FROM item")
    assert.are.equal(0, run("clear").status)
    assert.are.equal(before, look("PRAGMA data_version; SELECT group_concat(name) FROM item"))
  end)

  describe("on a terminal", function()
    local rename <const> = { "rename", "--old-name", "pen", "--new-name", "quill", "--apply" }

    local function on_terminal(words, steps, options)
      return terminal.run(arguments(table.unpack(words)), steps, options)
    end

    it("saves once the number of rows is typed", function()
      local result <const> = on_terminal(rename,
        { "expect Nothing has been saved yet", "expect number of rows", "type 2" })
      assert.are.equal(0, result.status, result.shown)
      assert.truthy(result.shown:find("Saved. Rows changed: 2.", 1, true))
      assert.are.equal("quill,ink:blue,종이:한국어 메모", desk())
    end)

    it("saves nothing for a mere y, or for nothing", function()
      for _, step in ipairs { "type y", "type yes", "type 1", "type ", "end" } do
        local result <const> = on_terminal(rename, { "expect number of rows", step })
        assert.are.equal(3, result.status, step)
        assert.truthy(result.shown:find("Nothing has been saved.", 1, true))
      end
      assert.are.equal(UNTOUCHED, desk())
    end)

    it("asks nothing with --yes", function()
      local result <const> = on_terminal({ "--yes", table.unpack(rename) }, {})
      assert.are.equal(0, result.status, result.shown)
      assert.are.equal("quill,ink:blue,종이:한국어 메모", desk())
    end)

    it("asks for what is missing, offers what there is, and asks again", function()
      local result <const> = on_terminal({ "rename" }, {
        "expect What it is called now.", "expect ink  blue", "expect old_name> ", "type ",
        "expect A value is needed", "expect old_name> ", "type pen", "expect new_name> ", "type 붓",
      })
      assert.are.equal(0, result.status, result.shown)
      assert.truthy(result.shown:find("pen is now 붓", 1, true))
    end)

    it("takes the end of the input for a no", function()
      local result <const> = on_terminal({ "rename", "--apply" }, { "expect old_name> ", "end" })
      assert.are.equal(3, result.status, result.shown)
      assert.truthy(result.shown:find("Nothing has been saved.", 1, true))
    end)

    it("ends with 130 and saves nothing at Ctrl-C, also in the middle of a script", function()
      local asked <const> = on_terminal(rename, { "expect number of rows", "interrupt" })
      assert.are.equal(130, asked.status, asked.shown)
      assert.truthy(asked.shown:find("Interrupted. Nothing has been saved.", 1, true))
      local spinning <const> = on_terminal({ "spin", "--apply" }, { "expect spinning", "interrupt" })
      assert.are.equal(130, spinning.status, spinning.shown)
      assert.are.equal(UNTOUCHED, desk())
    end)

    it("puts the script's own questions, and takes no y for them", function()
      local no <const> = on_terminal({ "clear" }, { 'expect Type "everything" to go on', "type y" })
      assert.are.equal(3, no.status, no.shown)
      assert.truthy(no.shown:find("Then all stays.", 1, true))
      local yes <const> = on_terminal({ "clear" }, { 'expect Type "everything" to go on', "type everything" })
      assert.are.equal(0, yes.status, yes.shown)
      assert.truthy(yes.shown:find("item: 3 removed", 1, true))
    end)

    it("stands a row one value a line where it would be too wide, with before and after side by side", function()
      local result <const> = on_terminal({ "rename", "--old-name", "pen", "--new-name", ("quill "):rep(12) }, {})
      assert.truthy(result.shown:find("\n  name +pen +%*quill quill"))
      for line in result.shown:gmatch("[^\n]+") do
        assert.is_true(utf8.len(line) <= 80 or line:find("is now", 1, true) ~= nil, line)
      end
    end)

    it("stops, names the row and saves nothing when somebody was faster", function()
      local function meanwhile(sql)
        return ("meanwhile sqlite3 %s %s"):format(shell.quote(data .. "/app.db"), shell.quote(sql))
      end
      local changed <const> = on_terminal(rename,
        { "expect number of rows", meanwhile("UPDATE item SET name = 'biro' WHERE id = 1"), "type 2" })
      assert.are.equal(3, changed.status, changed.shown)
      local words <const> = "item id=1: somebody has changed this row since: name is now 'biro', not 'pen'"
      assert.truthy(changed.shown:find(words, 1, true), changed.shown)
      assert.are.equal("biro,ink:blue,종이:한국어 메모", desk())
    end)
  end)

  it("speaks Korean to whoever's LANG does", function()
    local result <const> = server.run(arguments("rename", "--old-name", "pen", "--new-name", "붓"),
      { environment = { LC_ALL = "ko_KR.UTF-8" } })
    assert.are.equal(0, result.status, result.stderr)
    assert.truthy(result.stdout:find("아직 아무것도 저장하지 않았습니다.", 1, true), result.stdout)
    assert.truthy(server.run(arguments("rename"), { environment = { LC_ALL = "ko_KR.UTF-8" } }).stderr
      :find("rename에 필요한 것이 빠졌습니다: --old-name, --new-name", 1, true))
  end)

  it("tells how a script is used", function()
    local result <const> = run("rename", "--help")
    assert.are.equal(0, result.status)
    assert.truthy(result.stdout:find("--old-name (string, required)  What it is called now.", 1, true))
  end)
end)

describe("mulligan check", function()
  it("refuses a parameter that is named like a flag of run, or has no known type", function()
    local scripts <const> = shell.temporary_folder()
    local script <const> = "return { title = 'x', params = { { name = %q, type = %q } }, run = function() end }\n"
    for _, case in ipairs {
      { "apply", "string", "taken by a flag" },
      { "Name", "string", "small letters" },
      { "name", "text", "type must be" },
      { "name", "choice", "a choice needs choices" },
    } do
      shell.write(scripts .. "/operators/odd.lua", script:format(case[1], case[2]))
      local result <const> = server.run { "check", "--scripts", scripts }
      assert.are.equal(1, result.status)
      assert.truthy(result.stderr:find("scripts/operators/odd.lua: params[1]", 1, true), result.stderr)
      assert.truthy(result.stderr:find(case[3], 1, true), result.stderr)
    end
    shell.remove(scripts)
  end)
end)
