--- Thousands of equal errors at once: exact counts, bounded rows, references that resolve, and the host answers others.
local client = require "support.client"
local errorlog = require "support.errorlog"
local server = require "support.server"

local STORM <const> = 5000
local CLIENTS <const> = 64
--- Whole rows of a minute; ten times as many are stored at all.
local LIMIT <const> = 10
--- References for each `errors show`, so that no command line grows too long.
local BATCH <const> = 500

describe("a storm", function()
  it("is counted exactly, in few rows, while others are served", function()
    local host <const> = server.start {
      scripts = server.source("tests/http/apps/edge"), env = { MULLIGAN_ERROR_STORM_LIMIT = LIMIT },
    }
    local began <const> = os.time()
    local served, next_look = 0, 0
    local responses <const> = client.drive(host, {
      clients = CLIENTS,
      request = { path = "/fail/text/" },
      step = function(so_far)
        if #so_far >= next_look then
          assert.are.equal(200, client.get(host, "/echo/").status)
          served, next_look = served + 1, #so_far + 250
        end
        return #so_far >= STORM
      end,
    })
    local minutes <const> = os.time() // 60 - began // 60 + 1
    assert.is_true(#responses >= STORM and served >= 10)

    local seen, references = {}, {}
    for _, response in ipairs(responses) do
      assert.are.equal(500, response.status)
      local reference <const> = response.json().error_id
      if not seen[reference] then
        seen[reference] = true
        references[#references + 1] = reference
      end
    end
    for first = 1, #references, BATCH do
      local shown <const> = host:cli("errors", "show", "--json", table.unpack(references, first,
        math.min(first + BATCH - 1, #references)))
      assert.are.equal(0, shown.status, shown.stderr)
    end
    -- What was under way when the clients had enough was counted too, and no more than that. The stop waits for it.
    host:signal("TERM")
    assert.are.equal(0, host:wait())
    server.assert_clean(host:log())
    local rows <const> = errorlog.list(host, "--limit", "100000")
    assert.is_true(#rows <= minutes * LIMIT * 10, #rows .. " rows in " .. minutes .. " minutes")
    local occurrences = 0
    for _, row in ipairs(rows) do
      occurrences = occurrences + 1 + row.repeats
    end
    local group <const> = errorlog.group(host, rows[1])
    assert.are.equal(occurrences, group.total)
    assert.is_true(group.total >= #responses and group.total <= #responses + CLIENTS,
      ("%d counted, %d answered"):format(group.total, #responses))
    host:forget()
  end)
end)
