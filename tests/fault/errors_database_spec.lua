--- Whatever happens to errors.db while the host serves, it goes on serving, and what it told its clients resolves: at
-- once, and when the database is back.
local client = require "support.client"
local errorlog = require "support.errorlog"
local expect = require "support.expect"
local json = require "mulligan.json"
local server = require "support.server"
local shell = require "support.shell"

local EDGE <const> = "tests/http/apps/edge"

describe("the host", function()
  local data, host

  before_each(function()
    data = shell.temporary_folder()
  end)

  after_each(function()
    host:forget()
    shell.remove(data)
  end)

  local function start(prefix)
    host = server.start { scripts = server.source(EDGE), data = data, prefix = prefix }
  end

  --- Fails, sees that others are served and that the reference resolves, and returns it.
  local function fail()
    local reference <const> = expect.failure(client.get(host, "/fail/text/"))
    assert.are.equal(200, client.get(host, "/echo/").status)
    errorlog.row(host, reference)
    return reference
  end

  local function fail_times(number)
    local references <const> = {}
    for index = 1, number do
      references[index] = fail()
    end
    return references
  end

  --- Waits until the database has all of these, and nothing is left in the spool.
  local function expect_back(references)
    host:eventually("the spool is taken over", function()
      return not shell.read(data .. "/spool/errors.jsonl")
    end)
    for _, reference in ipairs(references) do
      assert.are_not.equal(json.null, errorlog.row(host, reference).group_id)
    end
  end

  local function run(...)
    local result <const> = shell.run({ ... })
    assert.are.equal(0, result.status, result.stderr)
  end

  --- Is in trouble, then out of it; the references of before, meanwhile and afterwards are in the database then.
  local function survives(trouble, remedy)
    local references <const> = fail_times(2)
    trouble()
    shell.append(references, fail_times(5))
    assert.is_truthy(shell.read(data .. "/spool/errors.jsonl"), "nothing was spooled: the trouble was none")
    remedy()
    shell.append(references, fail_times(2))
    expect_back(references)
    host:stop()
  end

  it("serves on while errors.db is missing", function()
    start()
    survives(function()
      run("mv", data .. "/errors.db", data .. "/away.db")
    end, function()
      run("mv", data .. "/away.db", data .. "/errors.db")
    end)
  end)

  it("serves on while errors.db is garbage", function()
    start()
    -- With its log, which has a sound copy of every page: SQLite would get along with that alone.
    local function move(from, to)
      for _, name in ipairs { "errors.db-wal", "errors.db-shm", "errors.db" } do
        run("mv", from .. "/" .. name, to)
      end
    end
    local away <const> = data .. "/away"
    run("mkdir", away)
    survives(function()
      move(data, away)
      shell.write(data .. "/errors.db", ("this is no database. "):rep(1000))
    end, function()
      move(away, data)
    end)
  end)

  it("serves on while another program has errors.db locked", function()
    start()
    local locker
    survives(function()
      -- cat reads what this test does not write, and ends with it.
      locker = assert(io.popen(("flock %s cat"):format(shell.quote(data .. "/errors.lock")), "w"))
      host:eventually("the lock is taken", function()
        return shell.run({ "flock", "-n", data .. "/errors.lock", "true" }).status ~= 0
      end)
    end, function()
      locker:close()
    end)
  end)

  it("serves on while the disk is full for errors.db", function()
    -- A file may grow to so many bytes: errors.db and its log soon meet that, the spool later.
    local MOST <const> = 300000
    start { "prlimit", ("--fsize=%d:unlimited"):format(MOST) }
    local references <const> = {}
    repeat
      references[#references + 1] = fail()
    until shell.read(data .. "/spool/errors.jsonl") or #references == 500
    assert.is_true(#references < 500, "the limit was never met")
    shell.append(references, fail_times(3))
    run("prlimit", "--pid", tostring(host.pid), "--fsize=unlimited")
    references[#references + 1] = fail()
    expect_back(references)
    host:stop()
  end)

  it("serves when errors.db is read-only, and stores what it told when it is not", function()
    start()
    local references = fail_times(2)
    host:stop()
    run("chmod", "a-w", data .. "/errors.db")
    -- Root writes where nobody may; the host is to meet what an ordinary user meets.
    start(shell.plain())
    shell.append(references, fail_times(3))
    assert.is_truthy(shell.read(data .. "/spool/errors.jsonl"))
    run("chmod", "u+w", data .. "/errors.db")
    expect_back(references)
    host:stop()
  end)
end)
