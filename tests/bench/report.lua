--- What is printed of what was measured: tables for a terminal and for the README, or JSON.
-- @module bench.report
local figures = require "bench.figures"
local json = require "mulligan.json"
local machine = require "bench.machine"

local report = {}

--- The servers' columns, in their order.
local COLUMNS <const> = {
  { "host", "Mulligan" }, { "civetweb", "bare C handler" }, { "nginx", "nginx + Lua" }, { "flask", "Flask" },
  { "drf", "DRF" },
}

local function cell_of(result, server)
  for _, cell in ipairs(result.cells) do
    if cell.server == server then
      return cell
    end
  end
  return nil
end

local function of_kind(results, key)
  local found <const> = {}
  for _, result in ipairs(results) do
    if result[key] then
      found[#found + 1] = result
    end
  end
  return found
end

-- The columns' names after an empty one, and what follows them.
local function heads(...)
  local list <const>, last <const> = { "" }, { ... }
  for _, column in ipairs(COLUMNS) do
    list[#list + 1] = column[2]
  end
  return table.move(last, 1, #last, #list + 1, list)
end

local function short_title(server)
  for _, column in ipairs(COLUMNS) do
    if column[1] == server then
      return column[2]
    end
  end
  return server
end

local function goal_words(result)
  local words <const> = {}
  for index, goal in ipairs(result.goals) do
    words[index] = ("%s of %s: %s"):format(figures.text(goal.value), short_title(goal.peer),
      figures.verdict(goal, goal.value))
  end
  return table.concat(words, "; ")
end

-- Answers a second, and how many times the peer's the host's are.
local function throughput(results)
  local rows <const> = {}
  for index, result in ipairs(results) do
    local row <const> = { result.title }
    for place, column in ipairs(COLUMNS) do
      local cell <const> = cell_of(result, column[1])
      row[place + 1] = not cell and "" or not cell.ratio and figures.text(cell.rate)
        or ("%s (%s)"):format(figures.text(cell.rate), figures.text(cell.ratio))
    end
    row[#row + 1] = goal_words(result)
    rows[index] = row
  end
  return { title = "Answers a second (in brackets: Mulligan's, as a multiple of it)", head = heads("goal"),
    rows = rows }
end

-- A table of what `text` makes of each server's cell.
local function cells(title, results, text)
  local rows <const> = {}
  for index, result in ipairs(results) do
    local row <const> = { result.title }
    for place, column in ipairs(COLUMNS) do
      local cell <const> = cell_of(result, column[1])
      row[place + 1] = cell and text(cell) or ""
    end
    rows[index] = row
  end
  return { title = title, head = heads(), rows = rows }
end

local function latencies(results)
  return cells("Milliseconds until the answer, half of the requests / 99 of 100", results, function(cell)
    return ("%s / %s"):format(figures.text(cell.p50), figures.text(cell.p99))
  end)
end

local function costs(results)
  return cells("Microseconds of processor time that an answer takes the server", results, function(cell)
    return figures.text(cell.cost)
  end)
end

local function others(results)
  local rows <const> = {}
  for _, result in ipairs(results) do
    for _, figure in ipairs(result.figures) do
      rows[#rows + 1] = {
        figure.name, ("%s %s"):format(figures.text(figure.value), figure.unit), figure.detail or "",
        figure.goal and figures.verdict(figure.goal, figure.value, figure.unit) or "",
      }
    end
  end
  return { title = "Other figures", head = { "", "figure", "measured", "goal" }, rows = rows }
end

-- What was not measured, because an answer was wrong.
local function failed(measured)
  local lines <const> = {}
  for index, failure in ipairs(measured.failures) do
    lines[index] = "WRONG: " .. failure
  end
  return table.concat(lines, "\n\n")
end

local function tables(measured)
  local loads <const>, rest <const> = of_kind(measured.results, "cells"), of_kind(measured.results, "figures")
  local list <const> = {}
  if #loads > 0 then
    list[1], list[2], list[3] = throughput(loads), latencies(loads), costs(loads)
  end
  if #rest > 0 then
    list[#list + 1] = others(rest)
  end
  return list
end

-- How it was measured, for whoever reads the tables.
local function method(measured)
  return ("%s%d %s of %d %s; wrk with 2 threads and 32 connections, on the same cores as the servers."):format(
    measured.quick and "A quick, rough run: " or "Medians of ", measured.rounds,
    measured.rounds == 1 and "round" or "rounds", measured.seconds,
    measured.seconds == 1 and "second" or "seconds")
end

-- Everything in the order of the page; `written` makes a table's text.
local function whole(measured, written)
  local parts <const> = { machine.sentence(measured.machine) .. "\n" .. method(measured) }
  for _, one in ipairs(tables(measured)) do
    parts[#parts + 1] = written(one)
  end
  if #measured.failures > 0 then
    parts[#parts + 1] = failed(measured)
  end
  return table.concat(parts, "\n\n") .. "\n"
end

-- ---- for a terminal ----

local function width(text)
  return utf8.len(text) or #text
end

local function padded(text, wanted)
  return text .. (" "):rep(wanted - width(text))
end

local function aligned(one)
  local widths <const> = {}
  for _, row in ipairs { one.head, table.unpack(one.rows) } do
    for place, text in ipairs(row) do
      widths[place] = math.max(widths[place] or 0, width(text))
    end
  end
  local lines <const> = { one.title, "" }
  for _, row in ipairs { one.head, table.unpack(one.rows) } do
    local texts <const> = {}
    for place, text in ipairs(row) do
      texts[place] = padded(text, widths[place])
    end
    lines[#lines + 1] = "  " .. table.concat(texts, "  "):gsub("%s+$", "")
  end
  return table.concat(lines, "\n")
end

--- For a terminal.
-- @param measured what the driver measured
-- @return the text
function report.text(measured)
  return whole(measured, aligned)
end

-- ---- for the README ----

local function piped(one)
  local lines <const> = { one.title .. ":", "" }
  local function add(row)
    lines[#lines + 1] = "| " .. table.concat(row, " | ") .. " |"
  end
  add(one.head)
  local rules <const> = {}
  for place in ipairs(one.head) do
    rules[place] = "---"
  end
  add(rules)
  for _, row in ipairs(one.rows) do
    add(row)
  end
  return table.concat(lines, "\n")
end

--- For the README's section on speed.
-- @param measured what the driver measured
-- @return the text
function report.markdown(measured)
  return whole(measured, piped)
end

--- For programs.
-- @param measured what the driver measured
-- @return the text
function report.json(measured)
  return json.encode(measured)
end

return report
