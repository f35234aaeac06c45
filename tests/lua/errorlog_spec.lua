--- What a script can do with ErrorLog: record, look up, count, and work on groups.
local ErrorLog = require "mulligan.errorlog"
local json = require "mulligan.json"
local time = require "mulligan.time"

--- A path that no other test uses, so that filters find this test's errors only.
local number = 0
local function fresh_path()
  number = number + 1
  return "/errorlog-spec/" .. number .. "/"
end

describe("errorlog", function()
  it("records a message and finds it by its reference", function()
    local reference = ErrorLog.record "the printer is on fire"
    assert.matches("^ERR%-[0-9A-HJKMNP-TV-Z][0-9A-HJKMNP-TV-Z][0-9A-HJKMNP-TV-Z][0-9A-HJKMNP-TV-Z]%-....$", reference)
    local row = assert(ErrorLog.get(reference))
    assert.are.equal("the printer is on fire", row.message)
    assert.are.equal("Recorded", row.exc_type)
    assert.are.equal("error", row.level)
    assert.are.equal(reference, row.ref)
    assert.is_false(row.handled)
    assert.is_nil(row.user_id)
    assert.is_nil(row.cause_ref)
  end)

  it("keeps every field it is given", function()
    local fields = {
      type = "PrinterError", message = "no paper", level = "warning", status = 503, code = "no_paper",
      app_code = 4711, fingerprint = "printer", method = "POST", route = "/print/{id:int}/", path = "/print/3/",
      query = "copies=2", body = "text", user_id = 7, user_email = "kim@example.com", remote_addr = "127.0.0.1",
      user_agent = "curl", request_id = "ab12", script = "print.lua", operator = "lee",
    }
    local given = { handled = true, args = { copies = 2 }, headers = { accept = "*/*" }, value = { 1, 2 }, wait = true }
    for name, value in pairs(fields) do
      given[name] = value
    end
    local row = ErrorLog.get(ErrorLog.record(given))
    for name, value in pairs(fields) do
      if name ~= "type" and name ~= "fingerprint" then
        assert.are.equal(value, row[name], name)
      end
    end
    assert.are.equal("PrinterError", row.exc_type)
    assert.is_true(row.handled)
    assert.are.same({ copies = 2 }, row.args)
    assert.are.equal("*/*", row.headers.accept)
    assert.are.equal("[1,2]", row.value)
    assert.are.equal(4, row.body_length)
  end)

  it("takes what it can from a request", function()
    local request = {
      method = "GET", path = "/a/3/", route = "/a/{id}/", id = "0123456789abcdef", remote_addr = "10.0.0.1",
      headers = { ["user-agent"] = "spec", authorization = "Bearer abcdefghijklmnop" },
      user = { id = 12, email = "kim@example.com" },
    }
    local row = ErrorLog.get(ErrorLog.record { message = "x", request = request, path = "/b/" })
    assert.are.equal("GET", row.method)
    assert.are.equal("/b/", row.path)
    assert.are.equal("/a/{id}/", row.route)
    assert.are.equal("0123456789abcdef", row.request_id)
    assert.are.equal("spec", row.user_agent)
    assert.are.equal(12, row.user_id)
    assert.are.equal("kim@example.com", row.user_email)
    assert.are.equal("[scrubbed]", row.headers.authorization)
  end)

  it("stores no secret", function()
    local row = ErrorLog.get(ErrorLog.record {
      message = "cannot reach https://kim:hunter22@example.com/",
      query = "token=hunter22&page=1",
      body = '{"password": "hunter22", "name": "kim"',
      args = { api_key = "hunter22", deep = { { secret = { "hunter22" } } } },
    })
    assert.is_nil(json.encode(row):find("hunter22", 1, true))
    assert.is_true(row.scrubbed >= 5)
    assert.matches("kim", row.body)
    assert.matches("page=1", row.query)
  end)

  it("refuses what it does not know, and names it", function()
    local function raises(fields, text)
      local ok, message = pcall(ErrorLog.record, fields)
      assert.is_false(ok)
      assert.matches(text, message, 1, true)
    end
    raises({ mesage = "x" }, "mesage")
    raises({ message = {} }, "'message' must be a text")
    raises({ status = "many" }, "'status' must be a whole number")
    raises({ source = "nowhere" }, "'source'")
    raises({ level = "fatal" }, "'level'")
    raises({ args = { f = print } }, "'args' cannot be written")
    raises({ args = 3 }, "'args' must be a table")
    raises({ "x" }, "no field '1'")
    raises(nil, "table expected")
  end)

  it("survives values that cannot be shown", function()
    local broken = setmetatable({}, { __tostring = function() error "no name" end })
    assert.is_false((pcall(ErrorLog.record, { value = broken, message = broken })))
    local row = ErrorLog.get(ErrorLog.record { message = "bytes \xff\0\xfe", value = print })
    assert.are.equal("bytes \u{FFFD}\u{FFFD}\u{FFFD}", row.message)
    assert.matches("^function: ", row.value)
  end)

  it("knows what it does not have", function()
    local row, message, code = ErrorLog.get "ERR-0000-0000"
    assert.is_nil(row)
    assert.matches("ERR-0000-0000", message, 1, true)
    assert.are.equal("missing", code)
    row, message, code = ErrorLog.get "what?"
    assert.is_nil(row)
    assert.matches("what?", message, 1, true)
    assert.are.equal("invalid", code)
  end)

  it("lists the newest first, filtered and in pages", function()
    local path = fresh_path()
    local before = time.us()
    for i = 1, 5 do
      ErrorLog.record { message = "number " .. i, path = path, status = i % 2 == 0 and 404 or 500, user_id = i }
    end
    local rows = ErrorLog.list { path = path }
    assert.are.equal(5, #rows)
    assert.are.equal("number 5", rows[1].message)
    assert.are.equal(2, #ErrorLog.list { path = path, status = 404 })
    assert.are.equal(1, #ErrorLog.list { path = path, user = 3 })
    assert.are.equal(5, #ErrorLog.list { path = path, since = before })
    assert.are.equal(5, #ErrorLog.list { path = path, since = "1h" })
    assert.are.equal(0, #ErrorLog.list { path = path, since = "2999-01-01T00:00:00Z" })
    local page = ErrorLog.list { path = path, limit = 2 }
    assert.are.equal(2, #page)
    assert.are.equal("number 3", ErrorLog.list({ path = path, limit = 2, after = page[2].id })[1].message)
    assert.are.equal(5, ErrorLog.count { path = path })
    assert.are.equal(3, ErrorLog.count { path = path, status = 500 })
    assert.is_true(ErrorLog.count() >= 5)
    assert.has_error(function() ErrorLog.list { since = "yesterday" } end)
    assert.has_error(function() ErrorLog.list { status = {} } end)
  end)

  it("groups what is the same, counts it, and reopens what comes back", function()
    local function again(user)
      return ErrorLog.get(ErrorLog.record { fingerprint = "group spec", type = "Same", message = "m", user_id = user })
    end
    local id = again(1).group_id
    assert.are.equal(id, again(1).group_id)
    assert.are.equal(id, again(2).group_id)
    local group = ErrorLog.groups({ id = id })[1]
    assert.are.equal(3, group.total)
    assert.are.equal(2, group.users)
    assert.are.equal("open", group.state)
    assert.are.equal("Same: m", group.title)
    assert.matches("group spec", group.explanation, 1, true)

    assert.is_true(ErrorLog.resolve(id, "mended", "kim"))
    group = ErrorLog.groups({ id = id })[1]
    assert.are.equal("resolved", group.state)
    assert.are.equal("kim", group.state_by)
    assert.are.equal("mended", group.note)
    again(1)
    group = ErrorLog.groups({ id = id, state = "open" })[1]
    assert.are.equal(1, group.regressions)
    assert.is_truthy(group.regressed_at)

    assert.is_true(ErrorLog.mute(id))
    again(1)
    assert.are.equal("muted", ErrorLog.groups({ id = id })[1].state)
    assert.is_true(ErrorLog.reopen(id))
    assert.are.equal("open", ErrorLog.groups({ id = id })[1].state)
    local done, _, code = ErrorLog.resolve(999999)
    assert.is_nil(done)
    assert.are.equal("missing", code)
  end)

  it("shows the breadcrumbs that came before", function()
    ErrorLog.breadcrumb "before anything happened"
    local crumbs = ErrorLog.get(ErrorLog.record "something").breadcrumbs
    assert.are.equal("before anything happened", crumbs[#crumbs].text)
    assert.are.equal("note", crumbs[#crumbs].kind)
    assert.has_error(function() ErrorLog.breadcrumb() end)
  end)

  it("has a row for an error in a library's finalizer", function()
    local before = time.us()
    setmetatable({}, { __gc = function() error("the box is stuck") end })
    collectgarbage()
    ErrorLog.record "after it, so that it is on the disk"
    local found
    for _, row in ipairs(ErrorLog.list { since = before }) do
      found = row.source == "warning" and row or found
    end
    assert.is_truthy(found, "no row of a warning")
    assert.are.equal("warning", found.level)
    assert.matches("__gc", found.message, 1, true)
    assert.matches("the box is stuck", found.message, 1, true)
  end)
end)
