--- Authentication and permissions: who gets in, and what the others are told.
local auth = require "mulligan.auth"
local exceptions = require "mulligan.exceptions"
local permissions = require "mulligan.permissions"

--- An authenticator by header, as a script would write it.
local by_header = {
  scheme = 'JWT realm="api"',
  authenticate = function(req)
    local credentials = req.headers.authorization
    if not credentials then
      return nil
    end
    if credentials ~= "good" then
      exceptions.AuthenticationFailed("Error decoding signature."):raise()
    end
    return { id = 7 }, "the token"
  end,
}
local quiet = { authenticate = by_header.authenticate }

local function request(authorization)
  return { method = "GET", headers = { authorization = authorization }, remote_addr = "127.0.0.1" }
end

--- What is raised when a route's checks run, if anything.
local function run(check, req)
  local passed, exc = pcall(check, req)
  return not passed and exc or nil
end

describe("a route's authentication", function()
  it("costs nothing where nobody is asked", function()
    assert.is_nil(auth.check_for {})
    assert.is_nil(auth.check_for { auth = auth.none, authenticators = { by_header } })
  end)

  it("finds the user", function()
    local req = request("good")
    assert.is_nil(run(auth.check_for { auth = auth.required, authenticators = { by_header } }, req))
    assert.are.same({ id = 7 }, req.user)
    assert.are.equal("the token", req.auth)
  end)

  it("refuses who has no credentials, where they are required", function()
    local exc = run(auth.check_for { auth = auth.required, authenticators = { by_header } }, request())
    assert.is_true(exceptions.is(exc, exceptions.NotAuthenticated))
  end)

  it("lets anyone through where they are optional, but nobody with wrong ones", function()
    local check = auth.check_for { auth = auth.optional, authenticators = { by_header } }
    local req = request()
    assert.is_nil(run(check, req))
    assert.is_nil(req.user)
    assert.is_true(exceptions.is(run(check, request("bad")), exceptions.AuthenticationFailed))
  end)

  it("asks the authenticators in their order, until one knows the user", function()
    local asked = {}
    local function named(name, user)
      return {
        authenticate = function()
          asked[#asked + 1] = name
          return user
        end,
      }
    end
    local req = request()
    local all = { named("a"), named("b", { id = 2 }), named("c", { id = 3 }) }
    local entry = { auth = auth.required, authenticators = all }
    assert.is_nil(run(auth.check_for(entry), req))
    assert.are.same({ "a", "b" }, asked)
    assert.are.equal(2, req.user.id)
  end)

  it("takes authenticators by their module's name", function()
    package.loaded["lib.spec_authenticator"] = by_header
    local check = auth.check_for { auth = auth.required, authenticators = { "lib.spec_authenticator" } }
    package.loaded["lib.spec_authenticator"] = nil
    assert.is_nil(run(check, request("good")))
  end)

  it("that cannot work is refused when the route is loaded", function()
    for _, entry in ipairs {
      { auth = "requierd" },
      { auth = auth.required, authenticators = {} },
      { auth = auth.required, authenticators = { "lib.not_there" } },
      { auth = auth.required, authenticators = { {} } },
    } do
      assert.has_error(function()
        auth.check_for(entry)
      end)
    end
  end)
end)

describe("a 401", function()
  it("carries the scheme of the route's first authenticator, wherever it was raised", function()
    local exc = exceptions.AuthenticationFailed()
    auth.challenge(exc, { authenticators = { by_header, quiet } })
    local status, _, headers = exceptions.handler(exc)
    assert.are.equal(401, status)
    assert.are.equal('JWT realm="api"', headers["WWW-Authenticate"])
  end)

  it("becomes a 403 where that names none, its text and code unchanged", function()
    for _, entry in ipairs { { authenticators = { quiet, by_header } }, { authenticators = {} } } do
      local exc = exceptions.NotAuthenticated("Log in.", "log_in")
      auth.challenge(exc, entry)
      local status, body, headers = exceptions.handler(exc)
      assert.are.equal(403, status)
      assert.are.same({ detail = "Log in." }, body)
      assert.are.equal("log_in", exc:get_codes())
      assert.are.same({}, headers)
    end
    assert.are.equal(401, exceptions.NotAuthenticated().status_code, "the class stays as it is")
  end)

  it("is all that is challenged", function()
    local exc = exceptions.PermissionDenied()
    auth.challenge(exc, { authenticators = { by_header } })
    assert.is_nil(exc.auth_header)
    auth.challenge("a text", {})
  end)
end)

describe("a route's permissions", function()
  local function refuse()
    return false, "Only instructors may do this.", "not_instructor"
  end
  local function allow()
    return true
  end

  it("cost nothing where there are none", function()
    assert.is_nil(permissions.check_for {})
    assert.is_nil(permissions.check_for { permissions = {} })
  end)

  it("all have to agree", function()
    assert.is_nil(run(permissions.check_for { permissions = { allow, allow } }, request()))
    local exc = run(permissions.check_for { permissions = { allow, refuse } }, request())
    assert.is_true(exceptions.is(exc, exceptions.PermissionDenied))
    assert.are.equal("Only instructors may do this.", exc:body().detail)
    assert.are.equal("not_instructor", exc:get_codes())
  end)

  it("refuse with the usual text when they give none", function()
    local exc = run(permissions.check_for { permissions = function()
      return false
    end }, request())
    assert.are.equal("You do not have permission to perform this action.", exc:body().detail)
  end)

  it("tell who has not logged in to do so, where that could help", function()
    local entry = { auth = auth.optional, authenticators = { by_header }, permissions = { refuse } }
    assert.is_true(exceptions.is(run(permissions.check_for(entry), request()), exceptions.NotAuthenticated))
    local req = request()
    req.user = { id = 7 }
    assert.is_true(exceptions.is(run(permissions.check_for(entry), req), exceptions.PermissionDenied))
  end)

  it("that are no functions are refused when the route is loaded", function()
    assert.has_error(function()
      permissions.check_for { permissions = { "is_instructor" } }
    end)
  end)
end)
