--- An HTTP client that hides nothing: it sends what it is told and shows what came back.
--
-- A request is a table: `method` (GET unless given), `path`, `headers`, `body`. Host, Connection: close and
-- Content-Length are added unless the request names them itself (`false` leaves one out). A response is a table:
-- `status`, `reason`, `headers` (lower-case names; a repeated one is joined with ", "), `body`, `closed` (the server
-- ended the connection after it), `continued` (a 100 came before), and `json()`, its body decoded.
-- @module support.client
local json = require "mulligan.json"
local multipart = require "support.multipart"
local socket = require "socket"

local client = {}

--- Seconds without a byte after which none is waited for any more: no machine is as slow as that.
local TIMEOUT <const> = 240

-- ---- writing ----

local function has_header(headers, name)
  for key in pairs(headers) do
    if key:lower() == name then
      return true
    end
  end
  return false
end

--- A request as it goes over the wire.
-- @param server for the Host header
-- @param request see above
-- @param keep_alive without Connection: close
-- @return the bytes
function client.serialize(server, request, keep_alive)
  local headers = request.headers or {}
  local lines = { ("%s %s HTTP/1.1"):format(request.method or "GET", request.path) }
  if not has_header(headers, "host") then
    lines[#lines + 1] = ("Host: %s:%d"):format(server.host, server.port)
  end
  if not keep_alive and not has_header(headers, "connection") then
    lines[#lines + 1] = "Connection: close"
  end
  if request.body and not has_header(headers, "content-length") and not has_header(headers, "transfer-encoding") then
    lines[#lines + 1] = "Content-Length: " .. #request.body
  end
  for name, value in pairs(headers) do
    if value ~= false then
      lines[#lines + 1] = ("%s: %s"):format(name, value)
    end
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. (request.body or "")
end

-- ---- reading ----

--- Takes a chunked body apart.
-- @return the body and the position after it; nil while it is not complete
local function parse_chunks(bytes, position)
  local parts = {}
  while true do
    local first, last, size = bytes:find("^(%x+)[^\r\n]*\r\n", position)
    if not first then
      return nil
    end
    size = tonumber(size, 16)
    if size == 0 then
      local _, finish = bytes:find("^.-\r\n", last + 1)
      return finish and table.concat(parts), finish and finish + 1
    end
    if #bytes < last + size + 2 then
      return nil
    end
    parts[#parts + 1] = bytes:sub(last + 1, last + size)
    position = last + size + 3
  end
end

--- Takes the first response apart.
-- @param bytes what came
-- @param method of the request: the answer to HEAD has no body
-- @param closed nothing more will come
-- @return the response and the position after it; nil while it is not complete
function client.parse(bytes, method, closed)
  local position, continued = 1, false
  local head_end, status, reason
  repeat
    local _, last = bytes:find("\r\n\r\n", position, true)
    if not last then
      return nil
    end
    status, reason = bytes:match("^HTTP/1%.[01] (%d%d%d) ?([^\r\n]*)\r\n", position)
    if not status then
      error("not an HTTP response: " .. bytes:sub(position, position + 200), 0)
    end
    status = math.tointeger(status)
    head_end = last
    if status == 100 then
      continued, position = true, last + 1
    end
  until status ~= 100

  local headers = {}
  for name, value in bytes:sub(position, head_end):gmatch("\r\n([^:\r\n]+):[ \t]*([^\r\n]*)") do
    name = name:lower()
    headers[name] = headers[name] and headers[name] .. ", " .. value or value
  end

  local body, next_position
  if method == "HEAD" or status == 204 or status == 304 then
    body, next_position = "", head_end + 1
  elseif (headers["transfer-encoding"] or ""):lower() == "chunked" then
    body, next_position = parse_chunks(bytes, head_end + 1)
  elseif headers["content-length"] then
    local length = assert(math.tointeger(headers["content-length"]), "the response's Content-Length is no number")
    if #bytes >= head_end + length then
      body, next_position = bytes:sub(head_end + 1, head_end + length), head_end + length + 1
    end
  elseif closed then
    body, next_position = bytes:sub(head_end + 1), #bytes + 1
  end
  if not body then
    return nil
  end

  local response = { status = status, reason = reason, headers = headers, body = body, continued = continued }
  function response.json()
    local value, message = json.decode(body)
    if value == nil then
      error(("not JSON (%s): %s"):format(message, body), 2)
    end
    return value
  end
  return response, next_position
end

-- ---- one connection ----

local Connection = {}
Connection.__index = Connection

--- Opens a connection, for tests that keep it, or that write bytes of their own.
-- @param server host and port
-- @return the connection; nil and a message if it is refused
function client.open(server)
  local peer = socket.tcp()
  peer:settimeout(TIMEOUT)
  local connected, message = peer:connect(server.host, server.port)
  if not connected then
    peer:close()
    return nil, message
  end
  peer:setoption("tcp-nodelay", true)
  return setmetatable({ server = server, peer = peer, buffer = "", closed = false }, Connection)
end

--- Sends bytes as they are. A server that has stopped listening is no failure: its answer tells.
-- @param bytes the bytes
-- @return true, or nil and a message
function Connection:send(bytes)
  return self.peer:send(bytes)
end

--- Reads what has come, waiting for at least one byte.
-- @return true, or nil and "closed" or "timeout"
function Connection:fill()
  self.peer:settimeout(0)
  local bytes, message, partial = self.peer:receive(65536)
  bytes = bytes or partial
  if bytes == "" and message == "timeout" then
    local ready = socket.select({ self.peer }, nil, TIMEOUT)
    if #ready == 0 then
      self.peer:settimeout(TIMEOUT)
      return nil, "timeout"
    end
    bytes, message, partial = self.peer:receive(65536)
    bytes = bytes or partial
  end
  self.peer:settimeout(TIMEOUT)
  self.buffer = self.buffer .. bytes
  if bytes == "" and message ~= "timeout" then
    self.closed = true
    return nil, "closed"
  end
  return true
end

--- Reads one response.
-- @param method of its request
-- @return the response; nil and a message if the connection ended before it was complete
function Connection:receive(method)
  while true do
    local response, position = client.parse(self.buffer, method, self.closed)
    if response then
      self.buffer = self.buffer:sub(position)
      return response
    end
    local filled, message = self:fill()
    if not filled and (message == "timeout" or self.finished) then
      return nil, message
    end
    -- A closed connection may have completed a response without a length: it is parsed once more.
    self.finished = not filled
  end
end

--- Sends a request, keeping the connection, and reads its response.
-- @param request see above
-- @return the response; nil and a message
function Connection:request(request)
  self:send(client.serialize(self.server, request, true))
  return self:receive(request.method)
end

--- Has something come that was not read yet, an answer or the connection's end?
function Connection:has_answer()
  return self.buffer ~= "" or #socket.select({ self.peer }, nil, 0) > 0
end

--- Did the server end the connection, with nothing more on it? Waits for it.
-- @return true, or false if it did not
function Connection:ended()
  local filled, message = self:fill()
  return not filled and message == "closed"
end

function Connection:close()
  self.peer:close()
end

-- ---- requests ----

--- Sends one request on a connection of its own.
-- @param server host and port
-- @param request see above
-- @return the response; raises if none came
function client.request(server, request)
  local connection, message = client.open(server)
  if not connection then
    error(("no connection to port %d: %s"):format(server.port, message), 2)
  end
  connection:send(client.serialize(server, request))
  local response
  response, message = connection:receive(request.method)
  connection:close()
  if not response then
    error(("no answer to %s %s: %s"):format(request.method or "GET", request.path, message), 2)
  end
  return response
end

--- GET, in short.
-- @param server host and port
-- @param path the target
-- @param headers may be nil
-- @return the response
function client.get(server, path, headers)
  return client.request(server, { path = path, headers = headers })
end

local function with_type(headers, content_type)
  local all = { ["Content-Type"] = content_type }
  for name, value in pairs(headers or {}) do
    all[name] = value
  end
  return all
end

--- Sends a value as JSON.
-- @param server host and port
-- @param method the method
-- @param path the target
-- @param value what json.encode() takes
-- @param headers may be nil
-- @return the response
function client.json(server, method, path, value, headers)
  return client.request(server, {
    method = method, path = path, body = assert(json.encode(value)), headers = with_type(headers, "application/json"),
  })
end

--- Fields as application/x-www-form-urlencoded.
-- @param fields a table of names and values, or a list of { name, value }
-- @return the body
function client.form_body(fields)
  local function escape(text)
    return (tostring(text):gsub("[^%w%-%._~]", function(byte)
      return ("%%%02X"):format(byte:byte())
    end))
  end
  local pairs_of = {}
  if #fields > 0 then
    for _, field in ipairs(fields) do
      pairs_of[#pairs_of + 1] = escape(field[1]) .. "=" .. escape(field[2])
    end
  else
    for name, value in pairs(fields) do
      pairs_of[#pairs_of + 1] = escape(name) .. "=" .. escape(value)
    end
    table.sort(pairs_of)
  end
  return table.concat(pairs_of, "&")
end

--- Sends fields as a form.
-- @param fields as of client.form_body()
-- @return the response
function client.form(server, method, path, fields, headers)
  return client.request(server, {
    method = method, path = path, body = client.form_body(fields),
    headers = with_type(headers, "application/x-www-form-urlencoded"),
  })
end

--- Sends fields as multipart/form-data.
-- @param fields as of multipart.build()
-- @return the response
function client.multipart(server, method, path, fields, headers)
  local body, content_type = multipart.build(fields)
  return client.request(server, {
    method = method, path = path, body = body, headers = with_type(headers, content_type),
  })
end

--- Sends bytes as they are.
-- @param server host and port
-- @param bytes what goes over the wire
-- @return all that came back
-- @return true if the server ended the connection
function client.raw(server, bytes)
  local connection = assert(client.open(server))
  connection:send(bytes)
  repeat
    local filled = connection:fill()
  until not filled
  connection:close()
  return connection.buffer, connection.closed
end

-- ---- many at once ----

--- Lets a number of clients each send the same request again and again, until told to stop or the server is gone. One
-- keeps its connection, and makes a new one when the server ends it.
-- @param server host and port
-- @param options `clients`: how many; `request`: what each sends; `step`: a function called with the responses so far
-- after every round of reading, which ends it all by returning true
-- @return a list of the complete responses, in the order of their arrival
function client.drive(server, options)
  local bytes <const> = client.serialize(server, options.request, true)
  local responses, peers, connections = {}, {}, {}

  local function connect(index)
    local connection = client.open(server)
    if connection then
      connection:send(bytes)
      peers[index], connections[connection.peer] = connection.peer, connection
    else
      peers[index] = nil
    end
  end

  for index = 1, options.clients do
    connect(index)
  end
  local done = false
  while next(peers) and not done do
    local open = {}
    for _, peer in pairs(peers) do
      open[#open + 1] = peer
    end
    local ready = socket.select(open, nil, TIMEOUT)
    if #ready == 0 then
      error(("no answer on %d connections for %d seconds"):format(#open, TIMEOUT), 2)
    end
    for index, peer in pairs(peers) do
      local connection = connections[peer]
      local filled = not ready[peer] or connection:fill()
      local response, position = client.parse(connection.buffer, options.request.method, connection.closed)
      if response then
        responses[#responses + 1] = response
        connection.buffer = connection.buffer:sub(position)
      end
      if not filled or (response and (response.headers.connection or ""):lower() == "close") then
        connection:close()
        connections[peer] = nil
        connect(index)
      elseif response then
        connection:send(bytes)
      end
    end
    done = options.step and options.step(responses)
  end
  for _, peer in pairs(peers) do
    peer:close()
  end
  return responses
end

--- Sends several requests at once, each on a connection of its own.
-- @param server host and port
-- @param requests a list
-- @return a list of the responses, in the requests' order; raises if one got none
function client.many(server, requests)
  local connections = {}
  for index = 1, #requests do
    connections[index] = assert(client.open(server))
  end
  for index, request in ipairs(requests) do
    connections[index]:send(client.serialize(server, request))
  end
  -- All are under way by now; in which order their answers are read changes nothing for the server.
  local responses = {}
  for index, request in ipairs(requests) do
    local response, message = connections[index]:receive(request.method)
    connections[index]:close()
    if not response then
      error(("no answer to request %d, %s %s: %s"):format(index, request.method or "GET", request.path, message), 2)
    end
    responses[index] = response
  end
  return responses
end

return client
