--- Signing up: POST signup/.
local client = require "support.client"
local expect = require "support.expect"
local json = require "mulligan.json"
local server_support = require "support.server"
local service = require "support.service"

local PATH <const> = "/api/v1/signup/"

describe("signup", function()
  local server

  setup(function()
    server = server_support.start {}
  end)

  teardown(function()
    server:stop()
  end)

  local function post(fields)
    return client.json(server, "POST", PATH, fields)
  end

  local function me_after(fields)
    local response <const> = post(fields)
    assert.are.equal(201, response.status, response.body)
    return service.me(server, { headers = { Authorization = "JWT " .. response.json().token } })
  end

  for _, encoding in ipairs(service.ENCODINGS) do
    it("takes a participant as " .. encoding, function()
      local fields <const> = service.person { university = "서울대학교", first_name = "지우", last_name = "이" }
      local response <const> = client[encoding](server, "POST", PATH, fields)
      assert.are.equal(201, response.status, response.body)
      local body <const> = response.json()
      assert.are.equal(fields.email, body.user)

      local me <const> = service.me(server, { headers = { Authorization = "JWT " .. body.token } })
      assert.are.equal(fields.username, me.username)
      assert.are.equal("지우", me.first_name)
      assert.are.equal("이", me.last_name)
      assert.are.equal("서울대학교", me.participant.university)
      assert.is_true(me.participant.accepted)
      assert.are.equal(json.null, me.instructor)
    end)

    it("takes an instructor as " .. encoding, function()
      local fields <const> = service.person { role = "instructor", company = "Wafflesoft", year = 7 }
      local response <const> = client[encoding](server, "POST", PATH, fields)
      assert.are.equal(201, response.status, response.body)
      local me <const> = service.me(server, { headers = { Authorization = "JWT " .. response.json().token } })
      assert.are.equal("Wafflesoft", me.instructor.company)
      assert.are.equal(7, me.instructor.year)
      assert.are.equal("integer", math.type(me.instructor.year))
      assert.are.equal(json.null, me.instructor.charge)
      assert.are.equal(json.null, me.participant)
    end)

    it("reads accepted as a boolean or a word, as " .. encoding, function()
      for _, given in ipairs { "false", "False", "FALSE" } do
        local response <const> = client[encoding](server, "POST", PATH, service.person { accepted = given })
        assert.are.equal(201, response.status, response.body)
        local who <const> = { headers = { Authorization = "JWT " .. response.json().token } }
        assert.is_false(service.me(server, who).participant.accepted)
      end
    end)
  end

  it("leaves out what was not said", function()
    local participant <const> = me_after(service.person())
    assert.are.equal("", participant.first_name)
    assert.are.equal("", participant.last_name)
    assert.are.equal("", participant.participant.university)
    assert.are.equal(json.null, participant.last_login)
    assert.is_true(json.is_array(participant.participant.seminars))
    assert.are.equal(0, #participant.participant.seminars)
    local digits <const> = "%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%d%d%d%dZ"
    assert.truthy(participant.date_joined:find("^" .. digits .. "$"))

    local instructor <const> = me_after(service.person { role = "instructor" })
    assert.are.equal("", instructor.instructor.company)
    assert.are.equal(json.null, instructor.instructor.year)
  end)

  it("never shows a password", function()
    local who <const> = service.signup(server)
    local response <const> = client.get(server, "/api/v1/user/me/", who.headers)
    assert.is_nil(response.body:find("password", 1, true))
    assert.is_nil(response.body:find("argon2", 1, true))
  end)

  it("trims texts but not the password", function()
    local fields <const> = service.person { username = "  with spaces  ", password = " blank at both ends " }
    fields.email = "  " .. fields.email .. " "
    local me <const> = me_after(fields)
    assert.are.equal("with spaces", me.username)
    assert.are.equal(fields.email:match("%S+"), me.email)
    local login <const> = { email = me.email, password = "blank at both ends" }
    assert.are.equal(400, client.json(server, "POST", "/api/v1/login/", login).status)
    login.password = " blank at both ends "
    assert.are.equal(200, client.json(server, "POST", "/api/v1/login/", login).status)
  end)

  it("ignores unknown fields and those of the other role", function()
    local participant <const> = me_after(service.person { company = { 1 }, year = "many", hobby = "golf", id = 1 })
    assert.are.equal(json.null, participant.instructor)
    local instructor <const> = me_after(service.person { role = "instructor", university = { 1 }, accepted = "maybe" })
    assert.are.equal(json.null, instructor.participant)
  end)

  it("takes year 0 and null", function()
    assert.are.equal(0, me_after(service.person { role = "instructor", year = 0 }).instructor.year)
    assert.are.equal(json.null, me_after(service.person { role = "instructor", year = json.null }).instructor.year)
  end)

  for _, encoding in ipairs(service.ENCODINGS) do
    it("refuses a missing or bad field, by its name, as " .. encoding, function()
      local function refused(field, more)
        local response <const> = client[encoding](server, "POST", PATH, service.person(more))
        local body <const> = expect.refusal(response, 400)
        assert.is_table(body[field], response.body)
        assert.are.equal("string", type(body[field][1]))
      end
      for _, field in ipairs { "email", "username", "password", "role" } do
        refused(field, { [field] = false })
        refused(field, { [field] = "" })
      end
      refused("username", { username = "   " })
      refused("username", { username = ("x"):rep(151) })
      refused("password", { password = ("x"):rep(129) })
      refused("email", { email = "nobody" })
      refused("email", { email = "no body@example.com" })
      refused("email", { email = ("x"):rep(250) .. "@example.com" })
      refused("role", { role = "teacher" })
      refused("role", { role = "Participant" })
      refused("accepted", { accepted = "maybe" })
      refused("accepted", { accepted = "1" })
      refused("university", { university = ("대"):rep(151) })
      refused("last_name", { first_name = "Jane" })
      refused("first_name", { last_name = "Doe" })
      refused("last_name", { first_name = "Jane", last_name = "" })
      refused("first_name", { first_name = "Jane2", last_name = "Doe" })
      refused("last_name", { first_name = "Jane", last_name = "D0e" })
      refused("first_name", { first_name = "지우２", last_name = "이" })
      for _, year in ipairs { "-1", "many", "1.5", "99999999999999999999" } do
        refused("year", { role = "instructor", year = year })
      end
    end)
  end

  it("refuses values of a wrong type", function()
    for field, values in pairs {
      email = { json.null, true, { 1 } },
      username = { json.null, true, { 1 }, { a = 1 } },
      password = { json.null, true, { 1 } },
      role = { json.null, 1, { "participant" } },
      university = { json.null, true },
      accepted = { json.null, 1, 0, { true } },
    } do
      for _, value in ipairs(values) do
        local body <const> = expect.refusal(post(service.person { [field] = value }), 400)
        assert.is_table(body[field])
      end
    end
    for _, year in ipairs { true, -1, 1.5, "", { 1 } } do
      assert.is_table(expect.refusal(post(service.person { role = "instructor", year = year }), 400).year)
    end
  end)

  it("takes an empty input of a form as not filled in", function()
    for _, encoding in ipairs { "form", "multipart" } do
      local function me_with(more)
        local response <const> = client[encoding](server, "POST", PATH, service.person(more))
        assert.are.equal(201, response.status, response.body)
        return service.me(server, { headers = { Authorization = "JWT " .. response.json().token } })
      end
      assert.are.equal(json.null, me_with({ role = "instructor", year = "", company = "" }).instructor.year)
      local participant <const> = me_with { accepted = "", university = "", first_name = "", last_name = "" }
      assert.is_true(participant.participant.accepted)
    end
  end)

  it("names everything that is wrong at once", function()
    local body <const> = expect.refusal(post { role = "instructor", year = "x", email = "nobody" }, 400)
    for _, field in ipairs { "email", "username", "password", "year" } do
      assert.is_table(body[field])
    end
    assert.is_table(expect.refusal(post {}, 400).role)
  end)

  it("refuses bodies that hold no fields", function()
    expect.refusal(post(json.array { 1 }), 400)
    local function send(body, content_type)
      return client.request(server, {
        method = "POST", path = PATH, body = body, headers = { ["Content-Type"] = content_type },
      })
    end
    expect.refusal(send('{"email": ', "application/json"), 400)
    expect.refusal(send("email=a%zz", "application/x-www-form-urlencoded"), 400)
    expect.refusal(send("<email/>", "application/xml"), 415)
    expect.refusal(send("", "application/xml"), 400)
  end)

  it("refuses an e-mail address that is taken, in any case", function()
    local who <const> = service.signup(server)
    for _, email in ipairs { who.email, who.email:upper() } do
      local body <const> = expect.refusal(post(service.person { email = email }), 409)
      assert.are.equal("string", type(body.detail))
      assert.are.equal(1001, body.app_code)
    end
  end)

  it("says what is wrong with the fields before it says that the address is taken", function()
    local who <const> = service.signup(server)
    expect.refusal(post(service.person { email = who.email, role = "teacher" }), 400)
    expect.refusal(post(service.person { email = who.email, role = "instructor", year = -1 }), 400)
  end)

  it("lets one of many have an address", function()
    local fields <const> = service.person()
    local requests <const> = {}
    for index = 1, 8 do
      requests[index] = {
        method = "POST", path = PATH, body = json.encode(fields), headers = { ["Content-Type"] = "application/json" },
      }
    end
    local made, taken = 0, 0
    for _, response in ipairs(client.many(server, requests)) do
      made = made + (response.status == 201 and 1 or 0)
      taken = taken + (response.status == 409 and 1 or 0)
      -- Past the queue for password hashing the answer is 503, with the advice to come back.
      assert.truthy(response.status ~= 503 or response.headers["retry-after"])
    end
    assert.are.equal(1, made)
    assert.truthy(taken >= 1)
  end)

  it("works without the trailing slash", function()
    assert.are.equal(201, client.json(server, "POST", "/api/v1/signup", service.person()).status)
  end)

  it("allows POST only", function()
    local response <const> = client.get(server, PATH)
    expect.refusal(response, 405)
    assert.are.equal("POST, OPTIONS", response.headers.allow)
  end)
end)
