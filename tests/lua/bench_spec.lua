--- What the benchmark makes of its measurements. Nothing is measured here.
local answers = require "bench.answers"
local figures = require "bench.figures"
local json = require "mulligan.json"
local report = require "bench.report"
local scenarios = require "bench.scenarios"
local shell = require "support.shell"

local SOURCE <const> = assert(os.getenv("MULLIGAN_SOURCE"), "MULLIGAN_SOURCE is not set; run the tests through CTest")

local MACHINE <const> = {
  cpu = "A Processor", cores = 2, memory = 8, system = "Debian GNU/Linux 12", kernel = "Linux 6.1",
  versions = { { "Lua", "5.4.4" }, { "nginx", "1.22.1" } },
}

local function cell(server, rate, ratio)
  return {
    server = server, rates = { rate }, p50s = { 0.4 }, p99s = { 12 }, costs = { 21.4 },
    rate = rate, p50 = 0.4, p99 = 12, cost = 21.4, ratio = ratio,
  }
end

local function measured()
  return {
    machine = MACHINE, quick = false, rounds = 5, seconds = 4, failures = json.array {},
    results = {
      {
        name = "small", title = "A small JSON answer", connections = 32,
        cells = { cell("host", 44012), cell("civetweb", 57400, 0.767), cell("drf", 741, 59.4) },
        goals = {
          { peer = "civetweb", at_least = 0.85, value = 0.767, reached = false },
          { peer = "drf", at_least = 20, value = 59.4, reached = true },
        },
      },
      {
        name = "memory", title = "Memory",
        figures = {
          { name = "Memory at rest", value = 11.34, unit = "MiB", goal = { at_most = 48 } },
          { name = "Growth", value = 3, unit = "MiB", goal = { at_most = 1 }, detail = "20 MiB, 23 MiB" },
        },
      },
    },
  }
end

describe("the benchmark's figures", function()
  it("have a median that one wild round does not move", function()
    assert.equal(5, figures.median { 5, 900, 4 })
    assert.equal(4.5, figures.median { 900, 4, 5, 1 })
    assert.is_nil(figures.median {})
    local list <const> = { 3, 1, 2 }
    figures.median(list)
    assert.same({ 3, 1, 2 }, list)
  end)

  it("have a ratio made round by round, so that a slow spell of the machine falls out", function()
    -- The second round was ten times slower for both; the medians alone would say 100 / 50.
    assert.equal(2, figures.ratio({ 100, 10, 120 }, { 50, 5, 60 }))
    assert.equal(1, figures.ratio({ 100, 10, 1 }, { 100, 5, 60 }))
    assert.is_nil(figures.ratio({ 100 }, { 0 }))
    assert.is_nil(figures.ratio({ 100, 100 }, { 50 }))
  end)

  it("are written with the digits that mean something", function()
    for value, text in pairs {
      [0.7666] = "0.77", [9.994] = "9.99", [9.996] = "10.0", [26.34] = "26.3", [99.96] = "100", [161.2] = "161",
      [1234.6] = "1,230", [52349] = "52,300", [1000000] = "1,000,000", [0] = "0.00",
    } do
      assert.equal(text, figures.text(value))
    end
    assert.equal("-", figures.text(nil))
  end)

  it("are held against their goals in plain words", function()
    assert.equal("falls short of 0.85", figures.verdict({ at_least = 0.85 }, 0.849))
    assert.equal("goal at least 0.85", figures.verdict({ at_least = 0.85 }, 0.85))
    assert.equal("over 48 MiB", figures.verdict({ at_most = 48 }, 48.1, "MiB"))
    assert.equal("goal at most 48 MiB", figures.verdict({ at_most = 48 }, 48, "MiB"))
  end)
end)

describe("the benchmark's report", function()
  it("says for the README what was measured, where, how, and what falls short", function()
    assert.equal([[
A Processor, 2 cores, 8 GiB; Debian GNU/Linux 12, Linux 6.1; Lua 5.4.4, nginx 1.22.1.
Medians of 5 rounds of 4 seconds; wrk with 2 threads and 32 connections, on the same cores as the servers.

Answers a second (in brackets: Mulligan's, as a multiple of it):

|  | Mulligan | bare C handler | nginx + Lua | Flask | DRF | goal |
| --- | --- | --- | --- | --- | --- | --- |
| A small JSON answer | 44,000 | 57,400 (0.77) |  |  | 741 (59.4) | ]]
      .. [[0.77 of bare C handler: falls short of 0.85; 59.4 of DRF: goal at least 20 |

Milliseconds until the answer, half of the requests / 99 of 100:

|  | Mulligan | bare C handler | nginx + Lua | Flask | DRF |
| --- | --- | --- | --- | --- | --- |
| A small JSON answer | 0.40 / 12.0 | 0.40 / 12.0 |  |  | 0.40 / 12.0 |

Microseconds of processor time that an answer takes the server:

|  | Mulligan | bare C handler | nginx + Lua | Flask | DRF |
| --- | --- | --- | --- | --- | --- |
| A small JSON answer | 21.4 | 21.4 |  |  | 21.4 |

Other figures:

|  | figure | measured | goal |
| --- | --- | --- | --- |
| Memory at rest | 11.3 MiB |  | goal at most 48 MiB |
| Growth | 3.00 MiB | 20 MiB, 23 MiB | over 1 MiB |
]], report.markdown(measured()))
  end)

  it("stands in columns in a terminal", function()
    local text <const> = report.text(measured())
    local head <const> = text:match("\n([^\n]*bare C handler[^\n]*)\n")
    local row <const> = text:match("\n([^\n]*57,400[^\n]*)\n")
    assert.equal(head:find("bare C", 1, true), row:find("57,400", 1, true))
    assert.equal(head:find("DRF", 1, true), row:find("741", 1, true))
  end)

  it("is whole as JSON", function()
    local all <const> = assert(json.decode(report.json(measured())))
    assert.equal(57400, all.results[1].cells[2].rate)
    assert.equal(12, all.results[1].cells[2].p99)
    assert.is_false(all.results[1].goals[1].reached)
    assert.equal("MiB", all.results[2].figures[1].unit)
    assert.equal(0, #all.failures)
  end)

  it("names what was answered wrongly", function()
    local all <const> = measured()
    all.failures[1] = "row: flask: wrong answer to GET /row/500/: status 500 instead of 200"
    assert.match("WRONG: row: flask: wrong answer", report.text(all), 1, true)
    assert.match("WRONG: row: flask: wrong answer", report.markdown(all), 1, true)
  end)
end)

describe("the benchmark's answers", function()
  it("are the same only if all of their JSON is", function()
    local ours <const> = { id = 1, list = { { name = "a", at = json.null } } }
    assert.is_nil(answers.difference(ours, { list = { { at = json.null, name = "a" } }, id = 1 }, "body"))
    assert.equal('body.list.1.name is "b", not "a"',
      answers.difference(ours, { id = 1, list = { { name = "b", at = json.null } } }, "body"))
    assert.equal("body.list.1.at is absent, not null",
      answers.difference(ours, { id = 1, list = { { name = "a" } } }, "body"))
    assert.equal("body.more is there",
      answers.difference(ours, { id = 1, more = true, list = { { name = "a", at = json.null } } }, "body"))
  end)

  local function load_result(status, timeout)
    return { requests = 100, errors = { connect = 0, read = 0, write = 0, status = status, timeout = timeout } }
  end

  it("are wrong under load if a single one has another status, or did not come", function()
    answers.check_load({ name = "host" }, load_result(0, 0), 200)
    answers.check_load({ name = "host" }, load_result(100, 0), 500)
    assert.has_error(function()
      answers.check_load({ name = "host" }, load_result(1, 0), 200)
    end, "host: 1 answers of 400 or above instead of 0, in 100 answers")
    assert.has_error(function()
      answers.check_load({ name = "host" }, load_result(99, 0), 500)
    end, "host: 99 answers of 400 or above instead of 100, in 100 answers")
    assert.has_error(function()
      answers.check_load({ name = "drf" }, load_result(0, 2), 200)
    end, "drf: 2 timeout errors instead of 0, in 100 answers")
  end)
end)

describe("the benchmark", function()
  local function driver(...)
    return shell.run({ "lua5.4", "tests/bench/driver.lua", "--work", "none", ... }, { folder = SOURCE })
  end

  it("refuses what it does not know, by name, before it starts anything", function()
    local result = driver("--only", "small,smal")
    assert.equal(2, result.status)
    assert.match("there is no scenario 'smal'; there are: small, row", result.stderr, 1, true)
    result = driver("--rounds", "many")
    assert.equal(2, result.status)
    assert.match("--rounds takes a whole number from 1 to 3600, not 'many'", result.stderr, 1, true)
    result = driver("--fast")
    assert.equal(2, result.status)
    assert.match("'--fast' is no option", result.stderr, 1, true)
  end)

  it("lists its scenarios, all of them or those that a quick run takes", function()
    local all <const> = driver("--list")
    assert.equal(0, all.status, all.stderr)
    for _, name in ipairs(scenarios) do
      assert.match("\n" .. name .. " ", "\n" .. all.stdout, 1, true)
    end
    local quick <const> = driver("--list", "--quick")
    assert.match("always_500 ", quick.stdout, 1, true)
    assert.is_nil(quick.stdout:find("always_500_whole", 1, true))
  end)

  it("explains itself", function()
    local result <const> = shell.run({ SOURCE .. "/tests/bench/run", "--help" })
    assert.equal(0, result.status, result.stderr)
    for _, option in ipairs { "--quick", "--only", "--list", "--markdown", "--json", "--rounds", "--seconds" } do
      assert.match(option, result.stdout, 1, true)
    end
  end)
end)

describe("the benchmark's scenarios", function()

  it("are all in the list, and say what they must", function()
    local listed <const> = {}
    for _, name in ipairs(scenarios) do
      local scenario <const> = require("bench.scenarios." .. name)
      assert.equal(name, scenario.name)
      assert.is_string(scenario.title)
      assert.is_true((scenario.measure == nil) ~= (scenario.requests == nil), name .. " measures, or has requests")
      for index, server in ipairs(scenario.servers or {}) do
        assert.is_function(require("bench.servers." .. server).start)
        assert.equal(index == 1, server == "host")
      end
      listed[name .. ".lua"] = true
    end
    local pipe <close> = assert(io.popen("ls " .. shell.quote(SOURCE .. "/tests/bench/scenarios")))
    for file in pipe:lines() do
      assert.is_true(listed[file], file .. " is not in scenarios.lua")
    end
  end)
end)
