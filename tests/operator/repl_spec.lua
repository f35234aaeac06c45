--- `mulligan repl`: what an operator sees and does at the prompt, and what runs without one.
local json = require "mulligan.json"
local server = require "support.server"
local shell = require "support.shell"
local terminal = require "support.terminal"

describe("mulligan repl", function()
  local folder, data
  local scripts <const> = server.source("tests/operator/apps/desk")

  before_each(function()
    folder = shell.temporary_folder()
    data = folder .. "/data"
    assert.are.equal(0, server.run({ "migrate", "--data", data, "--scripts", scripts }).status)
  end)

  after_each(function()
    shell.remove(folder)
  end)

  local function arguments(...)
    return { "repl", "--data", data, "--scripts", scripts, ... }
  end

  local function environment(more)
    local variables <const> = { TERM = "xterm", NO_COLOR = "1", PAGER = "", LC_ALL = "C.UTF-8",
      XDG_STATE_HOME = folder .. "/state" }
    for name, value in pairs(more or {}) do
      variables[name] = value
    end
    return variables
  end

  --- Somebody at the prompt; Ctrl-D at the end unless the steps say otherwise.
  local function at_prompt(steps, options)
    options = options or {}
    table.insert(steps, 1, "expect ops> ")
    local result <const> = terminal.run(arguments("--as", "mina"), steps, {
      columns = options.columns, environment = environment(options.environment),
    })
    return result
  end

  local function repl(...)
    return server.run(arguments(...), { environment = environment() })
  end

  --- A pipe into the program.
  local function pipe(input)
    shell.write(folder .. "/input", input)
    local words <const> = shell.join { server.binary(), table.unpack(arguments("--as", "mina")) }
    local result <const> = shell.run({ "sh", "-c", words .. " <" .. folder .. "/input" },
      { environment = environment() })
    server.assert_clean(result.stderr)
    return result
  end

  local function look(sql)
    return (shell.run({ "sqlite3", data .. "/app.db", sql }).stdout:gsub("\n$", ""))
  end

  local function audit()
    return json.decode(server.run({ "audit", "list", "--json", "--data", data, "--scripts", scripts }).stdout)
  end

  local function has(text, words)
    assert.truthy(text:find(words, 1, true), words .. "\nis not in\n" .. text)
  end

  local PASTE <const>, PASTED <const> = "\\e[200~", "\\e[201~"

  describe("without a terminal", function()
    it("shows the value of -e", function()
      local result <const> = repl("-e", "1 + 1")
      assert.are.equal(0, result.status, result.stderr)
      assert.are.equal("2\n", result.stdout)
    end)

    it("runs a file, whose name and line its errors carry", function()
      shell.write(folder .. "/work.lua", "#!/usr/bin/env mulligan repl\nlocal n = 2\nprint(n * 21)\nerror('enough')\n")
      local result <const> = repl(folder .. "/work.lua")
      assert.are.equal(1, result.status)
      assert.are.equal("42\n", result.stdout)
      has(result.stderr, "/work.lua:4: enough")
      has(result.stderr, "4 | error('enough')")
    end)

    it("runs a pipe up to the first input that fails", function()
      local result <const> = pipe("local n = 1\nfunction more()\n  n = n + 1\n  return n\nend\n"
        .. "more()\nmore(), n\nno.no\n9\n")
      assert.are.equal(1, result.status)
      assert.are.equal("2\n3\n3\n", result.stdout)
      has(result.stderr, "[5]:1: attempt to index a nil value (global 'no')")
    end)

    it("says what is missing at the end", function()
      local result <const> = pipe("function f(\n")
      assert.are.equal(1, result.status)
      has(result.stderr, "ends in the middle of a statement")
    end)

    it("saves nothing unless told, and says so", function()
      local result <const> = repl("-e", "db.exec [[UPDATE item SET note = 'x']]")
      assert.are.equal(0, result.status, result.stderr)
      has(result.stderr, "Rows that would change: 6. Nothing has been saved")
      assert.are.equal("blue", look("SELECT note FROM item WHERE id = 2"))
    end)

    it("saves what a pipe applies, as one run of the audit that can be undone", function()
      local result <const> = pipe("db.exec [[UPDATE item SET note = 'red' WHERE name = 'ink']]\n:apply\n")
      assert.are.equal(0, result.status, result.stderr)
      assert.are.equal("red", look("SELECT note FROM item WHERE id = 2"))
      local run <const> = audit()[1]
      assert.are.same({ "repl", "applied", "mina", 2 }, { run.kind, run.outcome, run.as, run.rows })
      local undone <const> = server.run({ "undo", run.id, "--apply", "--data", data, "--scripts", scripts })
      assert.are.equal(0, undone.status, undone.stderr)
      assert.are.equal("blue", look("SELECT note FROM item WHERE id = 2"))
    end)

    it("tells its usage where it is called wrongly", function()
      assert.are.equal(2, repl("a.lua", "b.lua").status)
      assert.are.equal(2, repl("--json").status)
      local result <const> = repl(folder .. "/none.lua")
      assert.are.equal(1, result.status)
      has(result.stderr, "none.lua")
      has(server.run({ "repl", "-e", "1", "--data", folder .. "/no", "--scripts", scripts }).stderr, "mulligan migrate")
    end)

    it("ends with 3 where a script declines", function()
      local result <const> = pipe(":run rename --old-name nib --new-name quill\n")
      assert.are.equal(3, result.status, result.stderr)
      has(result.stderr, "There is no nib.")
    end)
  end)

  describe("keeps to what operators may do:", function()
    for code, words in pairs {
      ["os.execute('ls')"] = "no programs can be run",
      ["io.open('x')"] = "no files opened",
      ["db.exec [[ATTACH 'audit.db' AS a]]"] = "no other database may be attached",
      ["db.exec [[DROP TABLE item]]"] = "a change to the schema cannot be recorded",
      ["db.query [[SELECT * FROM audit]]"] = "no such table: audit",
      ["require 'mulligan.core'"] = "not found",
      ["db.exec [[INSERT INTO heap VALUES ('x')]]"] = "heap",
    } do
      it(code, function()
        local result <const> = repl("-e", code)
        assert.are.equal(1, result.status)
        has(result.stderr, words)
      end)
    end

    it("a flood of text is cut, and said to be", function()
      local result <const> = repl("-e", "local x = ('x'):rep(1 << 20) for _ = 1, 100 do print(x) end")
      assert.are.equal(0, result.status, result.stderr)
      assert.are.equal(1 << 20, #result.stdout:gsub("\n$", ""))
      has(result.stderr, "more bytes were printed")
    end)

    it("ErrorLog cannot be told to forget", function()
      has(repl("-e", "ErrorLog.record = nil").stderr, "read-only")
    end)
  end)

  describe("explains", function()
    local function explains(code, words)
      local result <const> = repl("-e", code)
      assert.are.equal(1, result.status)
      has(result.stderr, words)
    end

    it("misspelt tables, columns, functions and SQL", function()
      explains("db.query [[SELECT * FROM itme]]", "Did you mean the table item?")
      explains("db.query [[SELECT nmae FROM item]]", "Did you mean the column name?")
      explains("db.query [[SELECT * FORM item]]", "Did you mean FROM?")
      explains("db.qurey [[SELECT 1]]", "Did you mean db.query?")
      explains("itmes.find 'pen'", "Did you mean items?")
      explains("SELECT * FROM item", "SQL goes behind :sql")
    end)

    it("where in the operator's own words it went wrong, before the script's", function()
      local result <const> = repl("-e", "local a = 1\nitems.broken()")
      local own <const>, script <const> = result.stderr:find("2 | items.broken()", 1, true),
        result.stderr:find("in scripts/models/items.lua:15", 1, true)
      assert.truthy(own and script and own < script, result.stderr)
      has(result.stderr, "[1]:2: attempt to index a nil value (local 'nothing')")
    end)

    it("in Korean where the terminal is", function()
      local result <const> = server.run(arguments("-e", "db.query [[SELECT * FROM itme]]"),
        { environment = environment { LC_ALL = "", LANG = "ko_KR.UTF-8" } })
      has(result.stderr, "테이블 item을(를) 뜻하셨나요?")
    end)
  end)

  describe("has at hand", function()
    it("db, ErrorLog, op, the models and the operator scripts", function()
      local result <const> = pipe(table.concat({
        "items.find('ink').note", "type(ErrorLog.record), op.operator", "db = 5", "db", "db = nil", "type(db.query)",
        "rename { old_name = 'pen', new_name = 'quill' }", "db.one('SELECT name FROM item WHERE id = 1').name", "",
      }, "\n"))
      assert.are.equal(0, result.status, result.stderr)
      assert.are.equal('"blue"\n"function"\n"mina"\n5\n"function"\npen is now quill, says mina\n"quill"\n',
        result.stdout)
      assert.are.equal("pen", look("SELECT name FROM item WHERE id = 1"))
    end)

    it("says what a script would need", function()
      has(repl("-e", "rename { old_name = 'pen' }").stderr, "rename needs new_name")
      has(repl("-e", "rename { old_name = 'pen', new_name = 1 }").stderr, "must be a value of the type string")
      has(repl("-e", "rename { old_name = 'pen', new_name = 'b', colour = 1 }").stderr, "no parameter colour")
    end)

    it("variables of earlier inputs, constants and functions that share them", function()
      local result <const> = pipe(table.concat({
        "local n <const>, list = 3, {}", "local function add(x) list[#list + 1] = x * n end",
          "for i = 1, 3 do add(i) end",
        "list", "list = {}", "add(5)", "list[1]", "local list = 'another'", "list, n",
          "local t = setmetatable({}, { __close = function() list = 'closed' end })",
        "do local g <close> = t end", "list", "if true then return n end", "_ + 1", "",
      }, "\n"))
      assert.are.equal(0, result.status, result.stderr)
      assert.are.equal('{ 3, 6, 9 }\n15\n"another"\n3\n"closed"\n3\n4\n', result.stdout)
    end)

    it("what an input set before it failed", function()
      local result <const> = at_prompt { "type local kept = 7; local bad = kept.x.y", "expect attempt to index",
        "expect ops> ",
        "type kept + 1", "expect 8", "expect ops> ", "end" }
      assert.are.equal(0, result.status, result.shown)
    end)
  end)

  describe("shows", function()
    it("rows as a table aligned for Korean and emoji, and turned where they are too wide", function()
      local code <const> = "db.query [[SELECT id, name, 'x' AS y FROM item UNION ALL SELECT 9, '🍀', 'x' ORDER BY id]]"
      local aligned <const> = at_prompt({ "type " .. code, "expect ops> ", "end" }, { columns = 60 })
      has(aligned.shown, "  id  name  y\n   1  pen   x\n   2  ink   x\n   3  종이  x\n   9  🍀    x\n")
      local turned <const> = at_prompt({
        "type db.query [[SELECT name, name || ' and then some more of it' AS a, note AS b FROM item]]",
        "expect ops> ", "end" }, { columns = 40 })
      has(turned.shown, "  name  종이\n  a     종이 and then some more of it\n  b     한국어 메모\n")
    end)

    it("a chart", function()
      has(repl("-e", "op.chart({ { '가', 4 }, { 'b', 2 } }, { title = 'Things' })").stdout,
        "  Things\n  가  4  " .. ("█"):rep(48) .. "\n  b   2  " .. ("█"):rep(24) .. "\n")
    end)

    it("long tables page by page", function()
      local long <const> = "type db.query [[WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c "
        .. "WHERE n < 99) SELECT n FROM c]]"
      local paged <const> = at_prompt({ long, "expect read by 99 lines", "expect ops> ", "end" },
        { environment = { PAGER = "sed -n '/99/s/.*/read by 99 lines/p'" } })
      assert.are.equal(0, paged.status, paged.shown)
    end)

    it("colours on a terminal only", function()
      local result <const> = at_prompt({ "type no.no", "expect \27[1;31m[1]:1:", "expect ops> ", "end" },
        { environment = { NO_COLOR = "" } })
      assert.are.equal(0, result.status, result.shown)
      assert.falsy(repl("-e", "no.no").stderr:find("\27", 1, true))
    end)
  end)

  describe("takes", function()
    it("a pasted function as one input", function()
      local result <const> = at_prompt {
        "keys " .. PASTE .. "function twice(x)\\n  local y = x * 2\\n\\n  return y\\nend" .. PASTED, "type ",
        "expect ops> ", "type twice(21)", "expect 42", "expect ops> ", "type no.no", "expect [3]:1:",
          "expect ops> ", "end",
      }
      assert.are.equal(0, result.status, result.shown)
    end)

    it("a function typed line by line as one input", function()
      local result <const> = at_prompt { "type function half(x)", "type   return x // 2", "type end", "expect ops> ",
        "type half(84)", "expect 42", "expect ops> ", "keys \\e[A\\e[A", "expect return x // 2", "type ",
          "expect ops> ",
        "end" }
      assert.are.equal(0, result.status, result.shown)
    end)

    it("Korean, and erases it by the character", function()
      local result <const> = at_prompt { "keys #\"한국말\\b\\b글", "type \"", "expect 6", "expect ops> ",
        "type items.find('종이').note", "expect 한국어 메모", "expect ops> ", "end" }
      assert.are.equal(0, result.status, result.shown)
    end)

    it("Tab for the rest of a name, a column and a command", function()
      local result <const> = at_prompt { "keys items.fi\\t", "type ('ink').note", "expect blue", "expect ops> ",
        "keys db.one([[SELECT rea\\t", "type  FROM item WHERE id = 2]]).ready", "expect true", "expect ops> ",
        "keys :sche\\t la\\t", "type ", "expect item.id", "expect ops> ", "keys db.\\t", "expect transaction",
          "interrupt",
        "expect ^C", "expect ops> ", "end" }
      assert.are.equal(0, result.status, result.shown)
    end)

    it("up from the history after a restart, also where two wrote it at once", function()
      local other <const> = folder .. "/other"
      shell.write(other, table.concat({ "expect ops> ", "type 'the other one'", "expect ops> ", "end" }, "\n"))
      local words <const> = { (server.binary():gsub("[^/]*$", "mulligan-terminal", 1)), other, 80, (server.binary()) }
      shell.append(words, arguments("--as", "jun"))
      at_prompt { "type 'mine'", "expect ops> ", "meanwhile " .. shell.join(words) .. " >/dev/null",
        "type 'mine again'", "expect ops> ", "type  'not kept'", "expect ops> ", "end" }
      local result <const> = at_prompt { "keys \\e[A\\e[A", "type ", 'expect "the other one"', "expect ops> ",
        "type :history", "expect 'mine'", "expect 'the other one'", "expect 'mine again'", "expect ops> ", "end" }
      assert.are.equal(0, result.status, result.shown)
      local kept <const> = shell.read(folder .. "/state/mulligan/history")
      assert.are.equal(5, select(2, kept:gsub('{"at":"20', "")), kept)
      assert.falsy(kept:find("not kept", 1, true))
      assert.are.equal("600\n", shell.run({ "stat", "-c", "%a", folder .. "/state/mulligan/history" }).stdout)
    end)

    it("secrets, and keeps them nowhere", function()
      local secret <const> = "tr0ub4dor"
      local result <const> = at_prompt {
        ("type types { pin = '%s' }"):format(secret), "expect pin: string", "expect ops> ",
        ("type :run types --pin %s"):format(secret), "expect pin: string", "expect ops> ",
        "type db.exec [[DELETE FROM label]]", "expect rows)> ", "type :discard", "expect ops> ", "end" }
      assert.are.equal(0, result.status, result.shown)
      for _, file in ipairs { data .. "/audit.db", data .. "/audit.db-wal", folder .. "/state/mulligan/history" } do
        assert.falsy((shell.read(file) or ""):find(secret, 1, true), file)
      end
      has(shell.read(folder .. "/state/mulligan/history"), "types { pin = '[scrubbed]' }")
    end)

    it("its editor's text", function()
      shell.write(folder .. "/editor", "#!/bin/sh\nsed -i 's/1/20/' \"$1\"\n")
      shell.run { "chmod", "+x", folder .. "/editor" }
      local result <const> = at_prompt({ "type 1 + 22", "expect 23", "expect ops> ", "type :edit", "expect 20 + 22",
        "type ",
        "expect 42", "expect ops> ", "end" }, { environment = { EDITOR = folder .. "/editor",
          VISUAL = folder .. "/editor" } })
      assert.are.equal(0, result.status, result.shown)
    end)
  end)

  describe("is stopped by Ctrl-C", function()
    it("in a loop, also one that catches everything, and keeps its variables", function()
      local result <const> = at_prompt { "type local kept = 41", "expect ops> ",
        "type op.say('spin' .. 'ning') while true do end",
        "expect spinning", "interrupt", "expect interrupted", "expect ops> ",
        "type op.say('spin' .. 'ning') while true do pcall(function() while true do end end) end", "expect spinning",
        "interrupt", "expect interrupted", "expect ops> ",
        "type coroutine.wrap(function() op.say('spin' .. 'ning') while true do end end)()", "expect spinning",
          "interrupt",
        "expect interrupted", "expect ops> ", "type kept + 1", "expect 42", "expect ops> ", "end" }
      assert.are.equal(0, result.status, result.shown)
    end)

    it("in a runaway query", function()
      local result <const> = at_prompt { "type op.say('count' .. 'ing') db.query [[WITH RECURSIVE c(n) AS "
        .. "(SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c]]", "expect counting", "interrupt",
        "expect interrupted",
        "expect ops> ", "type 6 * 7", "expect 42", "expect ops> ", "end" }
      assert.are.equal(0, result.status, result.shown)
    end)

    it("in a write, which is then not in the plan", function()
      local result <const> = at_prompt {
        "type db.transaction(function() db.exec [[DELETE FROM label]] op.say('spin' .. 'ning') while true do end end)",
        "expect spinning", "interrupt", "expect interrupted", "expect ops> ",
        "type db.one('SELECT count(*) AS n FROM label').n", "expect 2", "expect ops> ", "end" }
      assert.are.equal(0, result.status, result.shown)
    end)

    it("at the prompt and at each question, without leaving", function()
      local result <const> = at_prompt { "keys half a line", "expect line", "interrupt", "expect ^C",
        "expect ops> ", "type :run rename",
        "expect old_name> ", "interrupt", "expect ops> ", "type op.confirm('Sure?')", "expect to go on", "interrupt",
        "expect interrupted", "expect ops> ", "type db.exec [[DELETE FROM label]]", "expect ops(plan: 2 rows)> ",
        "type :apply", "expect number of rows", "interrupt", "expect Not confirmed", "expect ops(plan: 2 rows)> ",
          "end",
        "expect discard", "interrupt", "expect ops(plan: 2 rows)> ", "end", "expect discard", "type discard" }
      assert.are.equal(0, result.status, result.shown)
      assert.are.equal("2", look("SELECT count(*) FROM label"))
    end)

    it("or, where nothing else helps, leaves with nothing saved", function()
      -- gsub() itself calls op.say(), by its first match, and then is for ever at the second: between what is said and
      -- what nothing stops there is no step of the script at which Ctrl-C would be noticed.
      local result <const> = at_prompt {
        "type (('sear' .. 'ching') .. ('a'):rep(4000)):gsub(('.-'):rep(30) .. '[gb]', op.say)", "expect searching",
        "interrupt", "expect stopping", "interrupt",
        "expect once more", "interrupt", "expect cannot be stopped otherwise" }
      assert.are.equal(130, result.status, result.shown)
    end)
  end)

  describe("plans", function()
    it("from the first write, shows it in the prompt, applies it once confirmed, and takes it back", function()
      local result <const> = at_prompt { "type items.find('ink').note", "expect blue", "expect ops> ",
        "type local done = db.exec [[UPDATE item SET note = 'black' WHERE name = 'ink']]", "expect ops(plan: 2 rows)> ",
        "type items.find('ink').note", "expect black", "expect rows)> ", "type :plan", "expect before", "expect *black",
        "expect Nothing has been saved yet", "expect rows)> ", "type :apply", "expect number of rows", "type y",
        "expect Not confirmed", "expect rows)> ", "type :apply", "expect number of rows", "type 2", "expect Saved",
        "expect To take it back", "expect ops> ", "type :undo", "expect number of rows", "type 2", "expect Saved",
        "expect ops> ", "type items.find('ink').note", "expect blue", "expect ops> ", "type :audit", "expect undo",
        "expect repl", "expect applied", "expect ops> ", "end" }
      assert.are.equal(0, result.status, result.shown)
      assert.are.equal("blue", look("SELECT note FROM item WHERE id = 2"))
      local runs <const> = audit()
      assert.are.same({ "undo", "applied", "repl", "applied" },
        { runs[1].kind, runs[1].outcome, runs[2].kind, runs[2].outcome })
    end)

    it("without a trace of an input that failed", function()
      local result <const> = at_prompt { "type db.exec [[DELETE FROM label WHERE id = 1]]", "expect ops(plan: 1 row)> ",
        "type db.exec [[DELETE FROM label]] error('no')", "expect taken back", "expect ops(plan: 1 row)> ",
          "type :discard",
        "expect given up", "expect ops> ", "end" }
      assert.are.equal(0, result.status, result.shown)
      assert.are.equal("2", look("SELECT count(*) FROM label"))
      assert.are.equal("not_confirmed", audit()[1].outcome)
    end)

    it("nothing where nothing changes", function()
      local result <const> = at_prompt { "type db.exec [[DELETE FROM label WHERE id = 99]]", "expect changes = 0",
        "expect ops> ", "end" }
      assert.are.equal(0, result.status, result.shown)
    end)

    it("and is told who was faster", function()
      local apply <const> = shell.join { server.binary(), "run", "rename", "--old-name", "ink", "--new-name", "tint",
        "--apply", "--as", "jun", "--data", data, "--scripts", scripts }
      local result <const> = at_prompt { "type db.exec [[UPDATE item SET name = 'dye' WHERE name = 'ink']]",
        "expect ops(plan: 2 rows)> ", "meanwhile " .. apply .. " >/dev/null", "type :apply", "expect number of rows",
        "type 2", "expect jun", "expect Nothing has been saved", "expect ops(plan: 2 rows)> ", "type :discard",
        "expect ops> ", "type items.find('tint').name", 'expect "tint"', "expect ops> ", "end" }
      assert.are.equal(0, result.status, result.shown)
      assert.are.equal("tint", look("SELECT name FROM item WHERE id = 2"))
    end)

    it("what :run asks for", function()
      local result <const> = at_prompt { "type :run rename", "expect old_name> ", "type pen", "expect new_name> ",
        "type 붓", "expect pen is now 붓, says mina", "expect ops(plan: 2 rows)> ", "end", "expect would be lost", "end" }
      assert.are.equal(0, result.status, result.shown)
      assert.are.equal("pen", look("SELECT name FROM item WHERE id = 1"))
    end)
  end)

  it("answers its commands", function()
    local result <const> = pipe(":help\n:help items.find\n:tables\n:schema label\n"
      .. ":sql SELECT count(*) AS n FROM item;\n"
      .. ":errors\n:audit\n:plan\n:time\n:run\n")
    assert.are.equal(0, result.status, result.stderr)
    for _, words in ipairs { ":discard", "function items.find(name)", "The thing of this name, or nil.", "refers_to",
      "item.id", "  n\n  3\n", "There are no errors.", "rename" } do
      has(result.stdout .. result.stderr, words)
    end
    assert.are.equal(1, pipe(":tabels\n").status)
    has(pipe(":tabels\n").stderr, "did you mean :tables?")
    assert.are.equal(1, pipe(":error ERR-0000-0000\n").status)
    has(pipe(":schema itme\n").stderr, "Did you mean the table item?")
  end)

  it("goes on where the memory of an input ended, with its plan", function()
    local result <const> = at_prompt { "type db.exec [[DELETE FROM label]]", "expect ops(plan: 2 rows)> ",
      "type local t = ('x'):rep(1 << 20) while true do t = t .. t end", "expect too much memory",
        "expect ops(plan: 2 rows)> ",
      "type 6 * 7", "expect 42", "expect ops(plan: 2 rows)> ", "type db.one('SELECT count(*) AS n FROM label').n",
        "expect 0",
      "expect ops(plan: 2 rows)> ", "end", "expect discard", "type discard" }
    assert.are.equal(0, result.status, result.shown)
  end)
end)
