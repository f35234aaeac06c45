--- Seminars: POST and GET seminar/, GET and PUT seminar/{id}/.
local client = require "support.client"
local expect = require "support.expect"
local json = require "mulligan.json"
local server_support = require "support.server"
local service = require "support.service"

local PATH <const> = "/api/v1/seminar/"

local function sorted_keys(object)
  local keys <const> = {}
  for key in pairs(object) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

describe("seminar", function()
  local server, instructor, participant

  setup(function()
    server = server_support.start {}
    instructor = service.signup(server, { role = "instructor", first_name = "Grace", last_name = "Park" })
    participant = service.signup(server)
  end)

  teardown(function()
    server:stop()
  end)

  local function plain(more)
    local fields <const> = { name = "Lua", capacity = 3, count = 2, time = "18:30" }
    for name, value in pairs(more or {}) do
      fields[name] = value or nil
    end
    return fields
  end

  local function post(fields, who, encoding)
    return client[encoding or "json"](server, "POST", PATH, fields, (who or instructor).headers)
  end

  local function put(seminar, fields, who, encoding)
    return client[encoding or "json"](server, "PUT", PATH .. seminar.id .. "/", fields, (who or instructor).headers)
  end

  describe("opened", function()
    for _, encoding in ipairs(service.ENCODINGS) do
      it("is shown with its instructor, as " .. encoding, function()
        local response <const> = post(plain { name = "  세미나 하나 ", online = "FALSE" }, instructor, encoding)
        assert.are.equal(201, response.status, response.body)
        local seminar <const> = response.json()
        assert.are.same({
          "capacity", "count", "id", "instructors", "name", "online", "participants", "time",
        }, sorted_keys(seminar))
        assert.are.equal("세미나 하나", seminar.name)
        assert.are.equal(3, seminar.capacity)
        assert.are.equal(2, seminar.count)
        assert.are.equal("18:30", seminar.time)
        assert.is_false(seminar.online)
        assert.is_true(json.is_array(seminar.participants))
        assert.are.equal(0, #seminar.participants)
        assert.are.equal(1, #seminar.instructors)
        local first <const> = seminar.instructors[1]
        assert.are.same({ "email", "first_name", "id", "joined_at", "last_name", "username" }, sorted_keys(first))
        assert.are.equal(instructor.id, first.id)
        assert.are.equal("Grace", first.first_name)
        assert.are.same(seminar, service.show(server, participant, seminar))
      end)

      it("is online in every spelling of true, and unless told otherwise, as " .. encoding, function()
        for _, online in ipairs { "true", "True", "TRUE", "tRuE" } do
          assert.is_true(post(plain { online = online }, instructor, encoding).json().online)
        end
        assert.is_true(post(plain(), instructor, encoding).json().online)
      end)
    end

    it("may be the second one of its instructor", function()
      local who <const> = service.instructor(server)
      service.seminar(server, who)
      assert.are.equal(201, post(plain(), who).status)
    end)

    it("may run at midnight and a minute before", function()
      assert.are.equal("00:00", post(plain { time = "00:00" }).json().time)
      assert.are.equal("23:59", post(plain { time = "23:59" }).json().time)
    end)

    it("takes booleans as JSON has them", function()
      local fields <const> = plain { online = true }
      assert.is_true(post(fields).json().online)
      fields.online = false
      assert.is_false(post(fields).json().online)
    end)

    for _, encoding in ipairs(service.ENCODINGS) do
      it("is refused for a bad field, by its name, as " .. encoding, function()
        local function refused(field, more)
          local response <const> = post(plain(more), instructor, encoding)
          assert.is_table(expect.refusal(response, 400)[field], response.body)
        end
        for _, field in ipairs { "name", "capacity", "count", "time" } do
          refused(field, { [field] = false })
          refused(field, { [field] = "" })
        end
        refused("name", { name = "   " })
        refused("name", { name = ("세"):rep(151) })
        for _, field in ipairs { "capacity", "count" } do
          for _, value in ipairs { "0", "-1", "1.5", "ten", "2147483648", "99999999999999999999" } do
            refused(field, { [field] = value })
          end
        end
        for _, time in ipairs { "24:00", "12:60", "9:30", "12:30:00", "noon", "1230" } do
          refused("time", { time = time })
        end
        for _, online in ipairs { "maybe", "1", "yes" } do
          refused("online", { online = online })
        end
      end)
    end

    it("is refused for values of a wrong type", function()
      for field, values in pairs {
        name = { json.null, true, { "x" } },
        capacity = { json.null, true, 0, -1, 1.5, { 1 } },
        count = { json.null, true, 0, -1, 1.5, { 1 } },
        time = { json.null, 1830, { "18:30" } },
        online = { json.null, 1, 0, "", { true } },
      } do
        for _, value in ipairs(values) do
          assert.is_table(expect.refusal(post(plain { [field] = value }), 400)[field])
        end
      end
    end)

    it("is refused to who is no instructor, before anything else is looked at", function()
      for _, fields in ipairs { plain(), {} } do
        assert.are.equal(3003, expect.refusal(post(fields, participant), 403).app_code)
      end
      local response <const> = client.request(server, {
        method = "POST", path = PATH, body = "x",
        headers = { ["Content-Type"] = "text/plain", Authorization = participant.headers.Authorization },
      })
      expect.refusal(response, 403)
    end)
  end)

  describe("shown", function()
    it("is refused for a number that no seminar has, and for no number", function()
      for _, id in ipairs { "0", "999999", "9223372036854775808", "99999999999999999999999", "-1", "one" } do
        local body <const> = expect.refusal(client.get(server, PATH .. id .. "/", participant.headers), 404)
        assert.are.equal(3001, body.app_code)
      end
    end)

    it("lists participants in the order of joining, dropped ones too", function()
      local seminar <const> = service.seminar(server, service.instructor(server))
      local first <const>, second <const> = service.signup(server), service.signup(server)
      service.join(server, first, seminar)
      service.join(server, second, seminar)
      service.drop(server, first, seminar)
      local people <const> = service.show(server, participant, seminar).participants
      assert.are.equal(first.id, people[1].id)
      assert.is_false(people[1].is_active)
      assert.truthy(people[1].joined_at <= people[1].dropped_at)
      assert.are.equal(second.id, people[2].id)
      assert.is_true(people[2].is_active)
      assert.are.equal(json.null, people[2].dropped_at)
      assert.are.same({
        "dropped_at", "email", "first_name", "id", "is_active", "joined_at", "last_name", "username",
      }, sorted_keys(people[1]))
    end)
  end)

  describe("changed", function()
    for _, encoding in ipairs(service.ENCODINGS) do
      it("shows what it is now, as " .. encoding, function()
        local seminar <const> = service.seminar(server, instructor)
        local fields <const> = { name = "Renamed", capacity = 7, count = 9, time = "09:05", online = "false" }
        local response <const> = put(seminar, fields, instructor, encoding)
        assert.are.equal(200, response.status, response.body)
        local after <const> = response.json()
        assert.are.equal("Renamed", after.name)
        assert.are.equal(7, after.capacity)
        assert.are.equal(9, after.count)
        assert.are.equal("09:05", after.time)
        assert.is_false(after.online)
        assert.are.same(after, service.show(server, participant, seminar))
      end)

      it("keeps what is absent, as " .. encoding, function()
        local seminar <const> = service.seminar(server, instructor)
        assert.are.same(seminar, put(seminar, {}, instructor, encoding).json())
        local after <const> = put(seminar, { count = 5 }, instructor, encoding).json()
        assert.are.equal(5, after.count)
        assert.are.equal(seminar.name, after.name)
        assert.are.equal(seminar.capacity, after.capacity)
        assert.are.equal(seminar.online, after.online)
      end)

      it("is refused for a bad field, by its name, as " .. encoding, function()
        local seminar <const> = service.seminar(server, instructor)
        for field, value in pairs { name = "", capacity = "0", count = "x", time = "24:00", online = "1" } do
          assert.is_table(expect.refusal(put(seminar, { [field] = value }, instructor, encoding), 400)[field])
        end
        assert.are.same(seminar, service.show(server, instructor, seminar))
      end)
    end

    it("needs no body", function()
      local seminar <const> = service.seminar(server, instructor)
      local response <const> = client.request(server, {
        method = "PUT", path = PATH .. seminar.id .. "/", headers = instructor.headers,
      })
      assert.are.same(seminar, response.json())
    end)

    it("cannot hold fewer than are in it; who dropped is not", function()
      local owner <const> = service.instructor(server)
      local seminar <const> = service.seminar(server, owner, { capacity = 5 })
      local leaver <const> = service.signup(server)
      for _, who in ipairs { service.signup(server), service.signup(server), leaver } do
        assert.are.equal(201, service.join(server, who, seminar).status)
      end
      local body <const> = expect.refusal(put(seminar, { capacity = 2, name = "x" }, owner), 400)
      assert.are.equal(3004, body.app_code)
      assert.truthy(body.detail:find("3", 1, true))
      assert.are.equal(seminar.name, service.show(server, owner, seminar).name)
      service.drop(server, leaver, seminar)
      assert.are.equal(2, put(seminar, { capacity = 2 }, owner).json().capacity)
    end)

    it("is refused in the order: no such seminar, not in charge, bad fields", function()
      local seminar <const> = service.seminar(server, instructor)
      local missing <const> = { id = "999999" }
      expect.refusal(put(missing, { capacity = -1 }, participant), 404)
      expect.refusal(put({ id = "one" }, {}, instructor), 404)
      for _, who in ipairs { participant, service.instructor(server) } do
        assert.are.equal(3002, expect.refusal(put(seminar, { capacity = -1 }, who), 403).app_code)
      end
      expect.refusal(put(seminar, { capacity = -1 }, instructor), 400)
    end)
  end)

  it("allows what it says in Allow", function()
    local one <const> = client.request(server, {
      method = "DELETE", path = PATH .. "1/", headers = instructor.headers,
    })
    expect.refusal(one, 405)
    assert.are.equal("GET, PUT, HEAD, OPTIONS", one.headers.allow)
    local all <const> = client.request(server, { method = "PUT", path = PATH, headers = instructor.headers })
    expect.refusal(all, 405)
    assert.are.equal("GET, POST, HEAD, OPTIONS", all.headers.allow)
  end)
end)

describe("the list of seminars", function()
  local server, instructor, participant

  setup(function()
    server = server_support.start {}
    instructor, participant = service.instructor(server), service.signup(server)
  end)

  teardown(function()
    server:stop()
  end)

  local function list(query)
    local response <const> = client.get(server, PATH .. (query or ""), participant.headers)
    assert.are.equal(200, response.status, response.body)
    return response.json()
  end

  local function names(query)
    local result <const> = {}
    for index, item in ipairs(list(query)) do
      result[index] = item.name
    end
    return result
  end

  it("is a list also when there is nothing", function()
    assert.are.equal("[]", client.get(server, PATH, participant.headers).body)
    assert.are.equal("[]", client.get(server, PATH .. "?name=x", participant.headers).body)
  end)

  it("is newest first, or oldest first, and searched by name", function()
    for _, name in ipairs { "Lua from the inside", "100% 데이터베이스", "Un CAFÉ noir", "a_b*c?[d]", "lua again" } do
      service.seminar(server, instructor, { name = name })
    end
    local newest <const> = { "lua again", "a_b*c?[d]", "Un CAFÉ noir", "100% 데이터베이스", "Lua from the inside" }
    local earliest <const> = {}
    for index, name in ipairs(newest) do
      earliest[#newest + 1 - index] = name
    end
    assert.are.same(newest, names())
    assert.are.same(newest, names "?order=latest")
    assert.are.same(newest, names "?order=EARLIEST")
    assert.are.same(newest, names "?order=")
    assert.are.same(newest, names "?page=2&limit=1&name=")
    assert.are.same(earliest, names "?order=earliest")

    assert.are.same({ "lua again", "Lua from the inside" }, names "?name=LUA")
    assert.are.same({ "Lua from the inside", "lua again" }, names "?name=lua&order=earliest")
    assert.are.same({ "100% 데이터베이스" }, names "?name=%EB%8D%B0%EC%9D%B4")
    assert.are.same({ "Un CAFÉ noir" }, names "?name=caf%C3%A9")
    -- What means something to a database is a letter like any other to who searches.
    assert.are.same({ "100% 데이터베이스" }, names "?name=%25")
    assert.are.same({ "a_b*c?[d]" }, names "?name=_")
    assert.are.same({ "a_b*c?[d]" }, names "?name=*")
    assert.are.same({ "a_b*c?[d]" }, names "?name=%3F%5Bd%5D")
    assert.are.same({}, names "?name=lua%20%20from")
    assert.are.same({}, names "?name='%20OR%201=1")
    assert.are.same({}, names("?name=" .. ("x"):rep(2000)))
  end)

  it("counts active participants and shows no others", function()
    local seminar <const> = service.seminar(server, instructor, { name = "Counted" })
    local leaver <const> = service.signup(server)
    service.join(server, leaver, seminar)
    service.join(server, participant, seminar)
    service.drop(server, leaver, seminar)
    local second <const> = service.instructor(server)
    assert.are.equal(201, service.join(server, second, seminar, "instructor").status)

    local item <const> = list("?name=counted")[1]
    assert.are.same({ "id", "instructors", "name", "participant_count" }, sorted_keys(item))
    assert.are.equal(seminar.id, item.id)
    assert.are.equal(1, item.participant_count)
    assert.are.equal(2, #item.instructors)
    assert.are.equal(instructor.id, item.instructors[1].id)
    assert.are.equal(second.id, item.instructors[2].id)
    assert.are.same({ "email", "first_name", "id", "joined_at", "last_name", "username" },
      sorted_keys(item.instructors[1]))
  end)

  it("is refused for a query that is no text", function()
    expect.refusal(client.get(server, PATH .. "?name=%zz", participant.headers), 400)
    expect.refusal(client.get(server, PATH .. "?name=%FF", participant.headers), 400)
  end)
end)
