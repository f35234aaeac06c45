--- Notebooks: run by the desk, step by step or in one go, and what they leave.
local desk = require "support.desk"
local json = require "mulligan.json"
local notebooks = require "support.notebooks"
local server = require "support.server"
local shell = require "support.shell"
local terminal = require "support.terminal"

local function has(text, words)
  assert.truthy(text:find(words, 1, true), words .. "\nis not in\n" .. text)
end

local function lacks(text, words)
  assert.is_nil(text:find(words, 1, true), words .. "\nis in\n" .. text)
end

local function mode_of(path)
  return (shell.run({ "stat", "-c", "%a", path }).stdout:gsub("\n", ""))
end

describe("a notebook", function()
  local folder, ledger

  before_each(function()
    folder = shell.temporary_folder()
    ledger = desk.open "tests/operator/apps/desk"
  end)

  after_each(function()
    ledger:close()
    shell.remove(folder)
  end)

  local function write(name, text)
    shell.write(folder .. "/" .. name, text)
    return folder .. "/" .. name
  end

  local function run(path, ...)
    return ledger:cli("notebook", "run", path, ...)
  end

  --- What the newest run left.
  -- @return its .ipynb decoded, the path of that, and the text of its page
  local function left()
    local id <const> = ledger:newest().id
    local path <const> = ("%s/runs/%s.ipynb"):format(ledger.data, id)
    local page <const> = shell.read(("%s/runs/%s.html"):format(ledger.data, id))
    return json.decode((assert(shell.read(path), "there is no " .. path))), path, page
  end

  local RENAME <const> = [==[
-- %% [markdown]
-- # Rename a thing

-- %% tags=["parameters"]
-- @param name string required "which"
-- @param note string required "what to note"
-- @param times integer default=1
local thing = require("models.items").find(name)
if not thing then
  op.abort("There is no " .. name .. ".")
end

-- %% Note it
db.exec("UPDATE item SET note = ? WHERE id = ?", note, thing.id)
op.table(db.query "SELECT id, name, note FROM item ORDER BY id")
]==]

  it("is a plan first, and saves exactly that with --apply", function()
    local path <const> = write("rename.lua", RENAME)
    local shown <const> = run(path, "-p", "name=ink", "-p", "note=red", "--as", "mina")
    assert.are.equal(0, shown.status, shown.stderr)
    has(shown.stdout, "item: 1 changed")
    has(shown.stdout, "Nothing has been saved yet.")
    assert.are.equal("blue", ledger:sql "SELECT note FROM item WHERE name = 'ink'")
    assert.are.equal("planned", ledger:newest().outcome)

    local applied <const> = run(path, "-p", "name=ink", "-pnote=red", "--apply", "--as", "mina")
    assert.are.equal(0, applied.status, applied.stderr)
    has(applied.stdout, "Saved. Rows changed: 2.") -- the trigger's row, too
    assert.are.equal("red", ledger:sql "SELECT note FROM item WHERE name = 'ink'")
    local entry <const> = ledger:newest()
    assert.are.same({ "notebook", "applied", "mina", 2 }, { entry.kind, entry.outcome, entry.as, entry.rows })
    local whole <const> = ledger:done("audit", "show", entry.id)
    has(whole, "notebook run " .. path .. " -p name=ink -p note=red --apply")
    has(whole, "UPDATE item SET note") -- each cell with its source and what it showed
    has(whole, "한국어 메모")
    ledger:done("audit", "verify")
    assert.are.equal(RENAME, shell.read(path))
  end)

  it("leaves what it showed as a notebook and as a page of its own, for its owner's eyes", function()
    local path <const> = write("show.lua", [==[
-- %% [markdown]
-- # 보고서
-- <script>alert(1)</script>

-- %% Everything
-- @param pin string required secret
print("print", pin)
op.say "said"
op.table { { a = 1, b = "<b>" .. pin .. "</b>" } }
op.chart({ { label = "사과", value = 3 }, { label = "pears", value = 1.5 } }, { title = "Fruit" })
local bar <close> = op.progress(3, "work")
for _ = 1, 3 do
  bar:step()
end

-- %%
#"four" + 1
]==])
    local output <const>, page_path <const> = folder .. "/out.ipynb", folder .. "/out.html"
    local pin <const> = "hush<&>hush7"
    local result <const> = run(path, "-p", "pin=" .. pin, "--output", output, "--html", page_path)
    assert.are.equal(0, result.status, result.stderr)
    has(result.stdout, "사과 ")
    has(result.stdout, "██")
    has(result.stdout, "work: 3 of 3")

    local book <const>, own <const>, page <const> = left()
    notebooks.check(own, output)
    assert.are.same({ "600", "600" }, { mode_of(own), mode_of((own:gsub("ipynb$", "html"))) })
    assert.are.equal(shell.read(own), shell.read(output))
    assert.are.equal(page, shell.read(page_path))
    assert.are.equal(1, book.cells[2].execution_count)
    local kinds <const> = {}
    for index, each in ipairs(book.cells[2].outputs) do
      kinds[index] = each.output_type
    end
    assert.are.same({ "stream", "display_data", "display_data", "display_data" }, kinds)
    has(notebooks.text(book.cells[2].outputs[1].text), "said")
    has(notebooks.text(book.cells[2].outputs[2].data["text/html"]), "<td class=\"number\">1</td>")
    has(notebooks.text(book.cells[2].outputs[3].data["image/svg+xml"]), "사과")
    has(notebooks.text(book.cells[2].outputs[3].data["text/plain"]), "██")
    has(notebooks.text(book.cells[2].outputs[4].data["text/html"]), "<progress value=\"3\" max=\"3\">")
    assert.are.equal("5", notebooks.text(book.cells[3].outputs[1].data["text/plain"]))

    has(page, "<h1>보고서</h1>")
    has(page, "data:image/svg+xml;base64,")
    has(page, "<progress value=\"3\" max=\"3\">")
    lacks(page, "<script")
    lacks(page, "src=\"http")
    for _, text in ipairs { page, shell.read(own), shell.read(ledger.data .. "/audit.db") } do
      lacks(text, pin)
      lacks(text, "hush7")
    end
  end)

  it("becomes a page by Jupyter's own converter, too", function()
    run(write("show.lua", RENAME), "-p", "name=pen", "-p", "note=x")
    local _, own <const> = left()
    local words <const> = {
      notebooks.PYTHON, "-m", "nbconvert", "--to", "html", "--output", folder .. "/page.html", own
    }
    local result <const> = shell.run(words, { environment = { HOME = folder } })
    assert.are.equal(0, result.status, result.stderr)
    local page <const> = shell.read(folder .. "/page.html")
    has(page, "Rename a thing")
    has(page, "한국어 메모")
  end)

  it("stops at the first cell that fails, names its own line, and still leaves its files", function()
    local path <const> = write("fail.lua", [==[
-- %% [markdown]
-- # It fails

-- %% Writes
db.exec "UPDATE item SET note = 'gone' WHERE id = 1"

-- %% Fails
local x = 1
error "enough"

-- %% Is not reached
print "no"
]==])
    local result <const> = run(path, "--apply", "--yes")
    assert.are.equal(1, result.status)
    has(result.stderr, path .. ":9: enough")
    has(result.stderr, "9 | error \"enough\"")
    has(result.stderr, "stopped at cell 3")
    has(result.stderr, "Nothing has been saved.")
    assert.are.equal("", ledger:sql "SELECT note FROM item WHERE id = 1")
    assert.are.equal("failed", ledger:newest().outcome)
    local book <const>, own <const>, page <const> = left()
    notebooks.check(own)
    assert.are.same({ 1, 2, json.null },
      { book.cells[2].execution_count, book.cells[3].execution_count, book.cells[4].execution_count })
    assert.are.equal("error", book.cells[3].outputs[1].output_type)
    assert.are.equal(0, #book.cells[4].outputs)
    has(page, "fail.lua:9: enough")
    has(page, "Nothing has been saved.")
  end)

  it("puts a cell that fails on record for developers, and nothing else of a run", function()
    local path <const> = write("fail.lua", [==[
-- %%
-- @param note string required "what to note"
db.exec("UPDATE item SET note = ? WHERE id = 1", note)
local function deeper(depth) error("enough " .. depth) end

-- %%
local all = db.one("SELECT count(*) AS n FROM item").n
deeper(all + 4)
]==])
    local result <const> = run(path, "-p", "note=grey", "--as", "Ada")
    assert.are.equal(1, result.status)
    local reference <const> = result.stderr:match("recorded as (ERR%-%w+%-%w+)")
    local row <const> = ledger:json("errors", "show", reference)
    assert.are.same({ "notebook", "error", "LuaError", path .. ":4: enough 7", path, "Ada" },
      { row.source, row.level, row.exc_type, row.message, row.script, row.operator })
    assert.are.same({ note = "grey" }, row.args)
    assert.are.equal(4, row.frames[2].line)
    assert.are.equal(7, row.frames[2].locals.depth)
    has(json.encode(row.breadcrumbs), "SELECT count(*) AS n FROM item")

    for code, type in pairs {
      ["return return"] = "SyntaxError", ["db.query 'SELECT nmae FROM item'"] = "db.Error",
      ["local text = 'x' for _ = 1, 60 do text = text .. text end"] = "MemoryExceeded",
    } do
      local failed <const> = run(write("other.lua", "-- %%\n" .. code .. "\n"), "--json")
      assert.are.equal(1, failed.status)
      local known <const> = ledger:json("errors", "show", json.decode(failed.stdout).reference)
      assert.are.same({ "notebook", type }, { known.source, known.exc_type })
      assert.truthy(known.message ~= "" and known.message)
    end
    local before <const> = #ledger:json("errors", "list")
    assert.are.equal(3, run(write("no.lua", "-- %%\nop.abort 'not today'\n")).status)
    assert.are.equal(0, run(write("yes.lua", "-- %%\nprint 'fine'\n")).status)
    assert.are.equal(before, #ledger:json("errors", "list"))
  end)

  it("leaves files that are forgotten after a year, or as the setting says; the audit is not", function()
    local path <const> = write("quick.lua", "-- %%\nprint 'here I am'\n")
    local function files()
      return tonumber(shell.run({ "sh", "-c", 'ls "$1" | wc -l', "sh", ledger.data .. "/runs" }).stdout)
    end
    local function age(days)
      assert.are.equal(0, shell.run({ "sh", "-c", 'touch -d "$1" "$2"/*', "sh", days .. " days ago",
        ledger.data .. "/runs" }).status)
    end
    run(path)
    local first <const> = ledger:newest().id
    shell.write(ledger.data .. "/runs/notes.txt", "somebody's own")
    age(364)
    run(path)
    assert.are.equal(5, files())
    age(366)
    run(path)
    assert.are.equal(3, files()) -- the newest run's, and what is not a run's
    has(ledger:done("audit", "show", first), "here I am")
    age(8)
    ledger:with({ MULLIGAN_RUN_KEEP = "7d" }):cli("notebook", "run", path)
    assert.are.equal(3, files())
    age(9999)
    ledger:with({ MULLIGAN_RUN_KEEP = "0" }):cli("notebook", "run", path)
    assert.are.equal(5, files())
  end)

  it("tells what op.abort() said, with status 3", function()
    local result <const> = run(write("rename.lua", RENAME), "-p", "name=chair", "-p", "note=x", "--apply")
    assert.are.equal(3, result.status)
    has(result.stderr, "There is no chair.")
    assert.are.equal("aborted", ledger:newest().outcome)
    local _, own <const>, page <const> = left()
    notebooks.check(own)
    has(page, "There is no chair.")
  end)

  it("keeps a megabyte of what a cell prints without end, and says so", function()
    local path <const> = write("loud.lua", [==[
-- %%
local line = ("x"):rep(1023)
for _ = 1, 102400 do
  print(line)
end

-- %%
print "and on it goes"
]==])
    local result <const> = run(path)
    assert.are.equal(0, result.status, result.stderr)
    has(result.stderr, "more bytes were printed")
    has(result.stdout, "and on it goes")
    assert.is_true(#result.stdout < 2 << 20)
    local book <const>, own <const> = left()
    notebooks.check(own)
    assert.is_true(#shell.read(own) < 4 << 20)
    has(notebooks.text(book.cells[1].outputs[2].text), "more bytes were printed")
  end)

  it("refuses what it cannot take before anything runs", function()
    local path <const> = write("rename.lua", RENAME)
    local cases <const> = {
      { 2, "needs -p name, -p note" },
      { 2, "-p takes NAME=VALUE, not 'name'", "-p", "name" },
      { 2, "did you mean -p note?", "-p", "name=ink", "-p", "not=x" },
      { 2, "-p times must be a whole number, not \"often\"", "-p", "name=ink", "-p", "note=x", "-p", "times=often" },
      { 2, "-p name is given twice", "-p", "name=ink", "-p", "name=pen", "-p", "note=x" },
      { 2, "ends in .ipynb", "-p", "name=ink", "-p", "note=x", "--output", folder .. "/x.txt" },
      { 2, "ends in .html", "-p", "name=ink", "-p", "note=x", "--html", path },
    }
    for _, case in ipairs(cases) do
      local result <const> = run(path, table.unpack(case, 3))
      assert.are.equal(case[1], result.status, result.stderr)
      has(result.stderr, case[2])
    end
    assert.are.equal(0, #ledger:json("audit", "list"))
    assert.are.equal(2, ledger:cli("notebook", "list", "--apply").status)
    assert.are.equal(2, ledger:cli("notebook", "lost").status)
  end)

  it("that is broken is named with its line", function()
    local cases <const> = {
      ["kind.lua"] = { "-- %% fine\n\n-- %% [markdwn]\n", "kind.lua:3: \"[markdwn]\"" },
      ["param.lua"] = { "-- %%\n\n-- @param a integer maybe\n", "param.lua:3: behind name and type come" },
      ["type.lua"] = { "-- %%\n-- @param a int\n", "type.lua: params[1] (a): type must be string" },
      ["taken.lua"] = { "-- %%\n-- @param apply boolean\n", "taken.lua: params[1] (apply): this name is taken" },
      ["json.ipynb"] = { "{\"cells\": [\n{]}", "json.ipynb: line 2" },
      ["old.ipynb"] = { "{\"nbformat\": 3, \"worksheets\": []}", "old.ipynb: this is nbformat 3" },
      ["cell.ipynb"] = { [[{"nbformat": 4, "cells": [{"cell_type": "code"}]}]], "cell.ipynb: cell 1: its source" },
    }
    for name, case in pairs(cases) do
      local result <const> = run(write(name, case[1]))
      assert.are.equal(1, result.status)
      has(result.stderr, case[2])
    end
    local result <const> = run(write("syntax.lua", "-- %%\nprint 'fine'\n\n-- %%\nlocal x =\n\n-- %%\n"))
    assert.are.equal(1, result.status)
    has(result.stderr, "syntax.lua:")
    has(result.stderr, "stopped at cell 2")
    has(run(folder .. "/none.lua").stderr, "there is no notebook")
  end)

  it("goes from one format to the other and back with every cell, and runs as either", function()
    local source <const> = shell.read(server.source "notebooks/reverse_drop.lua")
    local lua <const>, jupyter <const>, back <const> =
      write("a.lua", source), folder .. "/b.ipynb", folder .. "/c.lua"
    ledger:done("notebook", "convert", lua, jupyter)
    notebooks.check(jupyter)
    ledger:done("notebook", "convert", jupyter, back)
    assert.are.equal(source, shell.read(back))
    assert.are.equal(1, ledger:cli("notebook", "convert", lua, lua).status)
    assert.are.equal(1, ledger:cli("notebook", "convert", lua, folder .. "/x.txt").status)

    local rename <const> = folder .. "/rename.ipynb"
    ledger:done("notebook", "convert", write("rename.lua", RENAME), rename)
    local before <const> = shell.read(rename)
    local result <const> = run(rename, "-p", "name=ink", "-p", "note=red", "--apply")
    assert.are.equal(0, result.status, result.stderr)
    assert.are.equal("red", ledger:sql "SELECT note FROM item WHERE name = 'ink'")
    assert.are.equal(before, shell.read(rename))
    -- What a run left runs again, and does not grow.
    local book <const>, own <const> = left()
    assert.are.equal(0, run(own, "-p", "name=ink", "-p", "note=pink").status)
    assert.are.equal(#book.cells, #(left()).cells)

    -- An .ipynb has no lines that anybody counts: its cells are named.
    ledger:done("notebook", "convert", write("bad.lua", "-- %%\nlocal a = 1\n\n-- %%\n\nerror 'here'\n"), rename)
    has(run(rename).stderr, "rename.ipynb, cell 2:2: here")
  end)

  it("asks for what is missing on a terminal, and for what the plan is confirmed by", function()
    local path <const> = write("rename.lua", RENAME)
    local arguments <const> = ledger:arguments("notebook", "run", path, "--apply")
    local declined <const> = terminal.run(arguments, {
      "expect name> ", "type ink", "expect note> ", "type red", "expect number of rows", "type y",
    })
    assert.are.equal(3, declined.status, declined.shown)
    has(declined.shown, "Nothing has been saved.")
    local result <const> = terminal.run(arguments, {
      "expect name> ", "type ink", "expect note> ", "type red", "expect number of rows", "type 2",
    })
    assert.are.equal(0, result.status, result.shown)
    assert.are.equal("red", ledger:sql "SELECT note FROM item WHERE name = 'ink'")
  end)

  it("that Ctrl-C stops has saved nothing, and says so, with status 130", function()
    local path <const> = write("spin.lua", [==[
-- %%
db.exec "UPDATE item SET note = 'half' WHERE id = 1"
print "spinning"
while true do
end
]==])
    local arguments <const> = ledger:arguments("notebook", "run", path, "--apply", "--yes")
    local result <const> = terminal.run(arguments, { "expect spinning", "interrupt" })
    assert.are.equal(130, result.status, result.shown)
    has(result.shown, "spin.lua:4: interrupted")
    has(result.shown, "Nothing has been saved.")
    assert.are.equal("not_applied", ledger:newest().outcome)
    local _, own <const>, page <const> = left()
    notebooks.check(own)
    has(page, "interrupted")

    local asked <const> = ledger:arguments("notebook", "run", write("rename.lua", RENAME), "--apply", "-p", "name=ink",
      "-p", "note=red")
    local left_alone <const> = terminal.run(asked, { "expect number of rows", "interrupt" })
    assert.are.equal(130, left_alone.status, left_alone.shown)
    has(left_alone.shown, "Nothing has been saved.")
    assert.are.equal("not_applied", ledger:newest().outcome)
    notebooks.check((select(2, left())))
    assert.are.equal("blue", ledger:sql "SELECT note FROM item WHERE name = 'ink'")
  end)

  it("is refused where the rows, or what it found, are others by now", function()
    local path <const> = write("rename.lua", RENAME)
    local arguments <const> = ledger:arguments("notebook", "run", path, "--apply", "-p", "name=ink", "-p", "note=red")
    local changed <const> = terminal.run(arguments, {
      "expect number of rows", "meanwhile " .. ledger:sql_command "UPDATE item SET note = 'sea' WHERE name = 'ink'",
      "type 2",
    })
    assert.are.equal(3, changed.status, changed.shown)
    assert.are.equal("sea", ledger:sql "SELECT note FROM item WHERE name = 'ink'")

    -- The last place went meanwhile: no row of the plan was touched, but its cells would not do it now.
    local guarded <const> = write("guarded.lua", [==[
-- %%
if db.one("SELECT count(*) AS n FROM item").n > 3 then
  op.abort "There is no room."
end
-- %%
db.exec "UPDATE item SET note = 'in' WHERE id = 1"
]==])
    local full <const> = terminal.run(ledger:arguments("notebook", "run", guarded, "--apply"), {
      "expect number of rows", "meanwhile " .. ledger:sql_command "INSERT INTO item (name) VALUES ('lamp')", "type 2",
    })
    assert.are.equal(3, full.status, full.shown)
    has(full.shown, "There is no room.")
    assert.are.equal("refused", ledger:newest().outcome)
    assert.are.equal("", ledger:sql "SELECT note FROM item WHERE id = 1")
  end)

  it("asks its own questions, and keeps to the answers when its cells are run once more", function()
    local path <const> = write("ask.lua", [==[
-- %%
local yes = op.confirm("Paint it?", "paint")
-- %%
db.exec("UPDATE item SET note = ? WHERE id = 1", yes and "painted" or "plain")
]==])
    local lamps = 0
    local function answer(text)
      lamps = lamps + 1
      return terminal.run(ledger:arguments("notebook", "run", path, "--apply"), {
        "expect Paint it?", "type " .. text, "expect number of rows",
        "meanwhile " .. ledger:sql_command(("INSERT INTO item (name) VALUES ('lamp %d')"):format(lamps)), "type 2",
      })
    end
    local declined <const> = answer "no"
    assert.are.equal(0, declined.status, declined.shown)
    assert.are.equal("plain", ledger:sql "SELECT note FROM item WHERE id = 1")
    local painted <const> = answer "paint"
    assert.are.equal(0, painted.status, painted.shown)
    assert.are.equal("painted", ledger:sql "SELECT note FROM item WHERE id = 1")
  end)

  it("tells nobody its secrets when it fails", function()
    local path <const> = write("secret.lua", "-- %%\n-- @param pin string required secret\nerror('not ' .. pin)\n")
    local result <const> = run(path, "-p", "pin=hush hush 7", "--json")
    assert.are.equal(1, result.status)
    local _, own <const>, page <const> = left()
    local audit <const> = shell.read(ledger.data .. "/audit.db")
    local row <const> = ledger:done("errors", "show", json.decode(result.stdout).reference, "--json")
    for _, text in ipairs { result.stdout, result.stderr, page, shell.read(own), audit, row } do
      lacks(text, "hush hush")
    end
    has(page, "not [scrubbed]")
  end)

  it("leaves a plan that can be applied later", function()
    local plan <const> = ledger:json("notebook", "run", write("rename.lua", RENAME), "-p", "name=ink", "-p", "note=red")
    assert.are.equal("planned", plan.outcome)
    notebooks.check(plan.notebook)
    ledger:sql "INSERT INTO item (name) VALUES ('lamp')" -- so that its cells are run once more
    assert.are.equal("applied", ledger:json("plan", "apply", plan.plan).outcome)
    assert.are.equal("red", ledger:sql "SELECT note FROM item WHERE name = 'ink'")
  end)

  it("goes back a cell at the prompt, as if that had not been run", function()
    local path <const> = write("steps.lua", [==[
-- %% [markdown]
-- # Steps
-- %% One
db.exec "INSERT INTO item (name) VALUES ('one')"
print("items", db.one("SELECT count(*) AS n FROM item").n)
-- %% [markdown]
-- between
-- %% Two
db.exec "INSERT INTO item (name) VALUES ('two')"
print("items", db.one("SELECT count(*) AS n FROM item").n)
-- %% Three
print "three"
]==])
    local result <const> = terminal.run(ledger:arguments("repl"), {
      "expect ops> ", "type :notebook " .. path,
      "expect # Steps", "expect [2] One", "expect q quits", "keys \\n", "expect items\t4",
      "expect between", "expect [4] Two", "expect q quits", "type x", "expect none of Enter", "expect q quits",
      "keys \\n", "expect items\t5", "expect [5] Three", "expect q quits", "type b",
      "expect between", "expect [4] Two", "expect q quits", "type b",
      "expect # Steps", "expect [2] One", "expect q quits", "type b", -- there is none before it
      "expect # Steps", "expect [2] One", "expect q quits", "keys \\n", "expect items\t4",
      "expect [4] Two", "expect q quits", "keys \\n", "expect items\t5",
      "expect [5] Three", "expect q quits", "keys \\n", "expect three",
      "expect item: 2 new", "expect number of rows", "type 2", "expect Saved. Rows changed: 2.",
      "expect ops> ", "type :undo", "expect number of rows", "type 2", "expect Saved. Rows changed: 2.",
      "expect ops> ", "type :notebook " .. path, "expect q quits", "keys \\n", "expect [4] Two", "expect q quits",
      "type q", "expect Nothing has been saved.", "expect ops> ", "end",
    }, { environment = { TERM = "xterm", NO_COLOR = "1", XDG_STATE_HOME = folder } })
    assert.are.equal(0, result.status, result.shown)
    assert.are.equal("3", ledger:sql "SELECT count(*) FROM item")
    local runs <const> = ledger:json("audit", "list")
    assert.are.same({ "not_confirmed", "applied", "applied" }, { runs[1].outcome, runs[2].outcome, runs[3].outcome })
    assert.are.same({ "notebook", "undo", "notebook" }, { runs[1].kind, runs[2].kind, runs[3].kind })
  end)

  it("saves nothing from a prompt without a terminal", function()
    local path <const> = write("rename.lua", RENAME)
    local result <const> = ledger:cli("repl", "-e", ":notebook " .. path .. " name=ink note=red")
    assert.are.equal(0, result.status, result.stderr)
    has(result.stdout, "item: 1 changed")
    has(result.stdout, "To save this: mulligan notebook run")
    assert.are.equal("blue", ledger:sql "SELECT note FROM item WHERE name = 'ink'")
    assert.are.equal(1, ledger:cli("repl", "-e", ":notebook " .. path .. " name=ink").status)
  end)

  it("at the prompt is stopped by Ctrl-C, and the prompt is not", function()
    local path <const> = write("spin.lua", "-- %%\nprint 'spinning'\nwhile true do end\n")
    local result <const> = terminal.run(ledger:arguments("repl"), {
      "expect ops> ", "type :notebook " .. path, "expect q quits", "keys \\n", "expect spinning", "interrupt",
      "expect Nothing has been saved.", "expect ops> ", "type :notebook steps", "expect there is no notebook steps",
      "expect ops> ", "type :notebook " .. path .. " oops", "expect NAME=VALUE",
      "expect ops> ", "type 20 + 3", "expect 23", "expect ops> ", "end",
    }, { environment = { TERM = "xterm", NO_COLOR = "1", XDG_STATE_HOME = folder } })
    assert.are.equal(0, result.status, result.shown)
  end)
end)
