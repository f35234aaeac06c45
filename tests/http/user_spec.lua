--- One's own account and other people: GET and PUT user/me/, GET and PUT user/{id}/.
local client = require "support.client"
local expect = require "support.expect"
local json = require "mulligan.json"
local server_support = require "support.server"
local service = require "support.service"

local ME <const> = "/api/v1/user/me/"

describe("user", function()
  local server

  setup(function()
    server = server_support.start {}
  end)

  teardown(function()
    server:stop()
  end)

  local function put(who, fields, encoding)
    return client[encoding or "json"](server, "PUT", ME, fields, who.headers)
  end

  local function changed(who, fields, encoding)
    local response <const> = put(who, fields, encoding)
    assert.are.equal(200, response.status, response.body)
    local user <const> = response.json()
    assert.are.same(user, service.me(server, who))
    return user
  end

  describe("me", function()
    it("shows who one is, with exactly the fields of USER", function()
      local who <const> = service.signup(server, { university = "KAIST" })
      local me <const> = service.me(server, who)
      local keys <const> = {}
      for key in pairs(me) do
        keys[#keys + 1] = key
      end
      table.sort(keys)
      assert.are.same({
        "date_joined", "email", "first_name", "id", "instructor", "last_login", "last_name", "participant", "username",
      }, keys)
      assert.are.same({ id = me.participant.id, university = "KAIST", accepted = true, seminars = json.array {} },
        me.participant)
    end)

    it("lists what a participant joined, dropped seminars too", function()
      local instructor <const>, who <const> = service.instructor(server), service.signup(server)
      local kept <const> = service.seminar(server, instructor, { name = "Kept" })
      local dropped <const> = service.seminar(server, service.instructor(server), { name = "Dropped" })
      service.join(server, who, kept)
      service.join(server, who, dropped)
      service.drop(server, who, dropped)
      local seminars <const> = service.me(server, who).participant.seminars
      assert.are.equal(2, #seminars)
      assert.are.equal("Kept", seminars[1].name)
      assert.are.equal(kept.id, seminars[1].id)
      assert.is_true(seminars[1].is_active)
      assert.are.equal(json.null, seminars[1].dropped_at)
      assert.is_false(seminars[2].is_active)
      assert.are.equal("string", type(seminars[2].dropped_at))
      assert.truthy(seminars[2].joined_at <= seminars[2].dropped_at)
    end)

    it("shows the seminar that an instructor took charge of last", function()
      local who <const> = service.instructor(server)
      assert.are.equal(json.null, service.me(server, who).instructor.charge)
      service.seminar(server, who, { name = "First" })
      local second <const> = service.seminar(server, who, { name = "Second" })
      local charge <const> = service.me(server, who).instructor.charge
      assert.are.equal(second.id, charge.id)
      assert.are.equal("Second", charge.name)
      assert.are.equal(second.instructors[1].joined_at, charge.joined_at)
    end)

    it("answers HEAD without a body", function()
      local who <const> = service.signup(server)
      local response <const> = client.request(server, { method = "HEAD", path = ME, headers = who.headers })
      assert.are.equal(200, response.status)
      assert.are.equal("", response.body)
    end)
  end)

  describe("somebody", function()
    it("is shown to anyone who is logged in", function()
      local who <const>, other <const> = service.signup(server), service.instructor(server)
      local response <const> = client.get(server, ("/api/v1/user/%d/"):format(other.id), who.headers)
      assert.are.equal(200, response.status, response.body)
      assert.are.same(service.me(server, other), response.json())
    end)

    it("is not found by a number that nobody has, or by no number", function()
      local who <const> = service.signup(server)
      for _, id in ipairs {
        "0", "999999", "9223372036854775807", "9223372036854775808", "99999999999999999999999999", "-1", "1.0", "0x1",
        "you", "1%20", "%00", "%EC%9D%BC",
      } do
        local response <const> = client.get(server, ("/api/v1/user/%s/"):format(id), who.headers)
        -- What is no text at all, such as NUL, never gets as far as the service.
        expect.refusal(response, id == "%00" and 400 or 404)
      end
    end)

    it("cannot be changed, whoever it is", function()
      local who <const>, other <const> = service.signup(server), service.signup(server)
      for _, id in ipairs { other.id, who.id, 999999, "you", "99999999999999999999999999" } do
        local path <const> = ("/api/v1/user/%s/"):format(id)
        local body <const> = expect.refusal(client.json(server, "PUT", path, { username = "x" }, who.headers), 403)
        assert.are.equal(2001, body.app_code)
      end
      assert.are_not.equal("x", service.me(server, other).username)
      assert.are_not.equal("x", service.me(server, who).username)
    end)

    it("allows GET and PUT only", function()
      local who <const> = service.signup(server)
      for _, path in ipairs { ME, "/api/v1/user/1/" } do
        local response <const> = client.request(server, { method = "DELETE", path = path, headers = who.headers })
        expect.refusal(response, 405)
        assert.are.equal("GET, PUT, HEAD, OPTIONS", response.headers.allow)
      end
    end)
  end)

  describe("a change", function()
    for _, encoding in ipairs(service.ENCODINGS) do
      it("of everything a participant has, as " .. encoding, function()
        local who <const> = service.signup(server, { university = "KAIST" })
        local before <const> = service.me(server, who)
        local email <const> = service.person().email
        local after <const> = changed(who, {
          username = "새 이름", email = email, password = "another horse", first_name = "지우", last_name = "이",
          university = "서울대학교",
        }, encoding)
        assert.are.equal("새 이름", after.username)
        assert.are.equal(email, after.email)
        assert.are.equal("지우", after.first_name)
        assert.are.equal("이", after.last_name)
        assert.are.equal("서울대학교", after.participant.university)
        assert.are.equal(before.id, after.id)
        assert.are.equal(before.date_joined, after.date_joined)
        local fields <const> = { email = email, password = "another horse" }
        local login <const> = client.json(server, "POST", "/api/v1/login/", fields)
        assert.are.equal(200, login.status, login.body)
      end)

      it("of everything an instructor has, as " .. encoding, function()
        local who <const> = service.instructor(server)
        local after <const> = changed(who, { company = "Wafflesoft", year = 3 }, encoding)
        assert.are.equal("Wafflesoft", after.instructor.company)
        assert.are.equal(3, after.instructor.year)
      end)

      it("of nothing, as " .. encoding, function()
        local who <const> = service.signup(server, { university = "KAIST", first_name = "Jane", last_name = "Doe" })
        local before <const> = service.me(server, who)
        assert.are.same(before, changed(who, {}, encoding))
      end)
    end

    it("of nothing, without a body at all", function()
      local who <const> = service.signup(server)
      local before <const> = service.me(server, who)
      local response <const> = client.request(server, { method = "PUT", path = ME, headers = who.headers })
      assert.are.equal(200, response.status, response.body)
      assert.are.same(before, response.json())
    end)

    it("leaves what is absent", function()
      local who <const> = service.signup(server, { role = "instructor", company = "Wafflesoft", year = 2 })
      local after <const> = changed(who, { year = 5 })
      assert.are.equal("Wafflesoft", after.instructor.company)
      assert.are.equal(5, after.instructor.year)
      assert.are.equal("", changed(who, { company = "" }).instructor.company)
      assert.are.equal(5, service.me(server, who).instructor.year)
    end)

    it("may empty the university and clear the year and both names", function()
      local who <const> = service.signup(server, { university = "KAIST", first_name = "Jane", last_name = "Doe" })
      local after <const> = changed(who, { university = "", first_name = "", last_name = "" })
      assert.are.equal("", after.participant.university)
      assert.are.equal("", after.first_name)
      assert.are.equal("", after.last_name)
      local instructor <const> = service.signup(server, { role = "instructor", year = 2 })
      assert.are.equal(json.null, changed(instructor, { year = json.null }).instructor.year)
    end)

    it("never touches what is not for the user to change", function()
      local who <const> = service.signup(server, { accepted = "false" })
      local before <const> = service.me(server, who)
      local after <const> = changed(who, {
        accepted = true, id = 1, role = "instructor", company = { 1 }, year = -1, date_joined = "2000-01-01",
        last_login = "2000-01-01", created_at = "2000-01-01", updated_at = "2000-01-01", hobby = "golf",
      })
      assert.are.same(before, after)
      local instructor <const> = service.instructor(server)
      assert.are.same(service.me(server, instructor), changed(instructor, { university = { 1 } }))
    end)

    it("reaches both profiles of who has both", function()
      local who <const> = service.instructor(server)
      assert.are.equal(201, client.json(server, "POST", "/api/v1/user/participant/", {}, who.headers).status)
      local after <const> = changed(who, { university = "KAIST", company = "Wafflesoft", year = "2015" })
      assert.are.equal("KAIST", after.participant.university)
      assert.are.equal("Wafflesoft", after.instructor.company)
      assert.are.equal(2015, after.instructor.year)
    end)

    for _, encoding in ipairs(service.ENCODINGS) do
      it("is refused for a bad value, by the field's name, as " .. encoding, function()
        local participant <const>, instructor <const> = service.signup(server), service.instructor(server)
        local function refused(who, field, fields)
          local body <const> = expect.refusal(put(who, fields, encoding), 400)
          assert.is_table(body[field])
        end
        for _, year in ipairs { "-1", "many", "1.5" } do
          refused(instructor, "year", { year = year })
        end
        refused(participant, "last_name", { first_name = "Jane" })
        refused(participant, "first_name", { last_name = "Doe" })
        refused(participant, "first_name", { first_name = "", last_name = "Doe" })
        refused(participant, "last_name", { first_name = "" })
        refused(participant, "first_name", { first_name = "J4ne", last_name = "Doe" })
        refused(participant, "last_name", { first_name = "Jane", last_name = "D0e" })
        refused(participant, "username", { username = "" })
        refused(participant, "password", { password = "" })
        refused(participant, "email", { email = "nobody" })
        refused(participant, "email", { email = instructor.email })
        refused(participant, "email", { email = instructor.email:upper() })
      end)
    end

    it("of one name alone is refused also for who has both", function()
      local who <const> = service.signup(server, { first_name = "Jane", last_name = "Doe" })
      assert.is_table(expect.refusal(put(who, { first_name = "Janet" }), 400).last_name)
      assert.are.equal("Jane", service.me(server, who).first_name)
    end)

    it("may send one's own address again, in another case too", function()
      local who <const> = service.signup(server)
      assert.are.equal(who.email, changed(who, { email = who.email }).email)
      assert.are.equal(who.email:upper(), changed(who, { email = who.email:upper() }).email)
    end)

    it("is made whole or not at all", function()
      local who <const> = service.signup(server)
      local before <const> = service.me(server, who)
      expect.refusal(put(who, { username = "changed", email = "nobody" }), 400)
      assert.are.same(before, service.me(server, who))
    end)

    it("is refused for a body that cannot be read", function()
      local who <const> = service.signup(server)
      local function send(body, content_type)
        return client.request(server, {
          method = "PUT", path = ME, body = body,
          headers = { ["Content-Type"] = content_type, Authorization = who.headers.Authorization },
        })
      end
      expect.refusal(send("{", "application/json"), 400)
      expect.refusal(send("[]", "application/json"), 400)
      expect.refusal(send("null", "application/json"), 400)
      expect.refusal(send("username=x", "text/plain"), 415)
    end)
  end)
end)
