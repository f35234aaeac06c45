--- What an alert looks like in Slack.
--
-- Saved while the host runs, the next message looks like it. `mulligan.Alert` in host/std/meta.lua is what it is given.
local i18n = require "mulligan.i18n"
local slack = require "mulligan.slack"

local t <const> = i18n.t

-- 500 (9000), or the type of an error that answered no request.
local function code_of(alert)
  if not alert.status then
    return alert.exc_type or alert.source
  end
  return alert.app_code and ("%d (%d)"):format(alert.status, alert.app_code) or tostring(alert.status)
end

-- What happened, by kind; nil for a first time, of which the rest tells enough.
local HEADLINES <const> = {
  new = function()
    return t "A new error"
  end,
  regression = function()
    return t "An error that was resolved is back"
  end,
  count = function(alert)
    return t("It has happened {total} times now", { total = alert.total })
  end,
  spike = function(alert)
    return t("It happens very often: {times} times since the last message", { times = alert.times or alert.total })
  end,
  reload = function()
    return t "The scripts that were saved do not load; those before them serve on"
  end,
  operator = function()
    return t "An operator's run failed"
  end,
  repeats = function(alert)
    return t("It happened {times} times more since the last message", { times = alert.times })
  end,
}

local function headline(alert)
  local lines = { "*" .. HEADLINES[alert.kind](alert) .. "*" }
  for _, reason in ipairs(alert.reasons or {}) do
    if reason ~= alert.kind and HEADLINES[reason] then
      lines[#lines + 1] = HEADLINES[reason](alert)
    end
  end
  return table.concat(lines, "\n")
end

local function user_of(alert)
  if alert.user_email then
    return "*" .. slack.escape(alert.user_email) .. "*" .. (alert.user_id and (" (#%d)"):format(alert.user_id) or "")
  end
  return alert.user_id and ("*#%d*"):format(alert.user_id) or t "Somebody who is not logged in"
end

local function request_of(alert)
  return slack.code((alert.method and alert.method .. " " or "") .. (alert.path or alert.route))
end

-- Which user, which path, which error.
local function story(alert)
  local values = { error = slack.code(alert.exc_type or alert.code or alert.source) }
  if alert.path or alert.route then
    values.who, values.where = user_of(alert), request_of(alert)
    return t("{who} met {error} at {where}", values)
  elseif alert.script then
    values.who, values.script = "*" .. slack.escape(alert.operator or "?") .. "*", slack.code(alert.script)
    return t("{who} ran {script}, which ended with {error}", values)
  end
  return values.error
end

local function frame_of(alert)
  local frame = alert.frame
  if not frame then
    return nil
  end
  local place = slack.code(frame.line and ("%s:%d"):format(frame.file, frame.line) or frame.file)
  local name = frame["function"]
  if not name or name:find("^%(") then
    return slack.section(t("At {place}", { place = place }))
  end
  return slack.section(t("At {place} in {name}", { place = place, name = slack.code(name) }))
end

local function facts(alert)
  local code = code_of(alert)
  return slack.fields {
    { t "Method", slack.escape(alert.method) },
    { t "Route", slack.code(alert.route) },
    { t "Status", alert.status and slack.escape(code) },
    { t "Count", alert.total },
    { t "Users", alert.users and alert.users > 0 and alert.users },
    { t "First seen", slack.date(alert.first_seen) },
    { t "Reference", slack.code(alert.ref) },
  }
end

local function origin(alert)
  return slack.context(
    alert.environment and slack.escape(alert.environment),
    alert.host and t("Host {host}", { host = slack.code(alert.host) }),
    alert.release and t("Release {release}", { release = slack.code(alert.release) }),
    alert.generation and t("Generation {generation}", { generation = alert.generation }),
    alert.request_id and t("Request {id}", { id = slack.code(alert.request_id) }))
end

local function link(alert)
  return alert.url and slack.actions(slack.button(t "Show the error", alert.url))
end

-- Messages that the hourly limit held back, as one.
local function digest(alert)
  local lines = {}
  for index, group in ipairs(alert.groups or {}) do
    local reference = group.url and slack.link(group.url, group.ref) or slack.code(group.ref)
    lines[index] = ("• %d × %s %s"):format(group.times or 0, slack.escape(group.title), reference)
  end
  if (alert.more_groups or 0) > 0 then
    lines[#lines + 1] = t("… and {count} more", { count = alert.more_groups })
  end
  return slack.blocks(
    slack.header(t("{count} alerts were held back :glitch_crab:", { count = alert.messages })),
    slack.section(t("There were more of them than go out in an hour. Since {since} errors happened {times} times:",
      { since = slack.date(alert.since), times = alert.times })),
    slack.section(table.concat(lines, "\n")),
    origin(alert))
end

local function test(alert)
  return slack.blocks(
    slack.header(t "A test :glitch_crab:"),
    slack.section(t "Alerts of this host arrive here. Nothing is wrong."),
    origin(alert))
end

local function error_message(alert)
  return slack.blocks(
    slack.header(t("Error! code: {code} :glitch_crab:", { code = code_of(alert) })),
    slack.section(headline(alert) .. "\n" .. story(alert) .. "\n" .. slack.code_block(alert.message)),
    facts(alert),
    frame_of(alert),
    origin(alert),
    link(alert))
end

return function(alert)
  local make = alert.kind == "digest" and digest or alert.kind == "test" and test or error_message
  return { blocks = make(alert) }
end
