--- The benchmark: takes the scenarios one after the other, measures each, and prints what came of it.
--
-- Started by tests/bench/run, in the project's folder, with `--work FOLDER`; the other options stand there.
--
-- A new scenario is a file in scenarios/ and its name in scenarios.lua, which has the order of the table. The file
-- returns a table with
--
--    name       what --only takes; the file's name
--    title      what the table calls it
--    full_only  true: left out of a quick run that does not name it
--
-- and then one of two things. A scenario of load puts the same requests to several servers, in turn, round after round:
--
--    world      the data that it runs on, a name in worlds.lua
--    servers    names of files in servers/, "host" first: it gives the answer that the others are held to
--    requests   function(world): a list of { method, path, headers, body } as of support.client; sent in turn
--    numbers    function(world): nil, or { first, last }: `{n}` in a path goes from the first number to the last, one
--               up whenever the list of requests is through, so that no request is ever sent twice
--    status     what each answer must be, 200 unless given
--    same       function(value): an answer's JSON without what differs from one answer to the next, such as a token
--    connections   32 unless given
--    settings   by server's name, variables that it is started with for this scenario alone, or nil
--    goals      a list of { peer = "civetweb", at_least = 0.85 }: the host's answers a second as a multiple of theirs
--    finish     function(run, world, server, answered), after the last round: more checks; raises what is wrong
--
-- Any other scenario measures what it likes:
--
--    measure    function(run): a list of { name, value, unit, goal, detail }, goal being nil, { at_least = … } or
--               { at_most = … }, detail a text or nil; run_context.lua says what run does: run:world(), run:start(),
--               run:load(), run.quick, run.rounds, run.seconds
--
-- A wrong answer is raised, as a text without a place: error(text, 0). The other scenarios go on then, and the run ends
-- with status 1, naming it. A figure is never raised.

local json = require "bench.json"
package.preload["mulligan.json"] = function()
  return json
end
package.preload["support.multipart"] = function()
  return {} -- support.client names it; nothing here sends such a body
end

local machine = require "bench.machine"
local report = require "bench.report"
local Run = require "bench.run_context"

local LIST <const> = require "bench.scenarios"

local function fail(text)
  io.stderr:write("tests/bench/run: ", text, "\n")
  os.exit(2)
end

local function number_option(name, text)
  local value <const> = math.tointeger(tonumber(text or ""))
  if not value or value < 1 or value > 3600 then
    fail(("%s takes a whole number from 1 to 3600, not '%s'"):format(name, text or ""))
  end
  return value
end

local function names_option(text)
  local names <const> = {}
  for name in (text or ""):gmatch("[^,]+") do
    names[#names + 1] = name
  end
  if #names == 0 then
    fail("--only takes names, separated by commas; --list shows them")
  end
  return names
end

local function read_options(words)
  local options <const> = {}
  local at = 1
  local function value()
    at = at + 1
    return words[at]
  end
  while words[at] do
    local word <const> = words[at]
    if word == "--quick" or word == "--json" or word == "--markdown" or word == "--list" then
      options[word:sub(3)] = true
    elseif word == "--rounds" or word == "--seconds" then
      options[word:sub(3)] = number_option(word, value())
    elseif word == "--only" then
      options.only = names_option(value())
    elseif word == "--work" then
      options.work = value()
    else
      fail(("'%s' is no option; --help shows them"):format(word))
    end
    at = at + 1
  end
  if options.json and options.markdown then
    fail("--json or --markdown, not both")
  end
  options.rounds = options.rounds or (options.quick and 1 or 5)
  options.seconds = options.seconds or (options.quick and 1 or 3)
  return options
end

local function choose(options)
  local wanted <const> = {}
  for _, name in ipairs(options.only or {}) do
    wanted[name] = true
  end
  local chosen <const> = {}
  for _, name in ipairs(LIST) do
    local scenario <const> = require("bench.scenarios." .. name)
    if wanted[name] or (not options.only and not (options.quick and scenario.full_only)) then
      chosen[#chosen + 1] = scenario
    end
    wanted[name] = nil
  end
  local unknown <const> = next(wanted)
  if unknown then
    fail(("there is no scenario '%s'; there are: %s"):format(unknown, table.concat(LIST, ", ")))
  end
  return chosen
end

local options <const> = read_options(arg)
local scenarios <const> = choose(options)
if options.list then
  for _, scenario in ipairs(scenarios) do
    print(("%-22s %s"):format(scenario.name, scenario.title))
  end
  return
end

-- What was raised as a text without a place is a wrong answer or a server that does not start; anything else is a
-- mistake in here, of which the stack tells.
local function describe(message)
  local said <const> = type(message) == "string" and not message:find("^[%w%./_]+%.lua:%d+:")
  return said and message or debug.traceback(message)
end

local run <const> = Run.new(options)
local results <const>, failures <const> = {}, {}
for _, scenario in ipairs(scenarios) do
  local measured <const>, what <const> = xpcall(run.scenario, describe, run, scenario)
  if not measured and what:find("interrupted!", 1, true) then -- Ctrl-C, as lua5.4 raises it
    run:forget()
    os.exit(130, true)
  elseif measured then
    results[#results + 1] = what
  else
    failures[#failures + 1] = ("%s: %s"):format(scenario.name, what)
    run:say("FAILED: %s", what)
    run:forget()
  end
end
run:forget()

local all <const> = {
  machine = machine.describe(), quick = options.quick or false, rounds = options.rounds, seconds = options.seconds,
  results = json.array(results), failures = json.array(failures),
}
if options.json then
  print(report.json(all))
else
  io.write((options.markdown and report.markdown or report.text)(all))
end
for _, failure in ipairs(failures) do
  io.stderr:write("tests/bench/run: ", failure, "\n")
end
os.exit(#failures == 0, true)
