--- Refusals in Korean.
local client = require "support.client"
local expect = require "support.expect"
local server_support = require "support.server"
local service = require "support.service"

describe("a client that reads Korean", function()
  local server

  setup(function()
    server = server_support.start {}
  end)

  teardown(function()
    server:stop()
  end)

  local function in_language(language, method, path, fields, who)
    return client.json(server, method, path, fields, {
      ["Accept-Language"] = language, Authorization = who and who.headers.Authorization,
    })
  end

  local function is_korean(text)
    -- Hangul syllables, U+AC00 to U+D7A3.
    return text:find("[\xEA-\xED][\x80-\xBF][\x80-\xBF]") ~= nil
  end

  local function path_of(seminar)
    return ("/api/v1/seminar/%d/user/"):format(seminar.id)
  end

  it("is told about a dropped seminar in the operations team's own words", function()
    local seminar <const> = service.seminar(server, service.instructor(server))
    local who <const> = service.signup(server)
    service.join(server, who, seminar)
    service.drop(server, who, seminar)
    local join <const> = { role = "participant" }
    local korean <const> = in_language("ko-KR,ko;q=0.9,en;q=0.5", "POST", path_of(seminar), join, who)
    assert.are.equal("드랍한 세미나는 다시 참여할 수 없습니다. 사정이 있다면 운영팀에 문의해 주세요.",
      expect.refusal(korean, 400).detail)
    local english <const> = in_language("en", "POST", path_of(seminar), join, who)
    assert.are.equal("You dropped this seminar. Ask the operations team if you need to come back.",
      expect.refusal(english, 400).detail)
    local french <const> = in_language("fr", "POST", path_of(seminar), join, who)
    assert.are.equal(english.json().detail, french.json().detail)
  end)

  it("is told of every refusal in Korean", function()
    local owner <const>, who <const> = service.instructor(server), service.signup(server)
    local seminar <const> = service.seminar(server, owner, { capacity = 1 })
    local waiting <const> = service.signup(server, { accepted = "false" })
    local participant <const>, instructor <const> = { role = "participant" }, { role = "instructor" }
    local refusals <const> = {
      { 409, "POST", "/api/v1/signup/", service.person { email = who.email } },
      { 400, "POST", "/api/v1/login/", { email = who.email, password = "wrong" } },
      { 401, "GET", "/api/v1/user/me/", {} },
      { 404, "GET", "/api/v1/user/999999/", {}, who },
      { 403, "PUT", "/api/v1/user/1/", {}, who },
      { 400, "POST", "/api/v1/user/participant/", {}, who },
      { 405, "PATCH", "/api/v1/user/me/", {}, who },
      { 403, "POST", "/api/v1/seminar/", {}, who },
      { 404, "GET", "/api/v1/seminar/999999/", {}, who },
      { 403, "PUT", ("/api/v1/seminar/%d/"):format(seminar.id), {}, who },
      { 403, "POST", path_of(seminar), instructor, who },
      { 403, "POST", path_of(seminar), participant, service.instructor(server) },
      { 403, "POST", path_of(seminar), participant, waiting },
      { 400, "POST", path_of(seminar), participant, owner },
      { 403, "DELETE", path_of(seminar), {}, owner },
    }
    for _, refusal in ipairs(refusals) do
      local status <const>, method <const>, path <const>, fields <const>, asker <const> = table.unpack(refusal)
      local body <const> = expect.refusal(in_language("ko", method, path, fields, asker), status)
      assert.truthy(is_korean(body.detail), method .. " " .. path .. ": " .. body.detail)
      assert.is_false(is_korean(expect.refusal(in_language("en", method, path, fields, asker), status).detail))
    end
  end)

  it("is told how many are in a seminar that cannot shrink, and that it is full", function()
    local owner <const> = service.instructor(server)
    local seminar <const> = service.seminar(server, owner, { capacity = 2 })
    service.join(server, service.signup(server), seminar)
    service.join(server, service.signup(server), seminar)
    local path <const> = ("/api/v1/seminar/%d/"):format(seminar.id)
    local small <const> = expect.refusal(in_language("ko", "PUT", path, { capacity = 1 }, owner), 400)
    assert.truthy(small.detail:find("2명", 1, true))
    local late <const>, join <const> = service.signup(server), { role = "participant" }
    local full <const> = expect.refusal(in_language("ko", "POST", path_of(seminar), join, late), 400)
    assert.truthy(is_korean(full.detail))
    local busy <const> = in_language("ko", "POST", path_of(service.seminar(server, service.instructor(server))),
      { role = "instructor" }, owner)
    assert.truthy(is_korean(expect.refusal(busy, 400).detail))
  end)

  it("is told what is wrong with every field in Korean", function()
    local body <const> = expect.refusal(in_language("ko", "POST", "/api/v1/signup/", {
      email = "nobody", username = "", role = "teacher", first_name = "지우1",
    }), 400)
    for _, field in ipairs { "email", "username", "password", "role", "first_name" } do
      assert.truthy(is_korean(body[field][1]), field)
    end
    local who <const>, other <const> = service.instructor(server), service.signup(server)
    local changes <const> = expect.refusal(in_language("ko", "PUT", "/api/v1/user/me/", {
      email = other.email, year = "x",
    }, who), 400)
    assert.truthy(is_korean(changes.email[1]))
    assert.truthy(is_korean(changes.year[1]))
    local half <const> = { first_name = "지우" }
    local names <const> = expect.refusal(in_language("ko", "PUT", "/api/v1/user/me/", half, who), 400)
    assert.truthy(is_korean(names.last_name[1]))
    local seminar <const> = expect.refusal(in_language("ko", "POST", "/api/v1/seminar/", {
      name = "", capacity = 0, count = "x", time = "25:00", online = "maybe",
    }, who), 400)
    for _, field in ipairs { "name", "capacity", "count", "time", "online" } do
      assert.truthy(is_korean(seminar[field][1]), field)
    end
  end)

  it("is told about a failure in Korean, too", function()
    local response <const> = client.get(server, "/api/v1/debug/always-500/", { ["Accept-Language"] = "ko" })
    local _, body <const> = expect.failure(response, 500)
    assert.truthy(is_korean(body.detail))
    assert.truthy(body.detail:find(body.error_id, 1, true))
  end)
end)
