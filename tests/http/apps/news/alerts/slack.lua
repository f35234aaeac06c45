-- A template with two mistakes, which are met by the messages that ask for them.
return function(alert)
  local message <const> = alert.message or ""
  if message:find("raise", 1, true) then
    error("this template raises")
  end
  while message:find("loop", 1, true) do end
  return { text = "templated: " .. message }
end
