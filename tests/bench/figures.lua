--- Figures: medians, ratios, and how they are written and held against a goal. Nothing here measures.
-- @module bench.figures
local figures = {}

--- The median: the middle one, or the mean of the two in the middle.
-- @param list numbers, in any order; not changed
-- @return the number, or nil of an empty list
function figures.median(list)
  local sorted <const> = table.move(list, 1, #list, 1, {})
  table.sort(sorted)
  local middle <const> = #sorted // 2
  if #sorted % 2 == 1 then
    return sorted[middle + 1]
  end
  return #sorted > 0 and (sorted[middle] + sorted[middle + 1]) / 2 or nil
end

--- How many times the other's figure ours is: the median of the rounds' ratios. In one round both were measured one
-- after the other, so that what slows the whole machine down for a while falls out of it.
-- @param ours a list, one figure a round
-- @param theirs the same of the other
-- @return the number, or nil where a round of theirs is nothing
function figures.ratio(ours, theirs)
  local ratios <const> = {}
  for round, value in ipairs(ours) do
    if not theirs[round] or theirs[round] == 0 then
      return nil
    end
    ratios[round] = value / theirs[round]
  end
  return figures.median(ratios)
end

--- A number with as many digits as mean something: 52,300, 161, 26.3, 0.847.
-- @param value a number, or nil
-- @return the text; "-" for nil
function figures.text(value)
  if not value then
    return "-"
  end
  if value >= 1000 then
    local step <const> = value >= 10000 and 100 or 10
    local digits = ("%d"):format(math.floor(value / step + 0.5) * step)
    repeat
      local replaced
      digits, replaced = digits:gsub("^(%d+)(%d%d%d)", "%1,%2")
    until replaced == 0
    return digits
  end
  return (value >= 99.95 and "%.0f" or value >= 9.995 and "%.1f" or "%.2f"):format(value)
end

--- Does a figure reach its goal?
-- @param goal `at_least` or `at_most`
-- @param value the figure
-- @return a boolean
function figures.reached(goal, value)
  if goal.at_least then
    return value >= goal.at_least
  end
  return value <= goal.at_most
end

--- A goal, and whether it was reached, in words.
-- @param goal `at_least` or `at_most`
-- @param value the figure
-- @param unit of the figure, or nil
-- @return the text: "falls short of 0.85"
function figures.verdict(goal, value, unit)
  local words <const> = goal.at_least and { "goal at least %s", "falls short of %s" }
    or { "goal at most %s", "over %s" }
  local wanted <const> = ("%g%s"):format(goal.at_least or goal.at_most, unit and " " .. unit or "")
  return words[figures.reached(goal, value) and 1 or 2]:format(wanted)
end

return figures
