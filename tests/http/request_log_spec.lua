--- Each request, good or bad, is a line of logs/access.log and a row of requests.db, without secrets; and what becomes
-- of either harms no request.
local client = require "support.client"
local json = require "mulligan.json"
local server = require "support.server"
local shell = require "support.shell"

local APP <const> = server.source("tests/http/apps/requests")

--- host ident user [time] "request" status bytes "referer" "user-agent" microseconds
local LINE <const> = '^(%S+) %- (%S+) %[(%d%d/%a%a%a/%d%d%d%d:%d%d:%d%d:%d%d [+-]%d%d%d%d)%] "(.*)" (%d%d%d) (%d+)'
  .. ' "(.*)" "(.*)" (%d+)$'

local function start(env, data)
  return server.start { scripts = APP, env = env, data = data }
end

local function read_lines(host, name)
  local list <const> = {}
  for line in (shell.read(host.data .. "/logs/" .. (name or "access.log")) or ""):gmatch("([^\n]*)\n") do
    local address <const>, user <const>, _, request <const>, status <const>, bytes <const>, referer <const>,
      agent <const>, duration <const> = line:match(LINE)
    assert(address, "not a line of the combined format: " .. line)
    list[#list + 1] = {
      address = address, user = user, request = request, status = math.tointeger(tonumber(status)),
      bytes = math.tointeger(tonumber(bytes)), referer = referer, agent = agent,
      duration = math.tointeger(tonumber(duration)), text = line,
    }
  end
  return list
end

local function rows(host, ...)
  local result <const> = host:cli("requests", "--json", ...)
  assert.are.equal(0, result.status, result.stderr)
  return json.decode(result.stdout), result.stderr
end

--- Runs SQL on requests.db and gives the first line of what it says.
local function ask(host, sql)
  local result <const> = shell.run { "sqlite3", "-bail", host.data .. "/requests.db", sql }
  assert.are.equal(0, result.status, result.stderr)
  return (result.stdout:gsub("\n$", ""))
end

local function await_lines(host, count)
  return host:eventually(count .. " lines", function()
    local list <const> = read_lines(host)
    return #list >= count and list
  end)
end

local function await_rows(host, count)
  return host:eventually(count .. " rows", function()
    local result <const> = host:cli("requests", "--json", "--limit", 100000)
    local list <const> = result.status == 0 and json.decode(result.stdout) -- it may be being mended
    return list and #list >= count and list
  end)
end

describe("the request log", function()
  local host

  before_each(function()
    host = nil
  end)

  after_each(function()
    if host then
      host:stop()
    end
  end)

  it("has a line and a row of every kind of request", function()
    host = start()
    local name <const> = { Authorization = "Name Grace k3yOfGrace1" }
    local json_type <const> = { ["Content-Type"] = "application/json" }
    local kinds <const> = {
      { request = { path = "/plain/" }, status = 200, route = "/plain/", line = "GET /plain/ HTTP/1.1" },
      { request = { path = "/thing/%ED%95%9C/?a=1&b=%22" }, status = 200, route = "/thing/{name}/",
        line = "GET /thing/%ED%95%9C/?a=1&b=%22 HTTP/1.1", path = "/thing/한/", query = "a=1&b=%22" },
      { request = { path = "/who/", headers = name }, status = 200, route = "/who/", user = "Grace@example.com",
        line = "GET /who/ HTTP/1.1" },
      { request = { path = "/who/" }, status = 401, route = "/who/", line = "GET /who/ HTTP/1.1" },
      { request = { path = "/strict/" }, status = 200, route = "/strict/", line = "GET /strict/ HTTP/1.1" },
      { request = { path = "/boom/" }, status = 500, route = "/boom/", line = "GET /boom/ HTTP/1.1" },
      { request = { path = "/none/" }, status = 404, line = "GET /none/ HTTP/1.1" },
      { request = { path = "/plain/", method = "DELETE" }, status = 405, route = "/plain/",
        line = "DELETE /plain/ HTTP/1.1" },
      { request = { path = "/plain/", method = "OPTIONS" }, status = 200, route = "/plain/", bytes = 0,
        line = "OPTIONS /plain/ HTTP/1.1" },
      { request = { path = "/plain/", method = "HEAD" }, status = 200, route = "/plain/", bytes = 0,
        line = "HEAD /plain/ HTTP/1.1" },
      { request = { path = "/nothing/" }, status = 204, route = "/nothing/", bytes = 0,
        line = "GET /nothing/ HTTP/1.1" },
      { request = { path = "/plain?x=1" }, status = 301, route = "/plain/", bytes = 0,
        line = "GET /plain?x=1 HTTP/1.1", path = "/plain", query = "x=1" },
      { request = { path = "/plain/", headers = { Accept = "image/png" } }, status = 406, route = "/plain/",
        line = "GET /plain/ HTTP/1.1" },
      { request = { path = "/quiet/", method = "POST", body = "{", headers = json_type }, status = 400,
        route = "/quiet/", line = "POST /quiet/ HTTP/1.1" },
      { request = { path = "/bad%0apath/" }, status = 400, path = "/bad%0apath/", line = "GET /bad%0apath/ HTTP/1.1" },
      { request = { path = "/plain/", headers = { ["Content-Length"] = "x" } }, status = 411,
        line = "GET /plain/ HTTP/1.1" },
      { request = { path = "/plain/", method = "BREW" }, status = 400, line = "BREW /plain/ HTTP/1.1" },
    }
    for index, kind in ipairs(kinds) do
      local response <const> = client.request(host, kind.request)
      assert.are.equal(kind.status, response.status, kind.line)
      kind.id, kind.bytes = response.headers["x-request-id"], kind.bytes or #response.body
      local line <const> = await_lines(host, index)[index]
      assert.are.same({ kind.line, kind.status, kind.bytes, kind.user or "-", "127.0.0.1" },
        { line.request, line.status, line.bytes, line.user, line.address })
    end
    assert.are.equal(#kinds, #read_lines(host))
    local found <const> = await_rows(host, #kinds)
    assert.are.equal(#kinds, #found)
    for index, kind in ipairs(kinds) do
      local row <const> = found[#kinds + 1 - index] -- the newest first
      assert.are.same({
        kind.id, kind.route or json.null, kind.line:match("^%u+"), kind.status, kind.bytes, kind.user or json.null,
        "127.0.0.1", kind.path or kind.line:match("(/[^ ]*)"), kind.query or json.null, 1,
      }, {
        row.request_id, row.route, row.method, row.status, row.bytes, row.user_email, row.remote_addr, row.path,
        row.query, row.weight,
      })
      assert.is_true(row.duration_us > 0 and row.started_at > 1.6e15)
      assert.are.same({ json.null, json.null }, { row.input, row.output })
      assert.are.equal(kind.status == 500, row.error_ref ~= json.null)
    end
  end)

  it("has the requests whose head cannot be read", function()
    host = start()
    local heads <const> = { "NOT HTTP\r\n\r\n", "GET * HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /plain/ HTTP/1.1\r\n\r\n", "GET /" .. ("x"):rep(20000) .. " HTTP/1.1\r\nHost: x\r\n\r\n" }
    for index, head in ipairs(heads) do
      local answer <const> = client.raw(host, head)
      local line <const> = await_lines(host, index)[index]
      assert.are.equal(answer:match("^HTTP/1.1 (%d%d%d)"), tostring(line.status), head:sub(1, 40))
      assert.is_true(line.status >= 400)
    end
    assert.are.equal(#heads, #read_lines(host))
    assert.are.equal(#heads, #await_rows(host, #heads))
  end)

  it("keeps a request on one line, whatever is in it", function()
    host = start()
    local agents <const> = { 'a"b', "a\\", 'x" 200 0 "-" "y" 1', ("u"):rep(8000), "\27[31mred", "한국어", "\xff\xfe" }
    for index, agent in ipairs(agents) do
      client.raw(host, 'GET /thing/%22%5c"\\ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'
        .. ("Referer: %s\r\nUser-Agent: %s\r\n\r\n"):format(agent, agent))
      local line <const> = await_lines(host, index)[index]
      assert.is_nil(line.text:find("[^ -~]"))
    end
    client.get(host, "/thing/%0d%0aevil%00/?q=%0a%0d")
    assert.are.equal(#agents + 1, #await_lines(host, #agents + 1))
    assert.are.equal(#agents + 1, #await_rows(host, #agents + 1))
  end)

  it("keeps bodies only where a route asks for it, and never a secret", function()
    host = start()
    local secrets <const> = {
      "b0dyPassw0rd11", "answ3redT0ken99", "qu3ryT0ken22", "r3fererT0ken33", "ag3ntT0ken44", "p4thT0ken5566",
      "cook1eSess10n77", "f0rmPassw0rd88",
    }
    local all <const> = {
      Authorization = "Bearer ag3ntT0ken44", Cookie = "session=cook1eSess10n77",
      ["User-Agent"] = "app/1 (ag3ntT0ken44; cook1eSess10n77)", Referer = "http://x/?password=r3fererT0ken33",
    }
    local sent <const> = { password = "b0dyPassw0rd11", note = "mine", long = 40000 }
    local answers <const> = {
      client.get(host, "/reset/p4thT0ken5566/?again=p4thT0ken5566", all),
      client.get(host, "/plain/?api_key=qu3ryT0ken22&who=ag3ntT0ken44", all),
      client.get(host, "/thing/ag3ntT0ken44/", all),
      client.json(host, "POST", "/bodies/", sent, all),
      client.form(host, "POST", "/bodies/", { password = "f0rmPassw0rd88", note = "b c" }, all),
      client.json(host, "POST", "/quiet/", { note = "nobody asked for this" }),
    }
    await_rows(host, #answers)
    local found <const> = {}
    for index, answer in ipairs(answers) do
      local shown <const> = host:cli("requests", "show", answer.headers["x-request-id"], "--json")
      found[index] = json.decode(shown.stdout)
    end
    assert.are.equal(json.null, found[6].input)
    assert.are.equal(json.null, found[6].output)
    assert.are.equal("note=b%20c&password=[scrubbed]", found[5].input)
    assert.are.equal("it was [scrubbed]", json.decode(found[5].output).note)
    assert.are.equal("[scrubbed]", json.decode(found[5].output).token)
    assert.are.equal("mine", json.decode(found[4].input).note)
    assert.are.equal(#json.encode(sent), found[4].input_bytes)
    assert.are.equal(16 * 1024, #found[4].output)
    assert.are.equal("/reset/[scrubbed]/", found[1].path)
    local shown <const> = host:cli("requests", "show", found[4].request_id)
    assert.is_truthy(shown.stdout:find('"mine"', 1, true))
    host:signal("TERM")
    assert.are.equal(0, host:wait())
    for _, secret in ipairs(secrets) do
      assert.are.equal("", shell.run({ "grep", "-rlaiF", "-e", secret, host.data }).stdout, secret)
      assert.is_nil(host:log():find(secret, 1, true))
    end
    assert.are.equal("", shell.run({ "grep", "-rlaiF", "-e", "nobody asked", host.data }).stdout)
    host:forget()
    host = nil
  end)

  it("loses no line under load, and keeps exact counts of a sample", function()
    host = start { MULLIGAN_REQUEST_LOG_RATE = 50, MULLIGAN_LOG_SIZE = 20000, MULLIGAN_LOG_FILES = 1000 }
    local answered <const> = client.drive(host, {
      clients = 8, request = { path = "/plain/" }, step = function(responses)
        return #responses >= 1500
      end,
    })
    host:signal("TERM")
    assert.are.equal(0, host:wait())
    local lines = 0
    for name in shell.run({ "ls", host.data .. "/logs" }).stdout:gmatch("access%S*") do
      lines = lines + #read_lines(host, name)
    end
    -- Those that were under way at the end were served, too, but nobody waited for them.
    assert.is_true(lines >= #answered and lines <= #answered + 8, lines .. " lines of " .. #answered)
    assert.are.equal(tostring(lines), ask(host, "SELECT sum(requests) FROM request_minute"))
    local kept <const> = tonumber(ask(host, "SELECT count(*) FROM request_log"))
    assert.are.equal(tostring(lines - kept), ask(host, "SELECT sum(sampled) FROM request_minute"))
    local listed <const>, said <const> = rows(host)
    assert.are.equal(math.min(kept, 50), #listed)
    assert.are.equal(lines > kept, said:find("too fast", 1, true) ~= nil, said)
    host:forget()
    host = nil
  end)

  it("opens its file anew at HUP, and goes on after a restart", function()
    local data <const> = shell.temporary_folder()
    host = start(nil, data)
    client.get(host, "/plain/")
    await_lines(host, 1)
    assert(os.rename(data .. "/logs/access.log", data .. "/logs/moved.log"))
    host:signal("HUP")
    host:eventually("the new file", function()
      return shell.read(data .. "/logs/access.log")
    end)
    client.get(host, "/thing/new/")
    assert.are.equal("GET /thing/new/ HTTP/1.1", await_lines(host, 1)[1].request)
    assert.are.equal(1, #read_lines(host, "moved.log"))
    host:stop()
    host = start(nil, data)
    client.get(host, "/thing/newest/")
    local found <const> = await_rows(host, 3)
    assert.are.equal("/thing/newest/", found[1].path)
    assert.are.equal(3, found[1].id)
    assert.are.equal(2, #read_lines(host))
    host:stop()
    host = nil
    shell.remove(data)
  end)

  it("goes on without requests.db, says so once, and mends it", function()
    host = start()
    client.get(host, "/plain/")
    await_rows(host, 1)
    -- Removed.
    assert(os.execute(("rm %s/requests.db"):format(shell.quote(host.data))))
    client.get(host, "/thing/removed/")
    assert.are.equal("/thing/removed/", await_rows(host, 1)[1].path)
    -- Overwritten by something else, its log gone.
    assert(os.execute(("rm %s/requests.db-*"):format(shell.quote(host.data))))
    shell.write(host.data .. "/requests.db", ("no database "):rep(1000))
    client.get(host, "/thing/broken/")
    client.get(host, "/thing/broken/")
    await_lines(host, 4)
    host:eventually("a new requests.db", function()
      client.get(host, "/thing/mended/")
      local result <const> = host:cli("requests", "--json", "--path", "/thing/mended/")
      return result.status == 0 and #json.decode(result.stdout) > 0
    end)
    assert.is_truthy(shell.read(host.data .. "/requests.db.broken"))
    -- Not writable for anybody, since a folder has its name.
    assert(os.execute(("cd %s && rm requests.db* && mkdir requests.db"):format(shell.quote(host.data))))
    local before <const> = #read_lines(host)
    for _ = 1, 3 do
      assert.are.equal(200, client.get(host, "/thing/folder/").status)
    end
    await_lines(host, before + 3)
    host:eventually("a word in the log", function()
      return host:log():find("is a folder, not a database", 1, true)
    end)
    local _, told <const> = host:log():gsub("is a folder, not a database", "")
    assert.are.equal(1, told)
    assert(os.execute(("rmdir %s/requests.db"):format(shell.quote(host.data))))
    assert.are.equal("/thing/folder/", await_rows(host, 3)[1].path)
  end)

  it("is left out where the settings say so", function()
    host = start { MULLIGAN_ACCESS_LOG = "off", MULLIGAN_REQUEST_LOG = "off" }
    assert.are.equal(200, client.get(host, "/plain/").status)
    assert.are.equal("No requests.\n", host:cli("requests").stdout)
    assert.is_nil(shell.read(host.data .. "/logs/access.log"))
    assert.is_nil(shell.read(host.data .. "/requests.db"))
  end)
end)

describe("mulligan requests", function()
  local host

  setup(function()
    host = start()
    local name <const> = { Authorization = "Name Grace k3yOfGrace1" }
    for index, path in ipairs { "/slow/", "/plain/", "/who/", "/boom/", "/none/\27%5b31m/", "/thing/%1b%5b31m/" } do
      client.get(host, path, path == "/who/" and name or nil)
      await_lines(host, index) -- what came first is to stand first
    end
    await_rows(host, 6)
  end)

  teardown(function()
    host:stop()
  end)

  local function paths(...)
    local list <const> = {}
    for index, row in ipairs((rows(host, ...))) do
      list[index] = row.path
    end
    return list
  end

  it("lists the newest first, or the slowest", function()
    assert.are.equal("/boom/", paths()[3])
    assert.are.equal("/slow/", paths()[6])
    local slowest <const> = rows(host, "--slow")
    assert.are.equal(6, #slowest)
    for index = 2, #slowest do
      assert.is_true(slowest[index - 1].duration_us >= slowest[index].duration_us)
    end
    assert.are.equal(slowest[1].path, paths("--slow", "--limit", 1)[1])
  end)

  it("finds by status, route, path, user and time", function()
    assert.are.same({ "/boom/" }, paths("--status", "5xx"))
    assert.are.same({ "/boom/" }, paths("--status", "500"))
    assert.are.same({ "/who/" }, paths("--user", "Grace@example.com"))
    assert.are.same({ "/who/" }, paths("--user", "5"))
    assert.are.same({ "/plain/" }, paths("--path", "/plain/"))
    assert.are.same({ "/who/" }, paths("--route", "/who/"))
    assert.are.equal(6, #paths("--since", "1h"))
    assert.are.same({}, paths("--since", "2100-01-01T00:00:00Z"))
  end)

  it("shows people a table that steers no terminal", function()
    local result <const> = host:cli("requests")
    assert.are.equal(0, result.status)
    assert.is_nil(result.stdout:find("[^\n\32-\126]"))
    assert.is_truthy(result.stdout:find("200 .* Grace@example.com .* GET /who/\n"))
    assert.is_truthy(result.stdout:find("500 .* GET /boom/  ERR%-"))
    assert.is_truthy(result.stdout:find("^TIME"))
    host.environment.LC_ALL = "ko_KR.UTF-8"
    local korean <const> = host:cli("requests").stdout
    host.environment.LC_ALL = nil
    assert.is_truthy(korean:find("걸린 시간", 1, true))
  end)

  it("refuses what it does not understand", function()
    for _, words in ipairs { { "--status", "6xx" }, { "--status", "abc" }, { "--since", "soon" }, { "--limit", "0" },
      { "nonsense" }, { "show" }, { "list", "more" }, { "--slow", "--follow" } } do
      local result <const> = host:cli("requests", table.unpack(words))
      assert.are.equal(2, result.status, table.concat(words, " "))
      assert.is_truthy(result.stderr:find("^mulligan requests: "))
    end
    local unknown <const> = host:cli("requests", "show", "no-such-id")
    assert.are.equal(1, unknown.status)
    assert.is_truthy(unknown.stderr:find("no-such-id", 1, true))
    assert.are.equal(1, server.run({ "requests", "--data", host.data .. "/nowhere" }).status)
  end)

  it("follows what comes, an object a line, and ends at Ctrl-C with 130", function()
    local folder <const> = shell.temporary_folder()
    local command <const> = shell.join { server.binary(), "requests", "--follow", "--json", "--limit", "1",
      "--data", host.data, "--scripts", host.scripts }
    local pipe <const> = assert(io.popen(("setpriv --pdeathsig KILL %s >%s/out & echo $!; wait $!; echo $?")
      :format(command, folder)))
    local pid <const> = pipe:read("l")
    local function followed()
      local list <const> = {}
      for line in (shell.read(folder .. "/out") or ""):gmatch("[^\n]+\n") do
        list[#list + 1] = assert(json.decode(line)).path
      end
      return list
    end
    host:eventually("the last request", function()
      return #followed() >= 1
    end)
    for index, path in ipairs { "/thing/one/", "/thing/two/" } do
      client.get(host, path)
      host:eventually("what came", function()
        return #followed() > index
      end)
    end
    assert.are.same({ "/thing/one/", "/thing/two/" }, { table.unpack(followed(), 2) })
    assert(os.execute("kill -INT " .. pid))
    assert.are.equal("130", pipe:read("l"))
    pipe:close()
    shell.remove(folder)
  end)
end)
