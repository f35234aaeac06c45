-- ---
-- title: Error review
-- jupyter:
--   jupytext:
--     text_representation:
--       extension: .lua
--       format_name: percent
--       format_version: '1.3'
--   kernelspec:
--     display_name: Lua (Mulligan)
--     language: lua
--     name: mulligan
-- ---

-- %% [markdown]
-- # Error review
--
-- The errors of the last day by group, the one that happened most often in full, and, if you say so, that group
-- resolved.
--
-- **What is resolved is saved at once.** ErrorLog is beside the database that plans are made of: the plan at the end
-- has nothing of it, `mulligan undo` does not take it back, and `mulligan errors reopen GROUP` does.
--
-- 지난 하루의 오류를 묶음별로 봅니다. 해결 표시는 계획을 거치지 않고 바로 저장됩니다.

-- %% What to look at tags=["parameters"]
-- @param since string default="1d" "How far back, such as 1d or 12h. 얼마나 이전까지."
-- @param group integer "The group to open; without it the one that happened most often. 묶음 번호."
-- @param resolve boolean default=false "Mark that group as resolved, at once. 해결 표시."
-- @param note string default="" "What was done about it, for whoever looks next. 메모."
local i18n = require "mulligan.i18n"
local time = require "mulligan.time"

local found = ErrorLog.groups { since = since, state = "open", limit = 1000 }
for _, each in ipairs(found) do
  each.happened = ErrorLog.count { group = each.id, since = since }
end
table.sort(found, function(a, b)
  return a.happened > b.happened
end)

-- %% [markdown]
-- ## By group

-- %% The groups
if #found == 0 then
  op.say(i18n.t("Nothing went wrong since {since} that is still open.", { since = since }))
end
local rows = { columns = { "group", "happened", "error", "where", "users" } }
for index, each in ipairs(found) do
  rows[index] = {
    group = each.id, happened = each.happened, error = each.title, where = each.culprit, users = each.users,
  }
end
op.table(rows)

-- %% As bars
local bars = {}
for index = 1, math.min(#found, 10) do
  bars[index] = { label = found[index].id .. " " .. found[index].culprit, value = found[index].happened }
end
if #bars > 0 then
  op.chart(bars, { title = i18n.t("Errors since {since}", { since = since }) })
end

-- %% [markdown]
-- ## One of them

-- %% Open it
local chosen = group or (found[1] and found[1].id)
local newest = chosen and ErrorLog.list({ group = chosen, limit = 1 })[1]
if group and not newest then
  op.abort(i18n.t("There is no error of the group {group}.", { group = group }))
elseif newest then
  newest.at = time.format(newest.occurred_at)
  op.table { newest, columns = { "ref", "at", "exc_type", "message", "status", "path", "user_email" } }
  op.say(i18n.t("In full: mulligan errors show {ref}", { ref = newest.ref }))
end

-- %% [markdown]
-- ## Resolve it
--
-- This cell saves at once, where `resolve=true` was given.

-- %% Resolve
if not chosen then
  op.say(i18n.t("There is nothing to resolve."))
elseif not resolve then
  op.say(i18n.t("Left open. To resolve it: -p resolve=true -p group={group}", { group = chosen }))
elseif op.confirm(i18n.t("Resolve the group {group}? This is saved at once.", { group = chosen }), tostring(chosen)) then
  local done, why = ErrorLog.resolve(chosen, note ~= "" and note or nil, op.operator)
  if not done then
    op.abort(why)
  end
  op.say(i18n.t("The group {group} is resolved, and that is saved. If it happens again, it is reopened.", {
    group = chosen,
  }))
else
  op.say(i18n.t("Left open."))
end
