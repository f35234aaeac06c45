--- The number in an address: `/api/v1/seminar/{id}/`.

--- Reads an id as Django does: decimal digits and nothing else, "007" being 7.
-- @tparam string text what stands in the address
-- @treturn ?integer nil for anything else, and for what no 64-bit id can be
return function(text)
  if not text:find("^%d+$") then
    return nil
  end
  return math.tointeger(tonumber(text)) -- past 64 bits tonumber() makes a float, which is out of an integer's range
end
