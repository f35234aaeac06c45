--- A script's own lines in the log: where they were written, and what they must not show.
local log = require "mulligan.log"
local shell = require "support.shell"

--- Runs lines of Lua in a program of their own, as "speaker.lua"; returns the log's lines, without their times.
local function logged(lines)
  local folder = shell.temporary_folder()
  local script = folder .. "/speaker.lua"
  shell.write(script, "local log = require 'mulligan.log'\n" .. lines)
  local link <close> = assert(io.popen "readlink /proc/$PPID/exe")
  local result = shell.run { link:read "l", script }
  shell.remove(folder)
  local found = {}
  for line in result.stderr:gmatch "[^\n]+" do
    local rest = line:match "^%d%d%d%d%-%d%d%-%d%d %d%d:%d%d:%d%d,%d%d%d (.*)$"
    if rest then
      found[#found + 1] = rest:gsub(folder .. "/", "")
    end
  end
  return found, result
end

describe("log", function()
  it("names the level, the file and the line", function()
    assert.are.same({
      "INFO: plain [in speaker.lua:2]",
      "WARNING: second [in speaker.lua:3]",
      "ERROR: third [in speaker.lua:5]",
    }, (logged [[
log.info "plain"
log.warning("second")
local function deeper()
  log.error("third")
end
deeper()
log.debug "below the level"
]]))
  end)

  it("joins whatever it is given as tostring shows it", function()
    assert.are.same({ "INFO: got 1 2.5 nil true named [in speaker.lua:2]" }, (logged [[
log.info("got", 1, 2.5, nil, true, setmetatable({}, { __tostring = function() return "named" end }))
]]))
  end)

  it("knows the caller's line through pcall and in a coroutine", function()
    assert.are.same({ "INFO: one [in speaker.lua:2]", "INFO: two [in speaker.lua:3]" }, (logged [[
pcall(log.info, "one")
coroutine.wrap(function() log.info("two") end)()
]]))
  end)

  it("keeps a value that would break the line on the line", function()
    local lines = logged [[log.info("a\nb\0c\27[31m한글")]]
    assert.are.equal(1, #lines)
    assert.matches("^INFO: a.*b.*c.*한글 %[in speaker%.lua:2%]$", lines[1])
    assert.is_nil(lines[1]:find "%c")
  end)

  it("writes no secrets that give themselves away", function()
    local lines, result = logged [[
log.info("Authorization: Bearer abcdefghijklmnop0123456789")
log.warning("at postgres://app:hunter2@db/seminars")
]]
    assert.are.equal(2, #lines)
    assert.is_nil(result.stderr:find("abcdefghijklmnop", 1, true))
    assert.is_nil(result.stderr:find("hunter2", 1, true))
    assert.matches("[scrubbed]", result.stderr, 1, true)
  end)

  it("cuts a line that is far too long", function()
    local lines = logged [[log.info(("x"):rep(10000000))]]
    assert.are.equal(1, #lines)
    assert.is_true(#lines[1] > 1000 and #lines[1] < 20000)
  end)

  it("needs something to write", function()
    assert.has_error(function() log.info() end)
    assert.are.same({ "ERROR: nil [in speaker.lua:2]" }, (logged "log.error(nil)"))
  end)

  it("passes on the error of a value that cannot be shown", function()
    local broken = setmetatable({}, { __tostring = function() error("no name", 0) end })
    assert.has_error(function() log.info("value", broken) end, "no name")
  end)
end)
