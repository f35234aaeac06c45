--- `mulligan log` and the file it shows: the end of the log across its rotations, in either form, and what comes next.
local client = require "support.client"
local json = require "mulligan.json"
local server = require "support.server"
local shell = require "support.shell"
local terminal = require "support.terminal"

--- A route that logs as many lines as it is asked for.
local CHATTY <const> = [[
local log = require "mulligan.log"
local route = require "mulligan.route"

route.get("/chatter/{from:int}/{to:int}/", function(req)
  for number = req.params.from, req.params.to do
    log.info(("chatter %d %s"):format(number, ("~"):rep(60)))
  end
  log.warning('a "quoted"\nword')
  return 200, { fine = true }
end)
]]

describe("mulligan log", function()
  local folder, path

  before_each(function()
    folder = shell.temporary_folder()
    path = folder .. "/data/logs/mulligan.log"
  end)

  after_each(function()
    shell.remove(folder)
  end)

  --- A plain line of the log, as the host writes it.
  local function line(number, level)
    return ("2021-11-13 23:59:%02d,123 %s: line %d (g1)\n"):format(number % 60, level or "INFO", number)
  end

  local function lines(first, last)
    local list <const> = {}
    for number = first, last do
      list[#list + 1] = line(number)
    end
    return table.concat(list)
  end

  local function log(...)
    return server.run({ "log", "--data", folder .. "/data", "--scripts", folder .. "/none", ... }, {
      environment = { TZ = "Asia/Seoul", LC_ALL = "C.UTF-8" },
    })
  end

  --- What `log …` prints; it must end well.
  local function shown(...)
    local result <const> = log(...)
    assert.are.equal(0, result.status, result.stderr)
    assert.are.equal("", result.stderr)
    return result.stdout
  end

  it("names the file that is not there, in the operator's language", function()
    local result <const> = log()
    assert.are.equal(1, result.status)
    assert.are.equal("", result.stdout)
    assert.is_truthy(result.stderr:find("there is no log at " .. path, 1, true), result.stderr)
    local korean <const> = server.run({ "log", "--follow", "--data", folder }, {
      environment = { LC_ALL = "ko_KR.UTF-8" },
    })
    assert.are.equal(1, korean.status)
    assert.is_truthy(korean.stderr:find("로그가 없습니다", 1, true), korean.stderr)
  end)

  it("refuses what it does not understand", function()
    shell.write(path, line(1))
    for _, arguments in ipairs {
      { "--lines", "many" }, { "--lines", "-1" }, { "--lines", "" }, { "--level", "loud" }, { "today" }, { "--wrong" },
    } do
      local result <const> = log(table.unpack(arguments))
      assert.are.equal(2, result.status, arguments[1])
      assert.is_truthy(result.stderr:find(arguments[#arguments]:gsub("^%-%-", ""), 1, true), result.stderr)
    end
  end)

  it("shows the last lines, from older files where it needs them", function()
    shell.write(path, lines(201, 205))
    shell.write(path .. ".1", lines(101, 200))
    shell.write(path .. ".2", lines(1, 100))
    assert.are.equal(lines(106, 205), shown())
    assert.are.equal(lines(203, 205), shown("--lines", "3"))
    assert.are.equal(lines(201, 205), shown("--lines", "5"))
    assert.are.equal(lines(200, 205), shown("--lines", "6"))
    assert.are.equal(lines(99, 205), shown("--lines", "107"))
    assert.are.equal(lines(1, 205), shown("--lines", "100000"))
    assert.are.equal("", shown("--lines", "0"))
    os.remove(path) -- in the middle of a rotation, or taken away
    assert.are.equal(lines(199, 200), shown("--lines", "2"))
  end)

  it("finds the last lines of a long file, and of long lines", function()
    local long <const> = {}
    for number = 1, 60 do
      long[number] = ("2021-11-13 23:59:00,123 INFO: %d %s (g1)\n"):format(number, ("~"):rep(15000))
    end
    shell.write(path, line(1) .. table.concat(long) .. line(2))
    assert.are.equal(table.concat(long, "", 21) .. line(2), shown("--lines", "41"))
    assert.are.equal(line(1) .. table.concat(long) .. line(2), shown())
    shell.write(path, ("x"):rep(700000) .. "\n" .. line(3))
    assert.are.equal(line(3), shown("--lines", "1"))
  end)

  it("picks a level and above, plain or JSON", function()
    local object <const> = '{"time":"2021-11-13T14:59:03.123456Z","level":"error","message":"a \\"b\\"\\n",'
      .. '"file":"c.lua","line":4,"request_id":"ab12","generation":2,"pid":77}\n'
    local plain <const> = '2021-11-13 23:59:03,123 ERROR: a "b"\\n [in c.lua:4] (ab12, g2)\n'
    shell.write(path .. ".1", line(1, "ERROR") .. line(2) .. line(3, "WARNING"))
    shell.write(path, line(4, "DEBUG") .. object .. line(6))
    assert.are.equal(line(3, "WARNING") .. plain, shown("--level", "warning", "--lines", "2"))
    assert.are.equal(line(1, "ERROR") .. plain, shown("--level", "ERROR"))
    assert.are.equal(line(2) .. line(3, "WARNING") .. plain .. line(6), shown("--level", "info", "--lines", "4"))
  end)

  it("prints objects with the same keys, whatever the file's form", function()
    shell.write(path, "2021-11-13 23:59:03,123 ERROR: it (broke) [here] [in scripts/a.lua:42] (6f1d-2c, g12)\n"
      .. "2021-11-13 23:59:04,000 INFO: served (ok)\n"
      .. '{"time":"2021-11-13T14:59:05.123456Z","level":"debug","message":"한글","generation":3,"pid":77}\n')
    assert.are.same({
      {
        time = "2021-11-13T14:59:03.123000Z", level = "error", message = "it (broke) [here]", file = "scripts/a.lua",
        line = 42, request_id = "6f1d-2c", generation = 12,
      },
      { time = "2021-11-13T14:59:04.000000Z", level = "info", message = "served (ok)" },
      { time = "2021-11-13T14:59:05.123456Z", level = "debug", message = "한글", generation = 3, pid = 77 },
    }, json.decode(shown("--json")))
    assert.are.equal("[]\n", shown("--json", "--lines", "0"))
  end)

  it("lets nothing of somebody else's line reach the terminal or break the JSON", function()
    shell.write(path, 'odd \27[31m\0 "\\ \xFF\n{"level":"error"}\n2021-11-13 23:59:04,000 INFO: \27]0;x\7 (g1)\n'
      .. "without its end")
    assert.are.equal('odd \\x1b[31m  "\\ \\xff\n{"level":"error"}\n'
      .. "2021-11-13 23:59:04,000 INFO: \\x1b]0;x\\x07 (g1)\nwithout its end\n", shown())
    local messages <const> = {}
    for index, object in ipairs(json.decode(shown("--json"))) do
      messages[index] = object.message
    end
    assert.are.same({ 'odd \27[31m  "\\ \\xff', '{"level":"error"}', "\27]0;x\7", "without its end" }, messages)
    assert.are.equal("", shown("--level", "warning"))
  end)

  it("follows through rotations, removal and replacement, until Ctrl-C", function()
    shell.write(path, lines(1, 3))
    local add <const> = "meanwhile printf '2021-11-13 23:59:00,123 WARNING: line %s (g1)\\n' "
    local quoted <const> = shell.quote(path)
    local result <const> = terminal.run({ "log", "--follow", "--lines", "2", "--data", folder .. "/data" }, {
      "expect line 3 (g1)",
      add .. "4 >>" .. quoted,
      "expect line 4 (g1)",
      -- rotated twice at once, each file with lines nobody has seen yet
      add .. "5 >>" .. quoted,
      "meanwhile mv " .. quoted .. " " .. quoted .. ".2",
      add .. "6 >" .. quoted .. ".1",
      add .. "7 >" .. quoted,
      "expect line 5 (g1)", "expect line 6 (g1)", "expect line 7 (g1)",
      "meanwhile rm " .. quoted,
      add .. "8 >" .. quoted,
      "expect line 8 (g1)",
      add .. "9 >" .. quoted .. ".new; mv " .. quoted .. ".new " .. quoted, -- replaced
      "expect line 9 (g1)",
      "meanwhile : >" .. quoted, -- cut
      add .. "10 >>" .. quoted,
      "expect line 10 (g1)",
      "meanwhile printf '2021-11-13 23:59:00,123 ERROR: in two' >>" .. quoted,
      "meanwhile printf ' parts (g1)\\n' >>" .. quoted,
      "expect in two parts (g1)",
      "interrupt",
    }, { environment = { NO_COLOR = "1" } })
    assert.are.equal(130, result.status)
    local seen <const> = {}
    for number in result.shown:gmatch "line (%d+) %(g1%)" do
      seen[#seen + 1] = tonumber(number)
    end
    assert.are.same({ 2, 3, 4, 5, 6, 7, 8, 9, 10 }, seen)
    local _, times = result.shown:gsub("in two", "")
    assert.are.equal(1, times)
  end)

  it("colours levels on a terminal alone", function()
    shell.write(path, line(1, "ERROR") .. line(2, "WARNING") .. line(3))
    local arguments <const> = { "log", "--data", folder .. "/data" }
    local result <const> = terminal.run(arguments, { "expect line 3" })
    assert.is_truthy(result.shown:find("23:59:01,123 \27[31mERROR\27[0m: line 1 (g1)\n", 1, true), result.shown)
    assert.is_nil(terminal.run(arguments, { "expect line 3" }, { environment = { NO_COLOR = "1" } }).shown:find "\27")
    assert.is_nil(shown():find "\27")
  end)

  describe("of a running host", function()
    local host

    after_each(function()
      if host then
        host:forget()
        host = nil
      end
    end)

    local function start(environment)
      shell.write(folder .. "/scripts/routes/chatty.lua", CHATTY)
      host = server.start { scripts = folder .. "/scripts", data = folder .. "/data", env = environment }
    end

    local function chatter(first, last)
      assert.are.equal(200, client.get(host, ("/chatter/%d/%d/"):format(first, last)).status)
    end

    --- All that the files have, the oldest first; each at most `most` bytes.
    local function files_text(most)
      local list <const> = { shell.read(path) }
      while shell.read(path .. "." .. #list) do
        table.insert(list, 1, shell.read(path .. "." .. #list))
      end
      for _, text in ipairs(list) do
        assert.is_true(#text <= most, #text .. " bytes in a file of at most " .. most)
      end
      return table.concat(list), #list
    end

    it("has a file that says what standard error says, and is followed through its rotations", function()
      start { MULLIGAN_LOG_SIZE = "10240", MULLIGAN_LOG_FILES = "100" }
      local first <const> = host:log()
      assert.is_truthy(first:find("INFO: mulligan %S+ %(production%) serves %S+/scripts, generation 1, on "
        .. "127.0.0.1 port " .. host.port .. ", data in %S+ %(g1%)\n"), first)
      local out <const> = folder .. "/out"
      local pipe <const> = assert(io.popen(("sh -c %s"):format(shell.quote(
        ("%s log --follow --lines 0 --data %s >%s & echo $!; wait $!; echo $?"):format(
          shell.quote(server.binary()), shell.quote(folder .. "/data"), shell.quote(out))))))
      local pid <const> = assert(pipe:read("l"))
      host:eventually("mulligan log follows", function()
        chatter(0, 0)
        return shell.read(out) ~= ""
      end)
      local before <const> = #host:log()
      for round = 0, 19 do
        chatter(round * 50 + 1, round * 50 + 50)
      end
      local said <const> = host:log():sub(before + 1)
      host:eventually("every line is shown", function()
        return (shell.read(out) or ""):sub(-#said) == said
      end)
      assert.is_nil(shell.read(out):find("serves", 1, true))
      os.execute("kill -INT " .. pid)
      assert.are.equal("130", pipe:read("l"))
      pipe:close()
      local numbers = 0
      for number in said:gmatch "INFO: chatter (%d+) ~+ %[in %S-routes/chatty.lua:6%] %(%w+, g1%)\n" do
        numbers = numbers + 1
        assert.are.equal(numbers, tonumber(number))
      end
      assert.are.equal(1000, numbers)
      assert.is_truthy(said:find('WARNING: a "quoted"\\nword [in ', 1, true))
      host:stop()
      local text <const>, count = files_text(10240)
      assert.is_true(count > 10, count .. " files")
      assert.are.equal(host:log() == "" and text or host:log(), text)
      local shown_again <const> = shown("--lines", "100000")
      assert.are.equal(text, shown_again)
    end)

    it("goes on in a new file when HUP says that the old one was moved, and by itself when nobody does", function()
      start()
      assert(os.rename(path, path .. ".moved"))
      host:signal "HUP"
      host:eventually("the new file is there", function()
        return shell.read(path)
      end)
      chatter(1, 1)
      assert.is_truthy(shell.read(path):find("chatter 1 ", 1, true))
      local moved <const> = shell.read(path .. ".moved")
      assert.is_truthy(moved:find("serves", 1, true))
      assert.are.equal(host:log(), moved .. shell.read(path))

      assert(os.remove(path))
      host:eventually("a removed one is made anew", function()
        chatter(2, 2)
        return (shell.read(path) or ""):find("chatter 2 ", 1, true)
      end)
      shell.remove(folder .. "/data/logs")
      host:eventually("with its folder", function()
        chatter(3, 3)
        return (shell.read(path) or ""):find("chatter 3 ", 1, true)
      end)
      host:stop()
    end)

    it("writes one object a line where log_format says so, to standard error as well", function()
      start { MULLIGAN_LOG_FORMAT = "json" }
      chatter(1, 1)
      local text <const> = host:log()
      assert.are.equal(text, shell.read(path))
      local objects <const> = {}
      for object in text:gmatch "([^\n]*)\n" do
        objects[#objects + 1] = json.decode(object)
        assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%d%d%d%dZ$", objects[#objects].time)
        assert.are.equal(host.pid, objects[#objects].pid)
        assert.are.equal(1, objects[#objects].generation)
      end
      local start_line <const>, warning <const> = objects[1], objects[#objects]
      assert.are.equal("info", start_line.level)
      assert.is_nil(start_line.file)
      assert.are.equal("warning", warning.level)
      assert.are.equal('a "quoted"\nword', warning.message)
      assert.matches("routes/chatty.lua$", warning.file)
      assert.are.equal(8, warning.line)
      assert.matches("^%w+$", warning.request_id)
      assert.are.equal(warning.request_id, json.decode(shown("--json", "--lines", "1"))[1].request_id)
      host:stop()
    end)

    it("does not start on a log that it cannot write", function()
      shell.write(folder .. "/data/logs/elsewhere", "")
      assert(os.execute("ln -s elsewhere " .. shell.quote(path)))
      local result <const> = server.run { "serve", "--port", "0", "--data", folder .. "/data", "--scripts", folder }
      assert.are.equal(1, result.status)
      assert.is_truthy(result.stderr:find(path .. ": it is a symbolic link", 1, true), result.stderr)
      assert.are.equal("", shell.read(folder .. "/data/logs/elsewhere"))
    end)
  end)

  it("is there when the settings are broken", function()
    shell.write(path, line(1))
    shell.write(folder .. "/scripts/settings.lua", "return {")
    local result <const> = server.run { "log", "--data", folder .. "/data", "--scripts", folder .. "/scripts" }
    assert.are.equal(0, result.status, result.stderr)
    assert.are.equal(line(1), result.stdout)
  end)
end)
