--- What Django REST Framework answers, this host answers: one test for each recorded request of tests/vectors/drf.json.
--
-- Status, the recorded headers and the body as JSON must be the same. The words after "JSON parse error - " are the
-- host's own, but name line and column. A 5xx may have keys and headers of the host's as well.
local client = require "support.client"
local json = require "mulligan.json"
local server = require "support.server"

-- Headers that a recorded answer either has or must not have.
local RECORDED <const> = { "Allow", "Content-Type", "Retry-After", "WWW-Authenticate" }
local HOSTS_OWN <const> = { app_code = true, code = true, error_id = true, report_url = true }

local function read_vectors()
  local file <close> = assert(io.open(server.source("tests/vectors/drf.json"), "rb"))
  return assert(json.decode(file:read("a")))
end

local function same_header(name, expected, actual)
  if name == "Content-Type" and actual then
    actual = actual:match("^[^;]*")
  end
  assert.are.equal(expected, actual, name)
end

local function as_recorded(body, expected, status)
  if type(body) ~= "table" or type(expected) ~= "table" then
    return body
  end
  local parse_error = "^JSON parse error %- "
  if type(expected.detail) == "string" and expected.detail:find(parse_error) then
    assert.is_string(body.detail)
    assert.is_truthy(body.detail:find(parse_error .. ".+line %d+.*column %d+"), body.detail)
    body.detail = expected.detail
  end
  if status >= 500 then
    for key in pairs(HOSTS_OWN) do
      if expected[key] == nil then
        body[key] = nil
      end
    end
  end
  return body
end

describe("Django REST Framework's answer to", function()
  local host

  setup(function()
    host = server.start { scripts = server.source("tests/vectors/app") }
  end)

  teardown(function()
    host:stop()
  end)

  for _, vector in ipairs(read_vectors()) do
    it(vector.name, function()
      local expected = vector.response
      local response = client.request(host, {
        method = vector.method, path = vector.path, headers = vector.headers, body = vector.body,
      })
      assert.are.equal(expected.status, response.status, response.body)
      for _, name in ipairs(RECORDED) do
        if expected.headers[name] or expected.status < 500 then
          same_header(name, expected.headers[name], response.headers[name:lower()])
        end
      end
      if expected.body == json.null then
        assert.are.equal("", response.body)
      else
        local body = as_recorded(response.json(), expected.body, expected.status)
        assert.are.equal(json.encode(expected.body), json.encode(body))
      end
    end)
  end
end)
