--- Killing the host at any moment loses no error whose reference a client was given.
local client = require "support.client"
local json = require "mulligan.json"
local server = require "support.server"
local shell = require "support.shell"
local socket = require "socket"

local ROUNDS <const> = 50
local CLIENTS <const> = 64
--- The host is killed this many seconds, at most, after the first answer.
local LONGEST <const> = 0.4
--- References for each `errors show`, so that no command line grows too long.
local BATCH <const> = 500

describe("a killed host", function()
  local data

  setup(function()
    data = shell.temporary_folder()
    math.randomseed(os.time())
  end)

  teardown(function()
    shell.remove(data)
  end)

  --- Lets all clients ask for a failure until the host is killed, and returns the references that they were given.
  local function kill_under_load()
    local host = server.start { data = data }
    local after <const> = math.random() * LONGEST
    local kill_at, killed
    local responses = client.drive(host, {
      clients = CLIENTS,
      request = { path = "/api/v1/debug/always-500/", headers = { Accept = "application/json" } },
      step = function(so_far)
        if not kill_at and #so_far > 0 then
          kill_at = socket.gettime() + after
        end
        if kill_at and not killed and socket.gettime() >= kill_at then
          killed = true
          host:signal("KILL")
        end
      end,
    })
    assert.is_true(killed, "the host ended before it was killed")
    assert.are.equal(128 + 9, host:wait())
    server.assert_clean(host:log())
    host:forget()

    local references = {}
    for index, response in ipairs(responses) do
      assert.are.equal(500, response.status)
      references[index] = assert(response.json().error_id)
    end
    return references
  end

  --- The references of a list that `errors show` does not find.
  local function lost(references)
    local missing = {}
    for first = 1, #references, BATCH do
      local last <const> = math.min(first + BATCH - 1, #references)
      local shown = server.run({ "errors", "show", "--json", "--data", data, "--scripts", server.source("scripts"),
        table.unpack(references, first, last) })
      local known = {}
      local rows = shown.stdout ~= "" and json.decode(shown.stdout) or {}
      for _, row in ipairs(rows.ref and { rows } or rows) do
        known[row.ref] = true
      end
      for index = first, last do
        if not known[references[index]] then
          missing[#missing + 1] = references[index]
        end
      end
      assert.is_true(shown.status == 0 or #missing > 0, shown.stderr)
    end
    return missing
  end

  it("has every error on record whose reference it gave out", function()
    local total = 0
    for round = 1, ROUNDS do
      local references = kill_under_load()
      local missing = lost(references)
      assert.are.same({}, missing, ("round %d lost %d of %d"):format(round, #missing, #references))
      total = total + #references
    end
    assert.is_true(total >= ROUNDS, "too few answers to mean anything: " .. total)
  end)
end)
