--- Checks what neither compiler nor formatter does: banned functions, the length of files, words that mean nothing to
-- whoever clones the project.
-- Usage: lua5.4 source.lua PROJECT-FOLDER. Prints one line a finding; exits 1 if there is any.
--
-- A file of more than 600 lines says why it is so long: a line of its opening comment has "lines because".

local root <const> = assert(arg[1], "usage: source.lua PROJECT-FOLDER")

local BANNED <const> = { "sprintf", "vsprintf", "strcpy", "strcat", "strtok", "atoi", "gets" }
local LONGEST <const> = 600
local OPENING <const> = 30

--- Paths of a developer's own machine. Written in two pieces, so that this file does not find itself.
local FOREIGN <const> = {
  "../" .. "shared", "/work" .. "/main", "/work" .. "/shared", "/tmp" .. "/team", "/home" .. "/", "/root" .. "/",
  "/Users" .. "/",
}

--- Marks of unfinished work.
local UNFINISHED <const> = { "TO" .. "DO", "FIX" .. "ME", "XX" .. "X" }

local found = 0

local function report(path, line, text, ...)
  found = found + 1
  print(("%s:%d: %s"):format(path, line, text:format(...)))
end

local function check_line(path, number, line)
  if path:find("%.[ch]$") then
    for _, name in ipairs(BANNED) do
      if line:find("%f[%w_]" .. name .. "%s*%(") then
        report(path, number, "%s() is banned", name)
      end
    end
    if line:find("^%s*//") or line:find("[;{}]%s*//") then
      report(path, number, "comments are written /* */")
    end
  end
  for _, word in ipairs(FOREIGN) do
    if line:find(word, 1, true) then
      report(path, number, "%s means nothing on another machine", word)
    end
  end
  for _, word in ipairs(UNFINISHED) do
    if line:find("%f[%w_]" .. word .. "%f[^%w_]") then
      report(path, number, "%s: finish it, or write an issue", word)
    end
  end
end

local function check(path)
  local number, explained = 0, false
  for line in io.lines(root .. "/" .. path) do
    number = number + 1
    explained = explained or (number <= OPENING and line:find("lines because", 1, true) ~= nil)
    check_line(path, number, line)
  end
  local code = path:find("%.[ch]$") or path:find("%.lua$")
  if code and number > LONGEST and not explained then
    report(path, number, "more than %d lines; split it, or say why in its opening comment", LONGEST)
  end
end

local list <const> = [[
  cd '%s' && find . \( -name .git -o -name node_modules -o -path ./build -o -path ./data -o -path '*/lint/fixtures' \) \
    -prune -o -type f \( -name '*.[ch]' -o -name '*.lua' -o -name '*.cmake' -o -name CMakeLists.txt -o -name '*.json' \
    -o -name '*.md' -o -name '*.sql' -o -name '*.html' -o -name '*.css' -o -name '*.sh' -o -name run \) -print | sort]]
local files = 0
local listing <close> = assert(io.popen(list:format(root)))
for path in listing:lines() do
  files = files + 1
  check(path:sub(3))
end
assert(files > 0, "no source file below " .. root)
os.exit(found == 0)
