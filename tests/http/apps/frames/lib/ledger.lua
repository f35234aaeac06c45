--- What a Lua state remembers from one request to the next.
local ledger = { closed = 0 }

--- Fails, two calls away from whoever asked.
-- @param order a table
function ledger.check(order)
  local problem = "no entry for " .. order.name
  error(problem)
end

return ledger
