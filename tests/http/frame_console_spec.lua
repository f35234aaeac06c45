--- What the frames of a failed request answer to the debug page's console.
local client = require "support.client"
local console = require "support.debug_console"
local json = require "mulligan.json"

describe("a frame", function()
  local host

  setup(function()
    host = console.start()
    console.unlock(host)
  end)

  teardown(function()
    host:stop()
  end)

  local function shown(id, frame, code)
    local answer = console.ask(host, id, frame, code)
    assert.are.equal(json.null, answer.error, answer.error)
    return table.concat(answer.values, " | ")
  end

  it("shows its locals, its upvalues and its globals", function()
    local id, frames = console.fail(host, "/order/5/")
    local frame = console.frame_of(frames, "total")
    assert.are.equal("5", shown(id, frame, "amount"))
    assert.are.equal("15 | 3", shown(id, frame, "amount + amount_twice, limit"))
    assert.are.equal('{ amount = 5, lines = { "tea", "ink" }, name = "Ada" }', shown(id, frame, "order"))
    assert.are.equal('"ADA"', shown(id, frame, "string.upper(order.name)"))
    assert.are.equal('"Ada: 5 of 3"', shown(id, frame, "words()"))
    assert.are.equal("nil", shown(id, frame, "no_such_name"))
    assert.are.equal("", shown(id, frame, "local unused = 1"))
  end)

  it("has its varargs", function()
    local id, frames = console.fail(host, "/order/5/")
    assert.are.equal('"first" | nil | "third"', shown(id, console.frame_of(frames, "total"), "..."))
    assert.are.equal("3", shown(id, console.frame_of(frames, "total"), "select('#', ...)"))
  end)

  it("is its own: the callers' frames have other names", function()
    local id, frames = console.fail(host, "/order/5/")
    local total, handler = console.frame_of(frames, "total"), frames[3]
    assert.are.equal("nil", shown(id, total, "req"))
    assert.are.equal('"/order/5/"', shown(id, handler, "req.path"))
    assert.are.equal("nil", shown(id, handler, "amount"))
  end)

  it("of a module is asked by that module's names", function()
    local id, frames = console.fail(host, "/ledger/")
    assert.are.equal('"no entry for Grace"', shown(id, console.frame_of(frames, "check"), "problem"))
  end)

  it("shows the innermost of the locals that have one name", function()
    local id, frames = console.fail(host, "/shadow/")
    assert.are.equal('"outer2" | 2', shown(id, frames[2], "value, index"))
  end)

  it("does not show what Lua has on the stack for itself", function()
    local id, frames = console.fail(host, "/shadow/")
    assert.are.equal("nil | nil", shown(id, frames[2], "_ENV['(for state)'], _ENV['(temporary)']"))
    shown(id, frames[2], "_ENV['(for state)'] = 1")
    assert.are.equal("nil", shown(id, frames[1], "_ENV['(C temporary)']"))
  end)

  it("cannot be left by a yield", function()
    local id, frames = console.fail(host, "/order/5/")
    local total = console.frame_of(frames, "total")
    local answer = console.ask(host, id, total, "coroutine.yield(1)")
    assert.is_truthy(answer.error:find("attempt to yield", 1, true))
    assert.are.equal("5", shown(id, total, "amount"))
  end)

  it("keeps what is assigned to a local, to an upvalue and to a name of the console's own", function()
    local id, frames = console.fail(host, "/order/5/")
    local total, handler = console.frame_of(frames, "total"), frames[3]
    shown(id, total, "amount = 40; order.name = 'Lin'; limit = 50")
    assert.are.equal('"Lin: 40 of 50"', shown(id, total, "words()"))
    assert.are.equal('"Lin" | 50', shown(id, handler, "order.name, limit"))
    shown(id, total, "limit = 3")
    shown(id, total, "seen = amount")
    assert.are.equal("40", shown(id, handler, "seen"))
    assert.are.equal("nil", shown(id, frames[3], "amount"))
  end)

  it("remembers the last value as _", function()
    local id, frames = console.fail(host, "/order/5/")
    local total = console.frame_of(frames, "total")
    shown(id, total, "amount * 10")
    assert.are.equal("51", shown(id, total, "_ + 1"))
    assert.are.equal("102", shown(id, total, "_ * 2"))
  end)

  it("runs statements of many lines, and collects what they print", function()
    local id, frames = console.fail(host, "/order/5/")
    local answer = console.ask(host, id, console.frame_of(frames, "total"), [[
      for index, line in ipairs(order.lines) do
        print(index, line)
      end
      return #order.lines, "done"]])
    assert.are.equal("1\ttea\n2\tink\n", answer.printed)
    assert.are.same({ "2", '"done"' }, answer.values)
  end)

  it("prints to the console only, not to the log", function()
    local id, frames = console.fail(host, "/order/5/")
    console.ask(host, id, console.frame_of(frames, "total"), "print 'for the console alone'")
    assert.is_nil(host:log():find("for the console alone", 1, true))
  end)

  it("shows tables as deep as they are, up to a bound, and cycles as such", function()
    local id, frames = console.fail(host, "/order/5/")
    local total = console.frame_of(frames, "total")
    local text = shown(id, total, "{ a = { b = { c = { 'far down' } } } }")
    assert.is_truthy(text:find('{ "far down" }', 1, true))
    assert.is_true(#shown(id, total, "(function() local t = {} t.t = t return t end)()") < 200)
    local answer = console.ask(host, id, total, "return ('x'):rep(1000000), ('y'):rep(1000000)")
    assert.is_true(#answer.values[1] < 20000)
    answer = console.ask(host, id, total, "for _ = 1, 100 do print(('x'):rep(10000)) end")
    assert.is_true(answer.truncated)
    assert.is_true(#answer.printed <= 64 * 1024)
  end)

  it("shows bytes that are no text without breaking", function()
    local id, frames = console.fail(host, "/order/5/")
    local answer = console.ask(host, id, console.frame_of(frames, "total"), "print('\\xff\\0\\x80') return '\\xff\\0'")
    assert.are.equal(json.null, answer.error)
    assert.is_truthy(answer.printed:find("\u{FFFD}", 1, true))
  end)

  it("names line and reason of code that is wrong", function()
    local id, frames = console.fail(host, "/order/5/")
    local answer = console.ask(host, id, console.frame_of(frames, "total"), "local a = 1\nlocal b = = 2")
    assert.is_truthy(answer.error:find("console:2: unexpected symbol near '='", 1, true))
    assert.are.equal(2, answer.line)
    assert.are.same({}, answer.trace)
  end)

  it("names line and reason of code that raises, and the way there", function()
    local id, frames = console.fail(host, "/order/5/")
    local total = console.frame_of(frames, "total")
    local answer = console.ask(host, id, total, "print 'before'\nreturn order.nothing.more")
    assert.is_truthy(answer.error:find("^console:2: attempt to index a nil value"))
    assert.are.equal(2, answer.line)
    assert.are.equal("before\n", answer.printed)
    answer = console.ask(host, id, total, "\n\nlocal entry = require('lib.ledger').check { name = 'Hopper' }")
    assert.is_truthy(answer.error:find("no entry for Hopper", 1, true))
    assert.are.equal(3, answer.line)
    assert.is_truthy(answer.trace[1]:find("ledger.lua:%d+: in .*check"))
    answer = console.ask(host, id, total, "error { reason = 'a table' }")
    assert.is_truthy(answer.error:find("table", 1, true))
    assert.are.equal("5", shown(id, total, "amount")) -- and the frame is as it was
  end)

  it("of a coroutine that failed inside the request is asked as any other", function()
    local id, frames = console.fail(host, "/resumed/")
    assert.are.equal('"resumed with seven" | "seven"', shown(id, frames[2], "inside, given"))
    local outer = frames[#frames - 1]
    for _, frame in ipairs(frames) do
      outer = frame.locals and frame.locals.outside and frame or outer
    end
    assert.are.equal('"the resumer" | "dead"', shown(id, outer, "outside, coroutine.status(worker)"))
    id, frames = console.fail(host, "/wrapped/")
    assert.are.equal('"wrapped around eight" | "eight"', shown(id, frames[2], "inside, given"))
  end)

  it("of an exception handler that failed is asked beside the frames of what it was to handle", function()
    local id, frames, report = console.fail(host, "/handled-badly/")
    assert.are.equal('"/handled-badly/"', shown(id, console.frame_of(frames, "handler"), "path"))
    assert.are.equal('"badly"', shown(id, report.causes[1].frames[2], "handled"))
  end)

  it("that is gone because its coroutine was closed has no console", function()
    local before = client.get(host, "/closed/").json().closed
    local _, frames = console.fail(host, "/wrapped-closing/")
    assert.is_nil(frames[1].level)
    assert.is_number(frames[#frames].level)
    host:eventually("it was closed at once", function()
      return client.get(host, "/closed/").json().closed > before
    end)
  end)

  it("far down in a deep stack is the one that its place says", function()
    local id, frames = console.fail(host, "/deep/")
    local first, last
    for _, frame in ipairs(frames) do
      if frame["function"] == "down" then
        first, last = first or frame, frame
      end
    end
    assert.are.equal("0", shown(id, first, "level"))
    assert.are.equal("150", shown(id, last, "level"))
  end)

  it("reads the database, and does not change it", function()
    local id, frames = console.fail(host, "/transaction/")
    local frame = frames[2]
    local names = [[local names = {} for i, row in ipairs(db.query('SELECT name FROM "order" ORDER BY id')) do
      names[i] = row.name end return table.concat(names, ' ')]]
    assert.is_truthy(shown(id, frame, names):find("tea ink", 1, true))
    local writes <const> = {
      [[db.exec("UPDATE \"order\" SET name = 'changed'")]],
      [[db.query("INSERT INTO \"order\" (name) VALUES ('new') RETURNING id")]],
      [[db.exec("DROP TABLE account")]],
      [[db.transaction(function() db.exec("DELETE FROM \"order\"") end)]],
    }
    for _, code in ipairs(writes) do
      local answer = console.ask(host, id, frame, code)
      assert.is_truthy(answer.error:find("the console only reads", 1, true), answer.error)
    end
    assert.is_truthy(console.ask(host, id, frame, "db.exec('PRAGMA query_only = 0')").error:find("PRAGMA", 1, true))
    assert.are.same({ { id = 1, name = "tea" }, { id = 2, name = "ink" } }, client.get(host, "/orders/").json())
    -- And requests write as before.
    assert.are.equal(201, client.request(host, { method = "POST", path = "/orders/" }).status)
    assert.are.equal(3, #client.get(host, "/orders/").json())
  end)

  it("reaches neither ErrorLog nor what a script may not reach", function()
    local id, frames = console.fail(host, "/order/5/")
    local total = console.frame_of(frames, "total")
    local before = #json.decode(host:cli("errors", "list", "--json", "--limit", "1000").stdout)
    for _, call in ipairs { "record('mine')", "list()", "get('ERR-0000-0000')", "groups()" } do
      local answer = console.ask(host, id, total, "require('mulligan.errorlog')." .. call)
      assert.is_truthy(answer.error:find("the console cannot reach ErrorLog", 1, true), answer.error)
    end
    assert.are.equal(before, #json.decode(host:cli("errors", "list", "--json", "--limit", "1000").stdout))
    assert.are.equal("nil | nil | nil | nil", shown(id, total, "io, os.execute, debug.getlocal, _G"))
    assert.is_truthy(console.ask(host, id, total, "\27Lua").error)
    assert.is_truthy(console.ask(host, id, total, "string.format = nil").error:find("read-only", 1, true))
  end)

  it("does not tell secrets, by whatever name they are asked", function()
    local id, frames = console.fail(host, "/secret/", {
      Accept = "application/json", Authorization = "Bearer tell-nobody-4f6a7720", ["X-Api-Key"] = "k-8812-quiet-garden",
    })
    local frame = frames[2]
    local secrets <const> = { "swordfish", "tell-nobody", "quiet-garden", "kept-to-oneself" }
    local questions <const> = {
      "password", "account", "account.password", "print(password)", "'it is ' .. password", "error(password)",
      "req.headers", "req.headers.authorization", "req.headers['x-api-key']", "print(req.headers['x-api-key'])",
      "{ x = password, [password] = 1 }",
      "require('mulligan.db').query('SELECT * FROM account')",
      "require('mulligan.db').one('SELECT password_hash FROM account').password_hash",
      "print(require('mulligan.db').one('SELECT password_hash FROM account').password_hash)",
    }
    for _, code in ipairs(questions) do
      local response = console.post(host, "evaluate", { request = id, level = frame.level, code = code })
      assert.are.equal(200, response.status)
      for _, secret in ipairs(secrets) do
        assert.is_nil(response.body:find(secret, 1, true), ("%s told: %s"):format(code, response.body))
      end
      assert.is_truthy(response.body:find("[scrubbed]", 1, true), code .. " told: " .. response.body)
    end
    assert.are.equal("true", shown(id, frame, "password == account.password"))
    assert.are.equal('"ada"', shown(id, frame, "account.name"))
  end)

  it("that there is not, or whose request there was not, is refused", function()
    local id, frames = console.fail(host, "/order/5/")
    local function evaluate(question)
      question.code = "1"
      return console.post(host, "evaluate", question)
    end
    console.refused(evaluate { request = id, level = 5000 }, 404, "no_frame")
    console.refused(evaluate { request = id, level = -1 }, 404, "no_frame")
    console.refused(evaluate { request = id, level = math.maxinteger }, 404, "no_frame")
    console.refused(evaluate { request = id, level = frames[1].level + (1 << 40) }, 404, "no_frame")
    console.refused(evaluate { request = "000000000000", level = 0 }, 410, "unknown")
    console.refused(evaluate { request = "", level = 0 }, 410, "unknown")
    console.refused(evaluate { request = ("x"):rep(500), level = 0 }, 410, "unknown")
    console.refused(evaluate { request = id, level = 1.5 }, 400, "malformed")
    local long <const> = { request = id, level = 0, code = ("x"):rep(65537) }
    console.refused(console.post(host, "evaluate", long), 400, "malformed")
  end)

  it("is not kept of what a client was to see", function()
    local response = client.get(host, "/missing/", { Accept = "application/json" })
    assert.are.equal(404, response.status)
    local question = { request = response.headers["x-request-id"], level = 0, code = "1" }
    console.refused(console.post(host, "evaluate", question), 410, "unknown")
  end)
end)
