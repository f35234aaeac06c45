--- The language of the library's messages, as the client asks for it.
local client = require "support.client"
local server = require "support.server"

describe("the library's messages", function()
  local host

  setup(function()
    host = server.start { scripts = server.source("tests/vectors/app") }
  end)

  teardown(function()
    host:stop()
  end)

  local function validate(language)
    return client.json(host, "POST", "/validate/", { amount = 1001 }, { ["Accept-Language"] = language }).json()
  end

  local ENGLISH <const> = {
    amount = { "Ensure this value is less than or equal to 1000." },
    description = { "This field is required." },
  }
  local KOREAN <const> = { amount = { "1000 이하의 값을 입력해 주세요." }, description = { "필수 항목입니다." } }

  it("are Korean for who prefers it", function()
    assert.are.same(KOREAN, validate("ko"))
    assert.are.same(KOREAN, validate("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7"))
  end)

  it("are English for who prefers that, another language, or says nothing", function()
    assert.are.same(ENGLISH, validate("en-US,en;q=0.9,ko;q=0.8"))
    assert.are.same(ENGLISH, validate("fr"))
    assert.are.same(ENGLISH, validate(false))
  end)

  it("change from one request to the next", function()
    for _ = 1, 4 do
      assert.are.same(KOREAN, validate("ko"))
      assert.are.same(ENGLISH, validate("en"))
    end
  end)

  it("are Korean for a refusal before the handler, too", function()
    local korean = { ["Accept-Language"] = "ko" }
    assert.are.same({ detail = "인증 정보가 없습니다. 로그인해 주세요." }, client.get(host, "/private/", korean).json())
    assert.are.same({ detail = "인증 토큰의 서명이 올바르지 않습니다." }, client.get(host, "/private/",
      { ["Accept-Language"] = "ko", Authorization = "JWT bad" }).json())
    assert.are.same({ detail = '"PUT" 메서드는 사용할 수 없습니다.' },
      client.request(host, { method = "PUT", path = "/methods/", headers = korean }).json())
    assert.are.same({ detail = "요청이 너무 많습니다. 90초 뒤에 다시 시도해 주세요." },
      client.get(host, "/throttled/?wait=90", korean).json())
  end)
end)
