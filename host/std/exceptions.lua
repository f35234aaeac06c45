--- Errors that a client should see, shaped as Django REST Framework's.
--
-- A class is a table, an exception an object whose metatable is its class:
--
--    error(exceptions.NotFound("No such seminar.", "no_seminar"))
--    exceptions.ValidationError({ capacity = "Too small." }):raise()
--
-- A script's own class takes three lines:
--
--    local ServiceUnavailable = exceptions.APIException:extend("ServiceUnavailable", {
--      status_code = 503, default_detail = "Try again later.", default_code = "service_unavailable",
--    })
--
-- `detail` is an ErrorDetail, or a list or table of them, nested: each keeps its own code. It holds the English text,
-- which is what ErrorLog stores and groups by; `exc:body()` translates when the response is made.
local i18n = require "mulligan.i18n"
local json = require "mulligan.json"

local exceptions = {}

-- ErrorDetail --------------------------------------------------------------------------------------------------------

local ErrorDetail = { __name = "ErrorDetail" }
ErrorDetail.__index = ErrorDetail

function ErrorDetail:__tostring()
  return self.message
end

--- The message in the language in use.
-- @treturn string
function ErrorDetail:translated()
  local text = i18n.translate(self.source, self.values)
  return self.tail and text .. " " .. self.tail:translated() or text
end

--- One message with its code.
-- @tparam string source the English text, a key of the catalogues
-- @tparam ?string code what a program reads; by default that of the exception it is given to
-- @tparam ?{[string]=any} values for the text's `{name}` placeholders
-- @tparam ?ErrorDetail tail a second sentence
-- @treturn ErrorDetail with `message` (English, filled in) and `code`
function exceptions.ErrorDetail(source, code, values, tail)
  local message = values and i18n.fill(source, values) or source
  if tail then
    message = message .. " " .. tail.message
  end
  return setmetatable({ message = message, code = code, source = source, values = values, tail = tail }, ErrorDetail)
end

local function is_error_detail(value)
  return type(value) == "table" and getmetatable(value) == ErrorDetail
end

-- A copy of a detail tree, `leaf` applied to everything that is no list or table.
local function map(tree, leaf)
  if type(tree) ~= "table" or is_error_detail(tree) then
    return leaf(tree)
  end
  if json.is_array(tree) then
    local list = json.array {}
    for index, item in ipairs(tree) do
      list[index] = map(item, leaf)
    end
    return list
  end
  local result = {}
  for key, item in pairs(tree) do
    result[key] = map(item, leaf)
  end
  return result
end

local function with_codes(detail, code)
  return map(detail, function(value)
    if not is_error_detail(value) then
      return exceptions.ErrorDetail(tostring(value), code)
    end
    return value.code and value or exceptions.ErrorDetail(value.source, code, value.values, value.tail)
  end)
end

--- A tree of ErrorDetails as plain texts in the language in use, ready to be a body.
-- @param detail an ErrorDetail, or a list or table of them, nested
-- @return text, or a list or table of texts
function exceptions.plain(detail)
  return map(detail, ErrorDetail.translated)
end

-- Classes ------------------------------------------------------------------------------------------------------------

--- The base of all: 500 `error`.
-- @field status_code the HTTP status
-- @field default_detail the English text when none is given
-- @field default_code the code when none is given
-- @field detail an ErrorDetail, or a list or table of them
-- @field app_code the service's own code, an integer of three or four digits, or nil
-- @field headers headers that the response is to carry, or nil
-- @field wait whole seconds until trying again makes sense (`Retry-After`), or nil
-- @field auth_header the `WWW-Authenticate` challenge, set by the host
local APIException = {
  __name = "APIException",
  status_code = 500,
  default_detail = "A server error occurred.",
  default_code = "error",
}
APIException.__index = APIException
exceptions.APIException = APIException

local function construct(class, ...)
  local exc = setmetatable({}, class)
  exc:init(...)
  return exc
end
setmetatable(APIException, { __call = construct })

local function check_app_code(app_code)
  if app_code ~= nil and (math.type(app_code) ~= "integer" or app_code < 100 or app_code > 9999) then
    error(("app_code is an integer of three or four digits, not %s"):format(tostring(app_code)), 3)
  end
end

local function absent(value)
  return value == nil or value == json.null
end

--- Fills a new object; a subclass that takes other arguments has its own and calls its parent's.
-- @param detail text, an ErrorDetail, a list or a table, nested; nil for the class's default
-- @tparam ?string code for what has none of its own
-- @tparam ?table options fields of the object: `app_code`, `headers`, `wait`, `cause` (what was caught before: ErrorLog
-- has it beside this one)
function APIException:init(detail, code, options)
  self.detail = with_codes(absent(detail) and self.default_detail or detail, absent(code) and self.default_code or code)
  for name, value in pairs(options or {}) do
    self[name] = value
  end
  check_app_code(self.app_code)
end

--- Makes a subclass.
-- @tparam string name what ErrorLog calls it
-- @tparam ?table members `status_code`, `default_detail`, `default_code`, `app_code`, methods
-- @treturn table the class; call it to make an exception
function APIException:extend(name, members)
  local class = { __name = name, __tostring = self.__tostring, super = self }
  class.__index = class
  for key, value in pairs(members or {}) do
    class[key] = value
  end
  check_app_code(class.app_code)
  return setmetatable(class, { __index = self, __call = construct })
end

--- Raises it.
function APIException:raise()
  error(self, 0)
end

--- The codes alone, in the shape of `detail`.
function APIException:get_codes()
  return map(self.detail, function(detail)
    return detail.code
  end)
end

--- One code for the whole: its own where there is one message, else the class's.
-- @treturn string
function APIException:get_code()
  local detail = self.detail
  if not is_error_detail(detail) and json.is_array(detail) and #detail == 1 then
    detail = detail[1]
  end
  return is_error_detail(detail) and detail.code or self.default_code
end

--- Each message with its code, in the shape of `detail`.
function APIException:get_full_details()
  return map(self.detail, function(detail)
    return { message = detail:translated(), code = detail.code }
  end)
end

--- The response's body, in the language in use: `{ detail = text }`, or `detail` itself where it is a list or table.
-- `app_code` stands beside it, except in a list, which has no place for it.
function APIException:body()
  local body = exceptions.plain(self.detail)
  if type(body) ~= "table" then
    body = { detail = body }
  end
  if self.app_code and not json.is_array(body) then
    body.app_code = self.app_code
  end
  return body
end

local function collect_messages(detail, path, into)
  if is_error_detail(detail) then
    into[#into + 1] = path == "" and detail.message or path .. ": " .. detail.message
    return
  end
  local keys = {}
  for key in pairs(detail) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b)
    return tostring(a) < tostring(b)
  end)
  for _, key in ipairs(keys) do
    -- The place in a list says nothing about a message; the name of a field does.
    local step = type(key) == "number" and path or (path == "" and "" or path .. ".") .. tostring(key)
    collect_messages(detail[key], step, into)
  end
end

-- What ErrorLog keeps as the message: English, on one line, whatever the detail's shape.
function APIException:__tostring()
  local messages = {}
  collect_messages(self.detail, "", messages)
  return table.concat(messages, "; ")
end

--- 400: what was sent does not meet the rules. A text becomes a list of one.
exceptions.ValidationError = APIException:extend("ValidationError", {
  status_code = 400,
  default_detail = "Invalid input.",
  default_code = "invalid",
  init = function(self, detail, code, options)
    local given = absent(detail) and self.default_detail or detail
    local single = type(given) ~= "table" or is_error_detail(given)
    APIException.init(self, single and json.array { given } or given, code, options)
  end,
})

--- 400: the body cannot be read.
exceptions.ParseError = APIException:extend("ParseError", {
  status_code = 400,
  default_detail = "Malformed request.",
  default_code = "parse_error",
})

--- 401: the credentials are wrong. It becomes a 403 where no authenticator names a scheme.
exceptions.AuthenticationFailed = APIException:extend("AuthenticationFailed", {
  status_code = 401,
  default_detail = "Incorrect authentication credentials.",
  default_code = "authentication_failed",
})

--- 401: there are no credentials. It becomes a 403 where no authenticator names a scheme.
exceptions.NotAuthenticated = APIException:extend("NotAuthenticated", {
  status_code = 401,
  default_detail = "Authentication credentials were not provided.",
  default_code = "not_authenticated",
})

--- 403: this user may not.
exceptions.PermissionDenied = APIException:extend("PermissionDenied", {
  status_code = 403,
  default_detail = "You do not have permission to perform this action.",
  default_code = "permission_denied",
})

--- 404: it is not there.
exceptions.NotFound = APIException:extend("NotFound", {
  status_code = 404,
  default_detail = "Not found.",
  default_code = "not_found",
})

--- 405, `MethodNotAllowed(method, detail, code, options)`.
exceptions.MethodNotAllowed = APIException:extend("MethodNotAllowed", {
  status_code = 405,
  default_detail = 'Method "{method}" not allowed.',
  default_code = "method_not_allowed",
  init = function(self, method, detail, code, options)
    if absent(detail) then
      detail = exceptions.ErrorDetail(self.default_detail, nil, { method = method })
    end
    APIException.init(self, detail, code, options)
  end,
})

--- 406: none of the media types that the client accepts can be made.
exceptions.NotAcceptable = APIException:extend("NotAcceptable", {
  status_code = 406,
  default_detail = "Could not satisfy the request Accept header.",
  default_code = "not_acceptable",
})

--- 415, `UnsupportedMediaType(media_type, detail, code, options)`.
exceptions.UnsupportedMediaType = APIException:extend("UnsupportedMediaType", {
  status_code = 415,
  default_detail = 'Unsupported media type "{media_type}" in request.',
  default_code = "unsupported_media_type",
  init = function(self, media_type, detail, code, options)
    if absent(detail) then
      detail = exceptions.ErrorDetail(self.default_detail, nil, { media_type = media_type })
    end
    APIException.init(self, detail, code, options)
  end,
})

local function available_in(seconds)
  local source = seconds == 1 and "Expected available in {wait} second." or "Expected available in {wait} seconds."
  return exceptions.ErrorDetail(source, nil, { wait = seconds })
end

--- 429, `Throttled(wait, detail, code, options)`; `wait` is in seconds, rounded up, and nil where it is not known.
exceptions.Throttled = APIException:extend("Throttled", {
  status_code = 429,
  default_detail = "Request was throttled.",
  default_code = "throttled",
  init = function(self, wait, detail, code, options)
    local text = absent(detail) and self.default_detail or detail
    if not absent(wait) then
      self.wait = math.ceil(wait)
      assert(math.type(self.wait) == "integer", "wait must be a finite number of seconds")
      if not is_error_detail(text) then
        text = exceptions.ErrorDetail(tostring(text))
      end
      text = exceptions.ErrorDetail(text.source, text.code, text.values, available_in(self.wait))
    end
    APIException.init(self, text, code, options)
  end,
})

-- What to do with them -----------------------------------------------------------------------------------------------

--- Is the value an exception of this class or of one below it?
-- @param value anything
-- @tparam ?table class by default any API exception
-- @treturn boolean
function exceptions.is(value, class)
  class = class or APIException
  local candidate = type(value) == "table" and getmetatable(value)
  while type(candidate) == "table" do
    if candidate == class then
      return true
    end
    candidate = rawget(candidate, "super")
  end
  return false
end

--- The default exception handler: what answers an exception that a route raised.
-- @param exc what was raised
-- @tparam ?table context `request`, `route`, `user`
-- @return status, body and headers, or nil for what is no API exception
function exceptions.handler(exc, context) -- luacheck: ignore context
  if not exceptions.is(exc) then
    return nil
  end
  local headers = {}
  for name, value in pairs(exc.headers or {}) do
    headers[name] = value
  end
  if exc.auth_header then
    headers["WWW-Authenticate"] = exc.auth_header
  end
  if exc.wait and exc.wait > 0 then
    headers["Retry-After"] = ("%d"):format(exc.wait)
  end
  return exc.status_code, exc:body(), headers
end

return exceptions
