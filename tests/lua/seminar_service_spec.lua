--- The seminar service from inside: how often it asks the database, what a search finds, that all is translated.
local db = require "mulligan.db"
local scripts = require "support.scripts"

describe("reading", function()
  local handlers, queries, users, seminars, enrolment, jwt_auth, crypto

  setup(function()
    scripts.migrate()
    handlers, queries = {}, 0
    local counted <const> = setmetatable({
      one = function(...)
        queries = queries + 1
        return db.one(...)
      end,
      query = function(...)
        queries = queries + 1
        return db.query(...)
      end,
    }, { __index = db })
    local function register(pattern, handler)
      handlers[pattern] = handlers[pattern] or handler
    end
    local function ignore() end
    local load_module <const> = scripts.loader {
      ["mulligan.db"] = counted,
      ["mulligan.route"] = { get = register, post = ignore, put = ignore, delete = ignore },
      ["lib.throttles"] = {},
    }
    users, seminars = load_module "models.users", load_module "models.seminars"
    enrolment, jwt_auth = load_module "models.enrolment", load_module "lib.jwt_auth"
    load_module "routes.users"
    load_module "routes.seminars"
    crypto = require "mulligan.crypto"
  end)

  local function person(name, role)
    return assert(users.create {
      email = name .. "@example.com", username = name, password = "a hash", first_name = "", last_name = "",
      role = role, university = "", accepted = true, company = "",
    })
  end

  -- The queries of a request: finding out who asks, and the handler's own.
  local function count(pattern, id, asker)
    queries = 0
    local token <const> = crypto.sign { user_id = asker, email = "x", exp = 32503680000 }
    local user <const> = jwt_auth.authenticate { headers = { authorization = "JWT " .. token } }
    local status <const> = handlers[pattern] { user = user, params = { id = tostring(id) }, query = {} }
    assert.are.equal(200, status)
    return queries
  end

  it("takes three queries at most, however much there is to show", function()
    local asker <const> = person("asker", "participant")
    local first <const> = seminars.create(
      { name = "First", capacity = 100, count = 1, time = "10:00", online = true }, person("first", "instructor"))
    enrolment.join(asker, first, "participant")
    local function counts()
      return {
        me = count("/api/v1/user/me/", nil, asker),
        user = count("/api/v1/user/{id}/", asker, asker),
        list = count("/api/v1/seminar/", nil, asker),
        seminar = count("/api/v1/seminar/{id}/", first, asker),
      }
    end
    local few <const> = counts()
    for name, number in pairs(few) do
      assert.truthy(number <= 3, ("%s: %d queries"):format(name, number))
    end
    for index = 1, 30 do
      local instructor <const> = person("instructor" .. index, "instructor")
      local seminar <const> = seminars.create(
        { name = "More", capacity = 100, count = 1, time = "10:00", online = true }, instructor)
      enrolment.join(asker, seminar, "participant")
      enrolment.join(person("participant" .. index, "participant"), first, "participant")
    end
    assert.are.same(few, counts())
  end)
end)

describe("a search", function()
  local search <const> = scripts.loader({}) "lib.search"

  local function finds(needle, name)
    local patterns = search.contains(needle)
    return db.one([[SELECT :name LIKE :like ESCAPE '\' AND :name GLOB :glob AS found]],
      { name = name, like = patterns.like, glob = patterns.glob }).found == 1
  end

  it("finds a text inside a name whatever the case, beyond A to Z", function()
    for needle, name in pairs {
      ["lua"] = "The LUA book", ["LUA"] = "the lua book", ["café"] = "UN CAFÉ", ["CAFÉ"] = "un café",
      ["ΩΜΈΓΑ"] = "ωμέγα", ["ёлка"] = "ЁЛКА", ["ŁÓDŹ"] = "łódź", ["ｌｕａ"] = "ＬＵＡ", ["세미나"] = "루아 세미나",
      [""] = "anything", [" "] = "two words",
    } do
      assert.is_true(finds(needle, name), needle)
    end
  end)

  it("takes a database's own signs as they are", function()
    for _, sign in ipairs { "*", "?", "[", "]", "%", "_", "^", "-", "\\", "'", "[a]" } do
      assert.is_true(finds(sign, "before " .. sign .. " after"), sign)
      assert.is_false(finds(sign, "before after"), sign)
    end
  end)

  it("finds nothing with what no name can hold", function()
    for _, needle in ipairs { "\0", "a\0", "\xFF", ("x"):rep(100000) } do
      assert.is_false(finds(needle, "axyz"))
    end
  end)
end)

describe("a number in an address", function()
  local record_id <const> = scripts.loader({}) "lib.record_id"

  it("is decimal digits that 64 bits hold", function()
    for text, id in pairs { ["1"] = 1, ["007"] = 7, ["0"] = 0, ["9223372036854775807"] = math.maxinteger } do
      assert.are.equal(id, record_id(text))
      assert.are.equal("integer", math.type(record_id(text)))
    end
    for _, text in ipairs {
      "", "-1", "+1", "1.0", "1e3", "0x10", " 1", "1 ", "one", "9223372036854775808", ("9"):rep(400), "１",
    } do
      assert.is_nil(record_id(text))
    end
  end)
end)

describe("the Korean catalogue", function()
  local catalogue <const> = scripts.loader({}) "messages.ko"

  -- The token at `position`: its kind, its text if it is one, and where the next one begins.
  local function token(source, position)
    local _, last = source:find("^%-%-[^\n]*", position)
    if last then
      return "blank", nil, last + 1
    end
    local text
    _, last, text = source:find("^%[=*%[\n?(.-)%]=*%]", position)
    if last then
      return "text", text, last + 1
    end
    local quote <const> = source:match("^[\"']", position)
    if not quote then
      _, last = source:find("^%s+", position)
      if last then
        return "blank", nil, last + 1
      end
      local joins <const> = source:sub(position, position + 1) == ".."
      return joins and "join" or "other", nil, position + (joins and 2 or 1)
    end
    last = position
    repeat
      last = source:find("[\\" .. quote .. "]", last + 1)
      local escaped <const> = source:sub(last, last) == "\\"
      last = escaped and last + 1 or last
    until not escaped
    return "text", load("return " .. source:sub(position, last))(), last + 1
  end

  -- All texts of a script, those in pieces put together.
  local function literals(source)
    local found <const>, position, joined = {}, 1, false
    local open = false -- was the last token, blanks aside, a text?
    while position <= #source do
      local kind <const>, text <const>, after <const> = token(source, position)
      if kind == "text" and joined then
        found[#found] = found[#found] .. text
      elseif kind == "text" then
        found[#found + 1] = text
      end
      position = after
      if kind ~= "blank" then
        joined = kind == "join" and open
        open = kind == "text"
      end
    end
    for text in source:gmatch("{{(.-)}}") do
      found[#found + 1] = text
    end
    return found
  end

  local sources <const> = scripts.notebooks()
  for _, name in ipairs(scripts.names()) do
    if not name:find("^messages/") then
      sources[name] = scripts.source(name)
    end
  end
  local used <const> = {}
  for name, source in pairs(sources) do
    for _, text in ipairs(literals(source)) do
      used[text] = name
    end
  end

  it("holds nothing that no script says", function()
    for english in pairs(catalogue) do
      assert.truthy(used[english], english)
    end
  end)

  it("has every sentence that a script says", function()
    for text, name in pairs(used) do
      -- A sentence: it begins with a capital letter or a value, holds a blank and ends with a stop.
      if text:find("^[%u{\"].* .*[.:]$") and not name:find("^routes/") then
        assert.truthy(catalogue[text], ("%s: %q is not translated"):format(name, text))
      end
    end
  end)
end)
