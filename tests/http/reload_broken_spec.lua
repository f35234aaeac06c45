--- Hot reload where something is wrong with the scripts: on a running host, and at its start.
local client = require "support.client"
local errorlog = require "support.errorlog"
local hot = require "support.hot"
local server = require "support.server"
local shell = require "support.shell"

describe("a running host, given bad input,", function()
  local edited, host

  before_each(function()
    edited = hot.new()
  end)

  after_each(function()
    edited:forget()
  end)

  it("stops while scripts load that would not end", function()
    host = edited:start { data = edited.folder .. "/data", env = { MULLIGAN_LOAD_DEADLINE = 3600 } }
    edited:save("routes/loop.lua", 'require("mulligan.log").warning("loading")\nwhile true do end\n')
    edited:eventually_logs "loading"
    host:stop() -- which would take an hour if it waited
    assert.are.same({}, errorlog.list(host))
  end)

  it("takes a folder named like a script for a folder", function()
    host = edited:start()
    edited:save("routes/folder.lua/inner.lua", hot.route("inner", 1))
    edited:eventually_serves("/inner/", 1)
    host:stop()
  end)

  it("names a loop of links, and goes on once it is gone", function()
    host = edited:start()
    edited:sh "ln -s .. scripts/routes/loop"
    edited:refused "a symbolic link leads back to a folder above it"
    edited:sh "rm scripts/routes/loop"
    edited:eventually_logs "recovered: the scripts are again those of generation 1"
    edited:sh "ln -s self scripts/routes/self.lua"
    edited:refused "self.lua"
    host:stop()
  end)

  it("refuses a file of 100 MB without reading it", function()
    host = edited:start()
    edited:sh "truncate -s 100M scripts/routes/huge.lua"
    edited:refused "scripts/routes/huge.lua: it is larger than the 8388608 bytes allowed"
    local pipe <close> = assert(io.popen(("grep VmHWM /proc/%d/status"):format(host.pid)))
    assert.is_truthy(pipe:read("a"):find("VmHWM", 1, true))
    edited:sh "rm scripts/routes/huge.lua"
    edited:eventually_logs "recovered: the scripts are again those of generation 1"
    host:stop()
  end)

  it("refuses compiled chunks and texts that are not UTF-8", function()
    host = edited:start()
    edited:save("lib/binary.lua", string.dump(function() end))
    edited:refused "scripts/lib/binary.lua: this is a compiled chunk"
    edited:save("lib/binary.lua", 'return {\n  name = "caf\xE9",\n}\n')
    edited:refused "scripts/lib/binary.lua:2: not a text in UTF-8: the byte 0xE9"
    edited:save("lib/binary.lua", "\xEF\xBB\xBFreturn 1\n") -- a byte-order mark is no fault
    edited:save("routes/hello.lua", hot.route("hello", 2))
    edited:eventually_serves("/hello/", 2)
    host:stop()
  end)

  it("names both places of a route that is registered twice", function()
    host = edited:start()
    edited:save("routes/twice.lua", "\n\n" .. hot.route("hello", 2))
    local said = edited:refused "scripts/routes/twice.lua:5: "
    assert.is_truthy(said:find("scripts/routes/hello.lua:3", 1, true), said)
    host:stop()
  end)

  it("stops a script that loops while it loads, and names its line", function()
    edited:save("settings.lua", "return { load_deadline = 120 }\n")
    host = edited:start { env = { MULLIGAN_LOAD_DEADLINE = false } }
    -- A machine may be so slow, or so busy, that the time is over before the loop has begun: then more is given.
    local deadline = 0.5
    host:eventually("the loop is named", function()
      deadline = deadline * 2
      edited:save("settings.lua", ("return { load_deadline = %g }\n"):format(deadline))
      edited:save("routes/loop.lua", "local n = 0\n\nrepeat\n  n = n + 1\nuntil false\n")
      edited:eventually_logs(("the scripts took longer than %g s to load"):format(deadline))
      return host:log():find("scripts/routes/loop.lua:[345]: the scripts took longer")
    end)
    assert.are.equal(1, edited:version("/hello/"))
    host:stop()
  end)

  it("waits for the folder to come back when it is removed", function()
    host = edited:start()
    edited:sh "mv scripts gone"
    edited:eventually_logs "generation 1 serves on"
    assert.are.equal(1, edited:version("/hello/"))
    edited:sh "mv gone scripts"
    edited:eventually_logs "recovered: the scripts are again those of generation 1"
    edited:sh "rm -r scripts"
    host:eventually("the second removal is noticed", function()
      local _, count = host:log():gsub("generation 1 serves on", "")
      return count == 2
    end)
    edited:save("routes/hello.lua", hot.route("hello", 2))
    edited:eventually_serves("/hello/", 2)
    host:stop()
  end)
end)

describe("serve on broken scripts", function()
  local folder, scripts

  before_each(function()
    folder = shell.temporary_folder()
    scripts = folder .. "/scripts"
    shell.write(scripts .. "/routes/broken.lua", "local fine = 1\nlocal = 2\n")
  end)

  after_each(function()
    shell.remove(folder)
  end)

  it("does not start, and shows the line", function()
    shell.write(scripts .. "/lib/worse.lua", "return )\n")
    local result = server.run { "serve", "--port", "0", "--data", folder .. "/data", "--scripts", scripts }
    assert.are.equal(1, result.status)
    assert.is_truthy(result.stderr:find("scripts/routes/broken.lua:2: ", 1, true), result.stderr)
    assert.is_truthy(result.stderr:find("     2 | local = 2", 1, true), result.stderr)
    assert.is_truthy(result.stderr:find("scripts/lib/worse.lua:1: ", 1, true), result.stderr)
  end)

  for what, break_it in pairs {
    ["a route does not compile"] = function() end,
    ["settings.lua is broken"] = function()
      shell.write(scripts .. "/routes/broken.lua", "")
      shell.write(scripts .. "/settings.lua", "return {\n")
    end,
    ["the folder is not there"] = function()
      shell.remove(scripts)
    end,
  } do
    it("with --keep-going answers 503 until they are mended, where " .. what, function()
      break_it()
      local host = server.start { scripts = scripts, args = { "--keep-going" } }
      for accept, shape in pairs {
        ["text/html"] = "^<!doctype html>.*being mended",
        ["application/json"] = '^{"detail":".*"code":"not_loaded"',
        ["text/plain"] = "being mended",
      } do
        local response = client.get(host, "/any/path/", { Accept = accept })
        assert.are.equal(503, response.status)
        assert.is_truthy(response.headers["retry-after"])
        assert.is_truthy(response.headers["content-type"]:find(accept, 1, true), response.headers["content-type"])
        assert.is_truthy(response.body:find(shape), response.body)
      end
      local told = host:cli("reload")
      assert.are.equal(1, told.status)
      assert.is_truthy(told.stderr:find("503 until the scripts are mended", 1, true), told.stderr)
      shell.write(scripts .. "/settings.lua", "return {}\n")
      shell.write(scripts .. "/routes/broken.lua", hot.route("hello", 1))
      host:eventually("they are mended", function()
        return client.get(host, "/hello/").status == 200
      end)
      host:eventually("the log says so", function()
        return host:log():find("recovered: generation 1 serves", 1, true)
      end)
      host:stop()
    end)
  end
end)
