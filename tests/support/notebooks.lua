--- What tests of notebooks ask: is a file one that Jupyter takes, and what stands in it.
-- @module support.notebooks
local shell = require "support.shell"

local notebooks = {}

--- Debian's python, whose packages nbformat and nbconvert are: another one may come first in PATH.
notebooks.PYTHON = "/usr/bin/python3"

local VALIDATE <const> = [[
import sys, nbformat
for path in sys.argv[1:]:
    book = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    assert (book.nbformat, book.nbformat_minor) == (4, 5), path
    nbformat.validate(book)
]]

--- Fails unless each file is a notebook of format 4.5 by nbformat's own judgement.
-- @param ... paths
function notebooks.check(...)
  local result <const> = shell.run { notebooks.PYTHON, "-c", VALIDATE, ... }
  if result.status ~= 0 then
    error(result.stderr, 2)
  end
end

--- A text of an .ipynb, which is there as a list of lines.
-- @param value a text or a list of texts
-- @return the text
function notebooks.text(value)
  return type(value) == "table" and table.concat(value) or value
end

return notebooks
