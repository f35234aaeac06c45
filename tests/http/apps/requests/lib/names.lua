--- Believes who says who they are.
local names = { scheme = "Name" }

function names.authenticate(req)
  local name <const> = (req.headers.authorization or ""):match("^Name (%a+) %w+$")
  return name and { id = #name, email = name .. "@example.com" }
end

return names
