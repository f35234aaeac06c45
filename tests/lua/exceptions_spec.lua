--- Exceptions: what a client gets to see of them, in which language, and what ErrorLog keeps.
local exceptions = require "mulligan.exceptions"
local i18n = require "mulligan.i18n"
local json = require "mulligan.json"

--- Status, body and headers of the default handler's answer, the body as JSON.
local function answer(exc)
  local status, body, headers = exceptions.handler(exc, {})
  return status, json.encode(body), headers
end

describe("an exception", function()
  after_each(function()
    i18n.set_language("en")
  end)

  it("answers with its class's status and text", function()
    local expected = {
      APIException = { 500, "A server error occurred." },
      ParseError = { 400, "Malformed request." },
      AuthenticationFailed = { 401, "Incorrect authentication credentials." },
      NotAuthenticated = { 401, "Authentication credentials were not provided." },
      PermissionDenied = { 403, "You do not have permission to perform this action." },
      NotFound = { 404, "Not found." },
      NotAcceptable = { 406, "Could not satisfy the request Accept header." },
    }
    for name, row in pairs(expected) do
      local status, body, headers = answer(exceptions[name]())
      assert.are.equal(row[1], status, name)
      assert.are.equal(json.encode { detail = row[2] }, body)
      assert.are.same({}, headers)
    end
  end)

  it("names the method or the media type that was refused", function()
    local status, body = answer(exceptions.MethodNotAllowed("BREW"))
    assert.are.equal(405, status)
    assert.are.equal('{"detail":"Method \\"BREW\\" not allowed."}', body)
    status, body = answer(exceptions.UnsupportedMediaType("text/{method}"))
    assert.are.equal(415, status)
    assert.are.equal('{"detail":"Unsupported media type \\"text/{method}\\" in request."}', body)
    assert.are.equal("Nope.", exceptions.MethodNotAllowed("BREW", "Nope."):body().detail)
  end)

  it("takes a text and a code of its own", function()
    local exc = exceptions.NotFound("No such seminar.", "no_seminar")
    assert.are.equal("no_seminar", exc:get_codes())
    assert.are.equal("no_seminar", exc:get_code())
    assert.are.same({ message = "No such seminar.", code = "no_seminar" }, exc:get_full_details())
    assert.are.equal("No such seminar.", tostring(exc))
  end)

  it("takes null for no text", function()
    assert.are.equal("Not found.", exceptions.NotFound(json.null, json.null):body().detail)
    assert.are.equal("not_found", exceptions.NotFound(json.null, json.null):get_codes())
  end)

  it("can be raised and recognised", function()
    local raised, exc = pcall(function()
      exceptions.NotFound("Gone."):raise()
    end)
    assert.is_false(raised)
    assert.is_true(exceptions.is(exc))
    assert.is_true(exceptions.is(exc, exceptions.NotFound))
    assert.is_false(exceptions.is(exc, exceptions.ParseError))
    for _, other in ipairs { "text", 5, {}, setmetatable({}, { __metatable = "mine" }), print } do
      assert.is_false(exceptions.is(other))
    end
  end)

  it("of a script's own class is handled as the library's", function()
    local ServiceUnavailable = exceptions.APIException:extend("ServiceUnavailable", {
      status_code = 503, default_detail = "Try again later.", default_code = "service_unavailable", app_code = 1503,
    })
    local Overloaded = ServiceUnavailable:extend("Overloaded", { default_code = "overloaded" })
    local exc = Overloaded()
    local status, body = answer(exc)
    assert.are.equal(503, status)
    assert.are.equal('{"app_code":1503,"detail":"Try again later."}', body)
    assert.are.equal("overloaded", exc:get_codes())
    assert.is_true(exceptions.is(exc, ServiceUnavailable))
    assert.is_false(exceptions.is(ServiceUnavailable(), Overloaded))
    assert.are.equal("Try again later.", tostring(exc))
    assert.are.equal("Overloaded", getmetatable(exc).__name)
  end)

  it("carries what its options say", function()
    local exc = exceptions.PermissionDenied(nil, nil, { app_code = 4031, headers = { ["X-Note"] = "yes" }, wait = 7 })
    local _, body, headers = exceptions.handler(exc)
    assert.are.equal(4031, body.app_code)
    assert.are.same({ ["X-Note"] = "yes", ["Retry-After"] = "7" }, headers)
  end)

  it("refuses an app_code that is not of three or four digits", function()
    for _, wrong in ipairs { 99, 10000, 1.5, "404" } do
      assert.has_error(function()
        exceptions.NotFound(nil, nil, { app_code = wrong })
      end)
      assert.has_error(function()
        exceptions.APIException:extend("Wrong", { app_code = wrong })
      end)
    end
  end)

  it("leaves to the host what is none", function()
    assert.is_nil(exceptions.handler("attempt to index a nil value", {}))
    assert.is_nil(exceptions.handler({ detail = "Not found." }, {}))
  end)
end)

describe("a ValidationError", function()
  it("of a text is a list of one", function()
    assert.are.equal('["Invalid input."]', json.encode(exceptions.ValidationError():body()))
    local exc = exceptions.ValidationError("Nope.", "nope")
    assert.are.equal('["Nope."]', json.encode(exc:body()))
    assert.are.equal('["nope"]', json.encode(exc:get_codes()))
    assert.are.equal("nope", exc:get_code())
  end)

  it("keeps the shape of what it is given, and each message its code", function()
    local exc = exceptions.ValidationError({
      name = "Too long.",
      lines = json.array { {}, { sku = { exceptions.ErrorDetail("Taken.", "unique"), "Odd." } } },
      tags = json.array {},
    }, "wrong")
    assert.are.equal('{"lines":[{},{"sku":["Taken.","Odd."]}],"name":"Too long.","tags":[]}', json.encode(exc:body()))
    assert.are.equal('{"lines":[{},{"sku":["unique","wrong"]}],"name":"wrong","tags":[]}', json.encode(exc:get_codes()))
    assert.are.same({ message = "Taken.", code = "unique" }, exc:get_full_details().lines[2].sku[1])
    assert.are.equal("invalid", exc:get_code())
  end)

  it("becomes one line for ErrorLog", function()
    local exc = exceptions.ValidationError({ b = { "Second." }, a = { c = { "First.", "Too." } } })
    assert.are.equal("a.c: First.; a.c: Too.; b: Second.", tostring(exc))
  end)

  it("does not mistake a field called code for its own code", function()
    local exc = exceptions.ValidationError({ code = { "This field is required." } })
    assert.are.equal("invalid", exc:get_code())
  end)

  it("shows its app_code beside fields, and stays a list where it is one", function()
    local options = { app_code = 1001 }
    local exc = exceptions.ValidationError({ a = "x" }, nil, options)
    assert.are.equal('{"a":"x","app_code":1001}', json.encode(exc:body()))
    assert.are.equal('["x"]', json.encode(exceptions.ValidationError("x", nil, options):body()))
  end)
end)

describe("Throttled", function()
  local function throttled(...)
    local _, body, headers = exceptions.handler(exceptions.Throttled(...))
    return body.detail, headers["Retry-After"]
  end

  it("says when to come back, in whole seconds, rounded up", function()
    assert.are.same({ "Request was throttled. Expected available in 1 second.", "1" }, { throttled(0.2) })
    assert.are.same({ "Request was throttled. Expected available in 60 seconds.", "60" }, { throttled(59.2) })
    assert.are.same({ "Slow down. Expected available in 10 seconds.", "10" }, { throttled(10, "Slow down.") })
  end)

  it("has no Retry-After where there is nothing to wait for", function()
    assert.are.same({ "Request was throttled." }, { throttled() })
    assert.are.same({ "Request was throttled. Expected available in 0 seconds." }, { throttled(0) })
  end)

  it("refuses a wait without end", function()
    assert.has_error(function()
      exceptions.Throttled(math.huge)
    end)
  end)
end)

describe("in Korean, an exception", function()
  before_each(function()
    i18n.set_language("ko")
  end)
  after_each(function()
    i18n.set_language("en")
  end)

  it("answers in Korean and is recorded in English", function()
    local exc = exceptions.NotFound()
    assert.are.equal("찾을 수 없습니다.", exc:body().detail)
    assert.are.equal("찾을 수 없습니다.", exc:get_full_details().message)
    assert.are.equal("Not found.", tostring(exc))
    assert.are.equal("not_found", exc:get_codes())
  end)

  it("fills the words in", function()
    assert.are.equal('"BREW" 메서드는 사용할 수 없습니다.', exceptions.MethodNotAllowed("BREW"):body().detail)
    assert.are.equal("요청이 너무 많습니다. 10초 뒤에 다시 시도해 주세요.", exceptions.Throttled(10):body().detail)
  end)

  it("keeps a text that no catalogue has", function()
    assert.are.equal("Only on Mondays.", exceptions.PermissionDenied("Only on Mondays."):body().detail)
  end)
end)
