--- A program on a terminal of its own, and somebody who types.
--
-- mulligan-terminal (tests/operator/terminal.c) does it; it is built beside the program under test.
-- @module support.terminal
local server = require "support.server"
local shell = require "support.shell"

local terminal = {}

--- Runs the program on a terminal.
-- @param arguments a list: the command and its arguments
-- @param steps a list of `"expect TEXT"`, `"type TEXT"`, `"keys TEXT"` (without Enter; `\e`, `\t`, `\b`, `\n`),
-- `"interrupt"`, `"end"` and `"meanwhile COMMAND"`, in order
-- @param options `columns` (80 unless given), `environment`
-- @return a table: status, and shown, what the terminal showed
function terminal.run(arguments, steps, options)
  options = options or {}
  local folder <const> = shell.temporary_folder()
  shell.write(folder .. "/steps", table.concat(steps, "\n"))
  local program <const> = server.binary()
  local words <const> = {
    program:gsub("[^/]*$", "mulligan-terminal", 1), folder .. "/steps", options.columns or 80, program,
  }
  table.move(arguments, 1, #arguments, #words + 1, words)
  local result <const> = shell.run(words, { environment = options.environment })
  shell.remove(folder)
  server.assert_clean(result.stdout)
  if result.status == 99 or result.status == 124 then -- what was expected never came, or not in time
    error(result.stderr .. "the terminal showed:\n" .. result.stdout, 2)
  end
  return { status = result.status, shown = result.stdout:gsub("\r\n", "\n") }
end

return terminal
