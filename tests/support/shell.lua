--- Other programs, for tests: quoting, running, temporary folders.
-- @module support.shell
local shell = {}

--- One argument, safe for sh.
-- @param text any value that tostring() takes
-- @return the quoted text
function shell.quote(text)
  return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end

--- Adds a list's items at the end of another.
-- @param list the list that grows
-- @param more a list, or nil for none
-- @return the list
function shell.append(list, more)
  return more and table.move(more, 1, #more, #list + 1, list) or list
end

--- A command line from its arguments.
-- @param arguments a list
-- @return the text
function shell.join(arguments)
  local quoted = {}
  for index, argument in ipairs(arguments) do
    quoted[index] = shell.quote(argument)
  end
  return table.concat(quoted, " ")
end

--- The words that put variables in front of a command, for `env`.
-- @param environment a table of names and values
-- @return a list: "env", "NAME=value", …
function shell.environment(environment)
  local words = { "env" }
  for name, value in pairs(environment or {}) do
    words[#words + 1] = ("%s=%s"):format(name, value)
  end
  return words
end

--- A file's whole content.
-- @param path the file
-- @return its bytes, or nil if it cannot be read
function shell.read(path)
  local file <close> = io.open(path, "rb")
  return file and file:read("a")
end

--- Writes a file, with the folders above it.
-- @param path the file
-- @param content its bytes
function shell.write(path, content)
  assert(os.execute("mkdir -p " .. shell.quote(path:match("^(.*)/"))))
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(content))
end

--- Puts a file with this content in a path's place in one step: whoever reads it finds the old or the new one whole.
-- @param path the file
-- @param content its bytes
function shell.replace(path, content)
  local draft <const> = shell.temporary_folder()
  shell.write(draft .. "/new", content)
  assert(os.execute(("mkdir -p %s && mv -T %s %s && rmdir %s"):format(shell.quote(path:match("^(.*)/")),
    shell.quote(draft .. "/new"), shell.quote(path), shell.quote(draft))))
end

--- Makes a temporary folder; the caller ends it with shell.remove().
-- @return its path
function shell.temporary_folder()
  local pipe <close> = assert(io.popen("mktemp -d"))
  return assert(pipe:read("l"), "mktemp made no folder")
end

--- Removes a folder and what is in it.
-- @param path a folder that shell.temporary_folder() made
function shell.remove(path)
  assert(os.execute("chmod -R u+rwX " .. shell.quote(path) .. " && rm -rf " .. shell.quote(path)))
end

--- Runs a command to its end, without input. One that takes longer than five
-- minutes hangs: it is killed and has status 124.
-- @param arguments a list: the program and its arguments
-- @param options `environment`: a table of variables; `plain`: without root's right to pass by file permissions;
-- `folder`: where to run it
-- @return a table: status (128 and the signal's number for a killed one), stdout, stderr
function shell.run(arguments, options)
  options = options or {}
  local folder = shell.temporary_folder()
  local words = { "timeout", "-k", "5", "300" }
  shell.append(words, options.plain and shell.plain())
  shell.append(words, shell.environment(options.environment))
  shell.append(words, arguments)
  local _, how, code = os.execute(("cd %s && %s </dev/null >%s/stdout 2>%s/stderr"):format(
    shell.quote(options.folder or "."), shell.join(words), folder, folder))
  local result = {
    status = how == "signal" and 128 + code or code,
    stdout = shell.read(folder .. "/stdout"),
    stderr = shell.read(folder .. "/stderr"),
  }
  shell.remove(folder)
  return result
end

--- The words before a command that must meet file permissions as everybody does: root passes them by.
-- @return a list, empty for anybody but root
function shell.plain()
  local pipe <close> = assert(io.popen("id -u"))
  if pipe:read("l") ~= "0" then
    return {}
  end
  local without <const> = "-dac_override,-dac_read_search"
  return { "setpriv", "--bounding-set", without, "--inh-caps", without }
end

return shell
