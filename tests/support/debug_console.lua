--- The console of the debug page, as a page of the server asks it.
--
-- The functions take a server in debug mode, as debug_console.start() returns it; its `cookie` is what they send.
-- @module support.debug_console
local assert = require "luassert"
local client = require "support.client"
local json = require "mulligan.json"
local server = require "support.server"
local shell = require "support.shell"

local FOLDER <const> = "/__mulligan__/debug/"

local debug_console = {}

--- Starts the application whose requests fail, in debug mode.
-- @param options as of server.start(); `args` come after --debug
-- @return the server, with the `pin` that its start printed
function debug_console.start(options)
  options = options or {}
  local host <const> = server.start {
    scripts = options.scripts or server.source("tests/http/apps/frames"),
    args = shell.append({ "--debug" }, options.args),
    env = options.env,
  }
  host.pin = host:eventually("the PIN is printed", function()
    return host:log():match("mulligan: debug mode: the PIN of the debug page's console is (%d%d%d%-%d%d%d%-%d%d%d)\n")
  end)
  return host
end

--- What a page of the server says in Origin.
-- @param host the server
-- @return the header's value
function debug_console.origin(host)
  return ("http://%s:%d"):format(host.host, host.port)
end

--- A request to the console.
-- @param host the server
-- @param address "unlock" or "evaluate"
-- @param value what the body is to say, or the body as a text
-- @param headers more headers, or others; `false` leaves one out
-- @return the request, for client.request() and its like
function debug_console.request(host, address, value, headers)
  local all <const> = {
    Origin = debug_console.origin(host), ["Content-Type"] = "application/json", Cookie = host.cookie,
  }
  for name, text in pairs(headers or {}) do
    all[name] = text or nil
  end
  local body <const> = type(value) == "string" and value or assert(json.encode(value))
  return { method = "POST", path = FOLDER .. address, headers = all, body = body }
end

--- Sends a request to the console.
-- @param ... as of debug_console.request()
-- @return the response
function debug_console.post(host, ...)
  return client.request(host, debug_console.request(host, ...))
end

--- Opens the console by its PIN; from then on the server's `cookie` is sent.
-- @param host the server
function debug_console.unlock(host)
  local response <const> = debug_console.post(host, "unlock", { pin = host.pin })
  assert.are.equal(200, response.status)
  host.cookie = response.headers["set-cookie"]:match("^([^;]+)")
end

--- Makes a request fail.
-- @param host the server
-- @param path what to ask for
-- @param headers more headers
-- @return the request's id
-- @return the frames of its report
-- @return the whole report
function debug_console.fail(host, path, headers)
  local all <const> = { Accept = "application/json" }
  for name, text in pairs(headers or {}) do
    all[name] = text
  end
  local response <const> = client.get(host, path, all)
  assert.are.equal(500, response.status)
  local report <const> = response.json().debug
  return response.headers["x-request-id"], report.frames, report
end

--- The frame of a function.
-- @param frames a list
-- @param name of the function
-- @return the innermost frame of it
function debug_console.frame_of(frames, name)
  for _, frame in ipairs(frames) do
    if frame["function"] == name then
      return frame
    end
  end
  error("there is no frame of " .. name, 2)
end

--- Evaluates code in a frame and fails unless it was evaluated.
-- @param host the server
-- @param id of the request
-- @param frame one of its frames
-- @param code the Lua
-- @return the answer's body
function debug_console.ask(host, id, frame, code)
  local response <const> = debug_console.post(host, "evaluate", { request = id, level = frame.level, code = code })
  assert.are.equal(200, response.status, response.body)
  return response.json()
end

--- Fails unless the response is this refusal, in words.
-- @param response the response
-- @param status what it must be
-- @param code the same
-- @return the body
function debug_console.refused(response, status, code)
  assert.are.equal(status, response.status, response.body)
  local body <const> = response.json()
  assert.are.equal(code, body.code)
  assert.is_true(#body.detail > 0)
  return body
end

return debug_console
