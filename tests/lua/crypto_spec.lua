--- Passwords, tokens and digests, as scripts have them.
local crypto = require "mulligan.crypto"
local json = require "mulligan.json"
local time = require "mulligan.time"

local BAD_SIGNATURE <const> = { "Error decoding signature.", "invalid_signature" }
local EXPIRED <const> = { "Signature has expired.", "expired" }

--- Asserts that a token is refused in these words.
local function refused(expected, token)
  local claims, message, code = crypto.verify(token)
  assert.is_nil(claims, token)
  assert.are.same(expected, { message, code }, token)
end

local function now()
  return time.us() // 1000000
end

local ALPHABET <const> = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

--- base64url without padding.
local function base64(bytes)
  local bits = bytes:gsub(".", function(byte)
    local value, text = byte:byte(), {}
    for bit = 7, 0, -1 do
      text[#text + 1] = value >> bit & 1
    end
    return table.concat(text)
  end)
  bits = bits .. ("0"):rep(-#bits % 6)
  return (bits:gsub("%d%d%d%d%d%d", function(six)
    local at = tonumber(six, 2) + 1
    return ALPHABET:sub(at, at)
  end))
end

describe("a password", function()
  it("is right for its own hash only", function()
    local hash = crypto.hash_password "correct horse 한글"
    assert.is_true(crypto.verify_password("correct horse 한글", hash))
    assert.is_false(crypto.verify_password("correct horse", hash))
    assert.is_false(crypto.verify_password("", hash))
  end)

  it("is hashed with argon2id, 19 MiB and two passes, and a salt of its own", function()
    local one, other = crypto.hash_password "same", crypto.hash_password "same"
    assert.matches("^%$argon2id%$v=19%$m=19456,t=2,p=1%$", one)
    assert.are_not.equal(one, other)
    assert.is_true(crypto.verify_password("same", one))
    assert.is_true(crypto.verify_password("same", other))
  end)

  it("may be empty, long, or hold any byte", function()
    for _, password in ipairs { "", ("x"):rep(100000), "a\0b", "\255" } do
      local hash = crypto.hash_password(password)
      assert.is_true(crypto.verify_password(password, hash))
      assert.is_false(crypto.verify_password(password .. "c", hash))
    end
  end)

  it("is never right where there is no hash", function()
    for _, hash in ipairs {
      false, json.null, "", "plain", "$argon2id$", "$2b$12$abcdefghijklmnopqrstuv", ("x"):rep(500),
    } do
      assert.is_false(crypto.verify_password("x", hash or nil))
    end
    local hash = crypto.hash_password "x"
    assert.is_false(crypto.verify_password("x", hash .. "\0"))
    assert.is_false(crypto.verify_password("x", hash:sub(1, -2)))
  end)

  it("must be given", function()
    assert.has_error(function() crypto.hash_password(nil) end)
    assert.has_error(function() crypto.verify_password(nil, nil) end)
  end)
end)

describe("a token", function()
  local claims <const> = { user_id = 17, email = "waffle@example.com", iat = 1636815540, exp = 4102444800 }

  it("gives its claims back", function()
    assert.are.same(claims, crypto.verify(crypto.sign(claims)))
    local rich = { exp = now() + 60, list = json.array { 1, "b" }, nothing = json.null, text = "한글", n = 1.5 }
    assert.are.same(rich, crypto.verify(crypto.sign(rich)))
  end)

  it("is compact HS256, the same for the same claims", function()
    local token = crypto.sign(claims)
    assert.matches("^eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9%.[%w_-]+%.[%w_-]+$", token)
    assert.are.equal(43, #token:match "[^.]+$")
    assert.are.equal(token, crypto.sign(claims))
    assert.are.equal(base64 '{"email":"waffle@example.com","exp":4102444800,"iat":1636815540,"user_id":17}',
      token:match "%.([^.]+)%.")
  end)

  it("is refused when any of its characters was changed, taken away or put in", function()
    local token = crypto.sign(claims)
    for at = 1, #token do
      local was = token:sub(at, at)
      for _, character in ipairs { "A", "B", "-", "_", "9", ".", "=", "\0" } do
        if character ~= was then
          refused(BAD_SIGNATURE, token:sub(1, at - 1) .. character .. token:sub(at + 1))
        end
      end
      refused(BAD_SIGNATURE, token:sub(1, at - 1) .. token:sub(at + 1))
      refused(BAD_SIGNATURE, token:sub(1, at) .. "A" .. token:sub(at + 1))
    end
  end)

  it("has one spelling only: the signature's spare bits must be zero", function()
    local token = crypto.sign(claims)
    local last = ALPHABET:find(token:sub(-1), 1, true) - 1
    for spare = 1, 3 do
      local other = (last & ~3 | (last + spare) & 3) + 1
      if other ~= last + 1 then
        refused(BAD_SIGNATURE, token:sub(1, -2) .. ALPHABET:sub(other, other))
      end
    end
    refused(BAD_SIGNATURE, token .. "=")
  end)

  it("is refused in every wrong shape", function()
    local header, body, signature = crypto.sign(claims):match "([^.]+)%.([^.]+)%.([^.]+)"
    local none = base64 '{"alg":"none","typ":"JWT"}'
    local shapes = {
      "", ".", "..", "...", "a.b.c", "JWT", " ", ("A"):rep(100000), ("."):rep(10000), header, header .. "." .. body,
      header .. "." .. body .. ".", header .. ".." .. signature, "." .. body .. "." .. signature,
      none .. "." .. body .. ".", none .. "." .. body .. "." .. signature,
      header .. "." .. body .. "." .. signature .. ".",
      " " .. header .. "." .. body .. "." .. signature, header .. "." .. body .. "." .. signature .. "\n",
      body .. "." .. header .. "." .. signature,
    }
    for _, shape in ipairs(shapes) do
      refused(BAD_SIGNATURE, shape)
    end
    -- Signed with a key that is not the host's.
    refused(BAD_SIGNATURE, header .. "." .. body .. "." ..
      base64((crypto.hmac("guess", header .. "." .. body):gsub("%x%x", function(hex)
        return string.char(tonumber(hex, 16))
      end))))
  end)

  it("ends at its exp", function()
    refused(EXPIRED, crypto.sign { exp = now() })
    refused(EXPIRED, crypto.sign { exp = now() - 7200, iat = now() - 14400 })
    refused(EXPIRED, crypto.sign { exp = 0 })
    refused(EXPIRED, crypto.sign { exp = -1.5 })
    assert.is_table(crypto.verify(crypto.sign { exp = now() + 3600.5 }))
  end)

  it("is not good before it was made", function()
    refused(BAD_SIGNATURE, crypto.sign { exp = now() + 7200, iat = now() + 3600 })
    refused(BAD_SIGNATURE, crypto.sign { exp = now() + 7200, iat = "today" })
    refused(BAD_SIGNATURE, crypto.sign { exp = now() + 7200, nbf = now() + 3600 })
    assert.is_table(crypto.verify(crypto.sign { exp = now() + 7200, iat = now() + 5 }))
  end)

  it("is not made without an exp, or of what JSON cannot hold", function()
    assert.has_error(function() crypto.sign { user_id = 1 } end)
    assert.has_error(function() crypto.sign { exp = "tomorrow" } end)
    assert.has_error(function() crypto.sign { exp = now() + 60, f = print } end)
    assert.has_error(function() crypto.sign { exp = now() + 60, long = ("x"):rep(5000) } end)
    assert.has_error(function() crypto.sign "text" end)
  end)

  it("must be a text", function()
    assert.has_error(function() crypto.verify(nil) end)
    assert.has_error(function() crypto.verify {} end)
  end)
end)

describe("digests", function()
  it("are those of the standards", function()
    assert.are.equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", crypto.sha256 "abc")
    assert.are.equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", crypto.sha256 "")
    -- RFC 4231, test case 2
    assert.are.equal("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      crypto.hmac("Jefe", "what do ya want for nothing?"))
  end)
end)

describe("random bytes", function()
  it("come in the number asked for, and differ", function()
    for _, count in ipairs { 0, 1, 16, 1000, 1048576 } do
      assert.are.equal(count, #crypto.random(count))
    end
    assert.are_not.equal(crypto.random(32), crypto.random(32))
    for _, count in ipairs { -1, 1048577, math.maxinteger } do
      assert.has_error(function() crypto.random(count) end)
    end
  end)

  it("make tokens for addresses", function()
    assert.are.equal(43, #crypto.token())
    for count = 1, 40 do
      local token = crypto.token(count)
      assert.are.equal(math.ceil(count * 4 / 3), #token)
      assert.matches("^[%w_-]+$", token)
    end
    assert.are_not.equal(crypto.token(16), crypto.token(16))
    assert.has_error(function() crypto.token(0) end)
    assert.has_error(function() crypto.token(1025) end)
  end)
end)

describe("equal", function()
  it("compares every byte", function()
    assert.is_true(crypto.equal("", ""))
    assert.is_true(crypto.equal("a\0b", "a\0b"))
    assert.is_false(crypto.equal("a\0b", "a\0c"))
    assert.is_false(crypto.equal("a", "ab"))
    assert.has_error(function() crypto.equal("a", nil) end)
  end)
end)
