--- Bodies as multipart/form-data.
-- @module support.multipart
local multipart = {}

--- Writes fields as a multipart body.
-- @param fields a list of tables: name, value and, for a file, filename and type; or a table of names and values, which
-- are written in the names' order
-- @param boundary the text between the parts; one that fits is taken unless given
-- @return the body
-- @return its Content-Type
function multipart.build(fields, boundary)
  boundary = boundary or "----mulligan-7d1c3f0a"
  local list = fields
  if #fields == 0 then
    list = {}
    for name, value in pairs(fields) do
      list[#list + 1] = { name = name, value = value }
    end
    table.sort(list, function(left, right)
      return left.name < right.name
    end)
  end
  local parts = {}
  for _, field in ipairs(list) do
    local disposition = ('form-data; name="%s"'):format(field.name)
    if field.filename then
      disposition = ('%s; filename="%s"'):format(disposition, field.filename)
    end
    parts[#parts + 1] = ("--%s\r\nContent-Disposition: %s\r\n"):format(boundary, disposition)
    if field.type then
      parts[#parts + 1] = ("Content-Type: %s\r\n"):format(field.type)
    end
    parts[#parts + 1] = ("\r\n%s\r\n"):format(tostring(field.value))
  end
  parts[#parts + 1] = ("--%s--\r\n"):format(boundary)
  return table.concat(parts), "multipart/form-data; boundary=" .. boundary
end

return multipart
