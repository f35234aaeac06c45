--- Eight threads at the log: a million lines through rotations, each of them whole, in its thread's order, and there.
-- log_writers.c does it and reads them all back; what a line costs is held against a write(2) that does nothing else.
local figures = require "bench.figures"
local shell = require "support.shell"

local THREADS <const> = 8
local FILE_SIZE <const> = 1 << 20 -- a tenth of what is shipped: more rotations

local function write_lines(run, form, lines)
  local folder <const> = run.work .. "/logged"
  local result <const> = shell.run {
    "build/bench/bench_log", folder, THREADS, lines, FILE_SIZE, 1000, form,
  }
  shell.remove(folder)
  local rate <const>, cost <const>, files <const>, bare <const> = result.stdout:match "^(%S+) (%S+) (%S+) (%S+)\n$"
  if result.status ~= 0 or not rate then
    error(("log: bench_log ended with status %s: %s"):format(result.status, result.stderr), 0)
  end
  run:say("log, %s: %s lines/s", form, figures.text(tonumber(rate)))
  return tonumber(rate), tonumber(cost), math.tointeger(tonumber(files)), tonumber(bare)
end

local function measure(run)
  local lines <const> = run.quick and 80000 or 1000000
  local list <const> = {}
  for _, form in ipairs { "plain", "json" } do
    local rates <const>, costs <const>, bares <const>, files = {}, {}, {}, nil
    for round = 1, run.rounds do
      rates[round], costs[round], files, bares[round] = write_lines(run, form, lines)
    end
    list[#list + 1] = {
      name = ("The log, %d threads, %s"):format(THREADS, form), value = figures.median(rates), unit = "lines/s",
      detail = ("%s µs of processor time a line, %s of the rate of bare write(2); %s lines in %d files, all there")
        :format(figures.text(figures.median(costs)), figures.text(figures.ratio(rates, bares)), figures.text(lines),
          files),
    }
  end
  return list
end

return { name = "log", title = "The log under many threads", measure = measure }
