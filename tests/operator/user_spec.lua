--- `mulligan user create`: an account from the command line, good for logging in.
local client = require "support.client"
local server = require "support.server"
local shell = require "support.shell"
local terminal = require "support.terminal"

describe("mulligan user create", function()
  local data

  before_each(function()
    data = shell.temporary_folder()
  end)

  after_each(function()
    shell.remove(data)
  end)

  local function arguments(...)
    return { "user", "create", "--data", data, "--scripts", server.source("scripts"), ... }
  end

  local function login(password)
    local host <const> = server.start { data = data }
    local fields <const> = { email = "mina@example.com", password = password }
    local response <const> = client.json(host, "POST", "/api/v1/login/", fields)
    host:stop()
    return response.status
  end

  local MINA <const> = { "--email", "mina@example.com", "--username", "mina", "--role", "instructor" }

  it("makes an account at once, in a folder that was empty, and says so", function()
    local result <const> = server.run(arguments("--password", "correct horse", table.unpack(MINA)))
    assert.are.equal(0, result.status, result.stderr)
    assert.truthy(result.stdout:find("mina@example.com", 1, true))
    assert.is_nil(result.stdout:find("argon2", 1, true))
    assert.are.equal(200, login("correct horse"))
  end)

  it("refuses an address that is taken, and what signup would refuse", function()
    assert.are.equal(0, server.run(arguments("--password", "correct horse", table.unpack(MINA))).status)
    local taken <const> = server.run(arguments("--password", "another", table.unpack(MINA)))
    assert.are.equal(3, taken.status)
    assert.truthy(taken.stderr:find("mina@example.com", 1, true))
    local odd <const> = server.run(arguments("--email", "no address", "--username", "x", "--password", "y",
      "--role", "participant"))
    assert.are.equal(3, odd.status)
    assert.truthy(odd.stdout:find("email: ", 1, true), odd.stdout)
    assert.are.equal(2, server.run(arguments("--email", "a@example.com")).status)
    assert.are.equal(2, server.run { "user", "remove" }.status)
  end)

  it("asks for the password on a terminal without showing it", function()
    local result <const> = terminal.run(arguments(table.unpack(MINA)), { "expect password> ", "type correct horse" })
    assert.are.equal(0, result.status, result.shown)
    assert.is_nil(result.shown:find("correct horse", 1, true), result.shown)
    assert.are.equal(200, login("correct horse"))
  end)
end)
