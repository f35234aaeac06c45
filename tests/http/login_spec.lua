--- Logging in, and what a token is good for: POST login/ and the Authorization header.
local client = require "support.client"
local expect = require "support.expect"
local json = require "mulligan.json"
local server_support = require "support.server"
local service = require "support.service"
local tokens = require "support.tokens"

local PATH <const> = "/api/v1/login/"

describe("login", function()
  local server, who

  setup(function()
    server = server_support.start {}
    who = service.signup(server)
  end)

  teardown(function()
    server:stop()
  end)

  local function login(fields, encoding)
    return client[encoding or "json"](server, "POST", PATH, fields)
  end

  local function me(authorization)
    return client.get(server, "/api/v1/user/me/", { Authorization = authorization })
  end

  for _, encoding in ipairs(service.ENCODINGS) do
    it("answers with a token, as " .. encoding, function()
      local response <const> = login({ email = who.email, password = who.password }, encoding)
      assert.are.equal(200, response.status, response.body)
      local body <const> = response.json()
      assert.is_true(body.success)
      local user <const> = me("JWT " .. body.token).json()
      assert.are.equal(who.email, user.email)
      assert.are.equal("string", type(user.last_login))
    end)
  end

  it("puts the user and two hours into the token", function()
    local claims <const> = tokens.claims(login({ email = who.email, password = who.password }).json().token)
    assert.are.equal(who.id, claims.user_id)
    assert.are.equal(who.email, claims.email)
    assert.are.equal(2 * 60 * 60, claims.exp - claims.iat)
  end)

  it("takes the address in any case", function()
    assert.are.equal(200, login({ email = who.email:upper(), password = who.password }).status)
  end)

  it("refuses a wrong password and an unknown address alike", function()
    local wrong <const> = login { email = who.email, password = "incorrect horse" }
    local unknown <const> = login { email = "stranger@example.com", password = who.password }
    expect.refusal(wrong, 400)
    expect.refusal(unknown, 400)
    assert.are.equal(wrong.body, unknown.body)
    assert.are.equal(1002, wrong.json().app_code)
  end)

  it("refuses missing fields by their names", function()
    local body <const> = expect.refusal(login({}), 400)
    assert.is_table(body.email)
    assert.is_table(body.password)
    assert.is_table(expect.refusal(login { email = who.email, password = "" }, 400).password)
    assert.is_table(expect.refusal(login { email = json.null, password = "x" }, 400).email)
  end)

  it("lets an address try one e-mail address twenty times a minute", function()
    -- One without a password is a try, too, and takes no time: all are within a minute on the slowest machine.
    for try = 1, 20 do
      assert.are.equal(400, login({ email = "patient@example.com", password = try == 20 and "x" or "" }).status)
    end
    for _, email in ipairs { "patient@example.com", " PATIENT@example.com " } do
      local response <const> = login { email = email, password = "x" }
      expect.refusal(response, 429)
      assert.truthy(tonumber(response.headers["retry-after"]) >= 1)
    end
    assert.are.equal(200, login({ email = who.email, password = who.password }).status)
  end)

  it("counts the same for signing up", function()
    local fields <const> = { email = "eager@example.com" }
    for _ = 1, 20 do
      assert.are.equal(400, client.form(server, "POST", "/api/v1/signup/", fields).status)
    end
    expect.refusal(client.form(server, "POST", "/api/v1/signup/", fields), 429)
  end)
end)

describe("a token", function()
  local server, who

  setup(function()
    server = server_support.start {}
    who = service.signup(server)
  end)

  teardown(function()
    server:stop()
  end)

  local function me(authorization)
    return client.get(server, "/api/v1/user/me/", { Authorization = authorization })
  end

  it("is good if it is signed with the host's key", function()
    local token <const> = tokens.sign(server, { user_id = who.id, email = who.email, exp = 32503680000 })
    assert.are.equal(200, me("JWT " .. token).status)
  end)

  it("says that it has expired", function()
    local token <const> = tokens.sign(server, { user_id = who.id, email = who.email, exp = 1600007200 })
    assert.are.equal("Signature has expired.", me("JWT " .. token).json().detail)
  end)

  it("is taken with the scheme word in any case", function()
    for _, scheme in ipairs { "JWT", "jwt", "Jwt" } do
      assert.are.equal(200, me(scheme .. " " .. who.token).status)
    end
  end)

  local REFUSED <const> = {
    ["none"] = function() return nil end,
    ["an empty header"] = function() return "" end,
    ["another scheme"] = function() return "Bearer " .. who.token end,
    ["the scheme alone"] = function() return "JWT" end,
    ["a space in it"] = function() return "JWT " .. who.token .. " x" end,
    ["junk"] = function() return "JWT junk" end,
    ["three dots of junk"] = function() return "JWT a.b.c" end,
    ["a changed signature"] = function()
      return "JWT " .. who.token:sub(1, -2) .. (who.token:sub(-1) == "A" and "Q" or "A") .. "A"
    end,
    ["one that has expired"] = function()
      return "JWT " .. tokens.sign(server, { user_id = who.id, email = who.email, iat = 1600000000, exp = 1600007200 })
    end,
    ["somebody who is not there"] = function()
      return "JWT " .. tokens.sign(server, { user_id = 999999, email = who.email, exp = 32503680000 })
    end,
    ["a user that is no number"] = function()
      return "JWT " .. tokens.sign(server, { user_id = "1", email = who.email, exp = 32503680000 })
    end,
    ["nobody at all"] = function()
      return "JWT " .. tokens.sign(server, { exp = 32503680000 })
    end,
    ["no signature, algorithm none"] = function()
      return "JWT eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." .. who.token:match("%.([^.]+)%.") .. "."
    end,
  }
  for what, header in pairs(REFUSED) do
    it("is refused: " .. what, function()
      local response <const> = me(header())
      local body <const> = expect.refusal(response, 401)
      assert.are.equal('JWT realm="api"', response.headers["www-authenticate"])
      assert.are.equal("string", type(body.detail))
    end)
  end

  it("is asked for on every route but three", function()
    for _, request in ipairs {
      { "GET", "/api/v1/user/me/" }, { "PUT", "/api/v1/user/me/" }, { "GET", "/api/v1/user/1/" },
      { "PUT", "/api/v1/user/1/" }, { "POST", "/api/v1/user/participant/" }, { "GET", "/api/v1/seminar/" },
      { "POST", "/api/v1/seminar/" }, { "GET", "/api/v1/seminar/1/" }, { "PUT", "/api/v1/seminar/1/" },
      { "POST", "/api/v1/seminar/1/user/" }, { "DELETE", "/api/v1/seminar/1/user/" },
      -- Even for a method that is not there, and an id that is none.
      { "DELETE", "/api/v1/user/me/" }, { "GET", "/api/v1/seminar/x/" },
    } do
      expect.refusal(client.request(server, { method = request[1], path = request[2] }), 401)
    end
    assert.are.equal(500, client.get(server, "/api/v1/debug/always-500/").status)
  end)

  it("outlives a change of e-mail address and password", function()
    local response <const> = client.json(server, "PUT", "/api/v1/user/me/", {
      email = "moved@example.com", password = "another horse",
    }, who.headers)
    assert.are.equal(200, response.status, response.body)
    assert.are.equal("moved@example.com", me("JWT " .. who.token).json().email)
    local again <const> = client.json(server, "POST", PATH, { email = "moved@example.com", password = "another horse" })
    assert.are.equal(200, again.status, again.body)
  end)
end)
