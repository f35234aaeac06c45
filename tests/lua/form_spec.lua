--- Forms taken apart, as a handler sees their fields.
local form = require "mulligan.form"
local json = require "mulligan.json"
local multipart = require "support.multipart"

local URLENCODED <const> = "application/x-www-form-urlencoded"

describe("form.parse of a URL-encoded body", function()
  it("gives texts by name", function()
    local fields, files = form.parse(URLENCODED, "name=waffle&year=3&full+name=%ED%95%9C+%EA%B8%80&empty=&bare")
    assert.are.same({ name = "waffle", year = "3", ["full name"] = "한 글", empty = "", bare = "" }, fields)
    assert.are.same({}, files)
  end)

  it("lets the last value of a name stand", function()
    assert.are.same({ a = "3", b = "2" }, (form.parse(URLENCODED, "a=1&b=2&a=3")))
  end)

  it("takes parameters and any case in the media type", function()
    assert.are.same({ a = "1" }, (form.parse("Application/X-WWW-Form-Urlencoded; charset=UTF-8", "a=1")))
  end)

  it("gives an empty table for an empty body", function()
    assert.are.same({}, (form.parse(URLENCODED, "")))
  end)

  it("refuses broken escapes, bad UTF-8 and floods of fields", function()
    for _, body in ipairs { "a=%", "a=%4", "a=%zz", "a=%ff", "%ff=1", ("a=1&"):rep(1001) } do
      local fields, message, code = form.parse(URLENCODED, body)
      assert.is_nil(fields, body:sub(1, 20))
      assert.is_string(message)
      assert.are.equal("invalid", code)
    end
  end)
end)

describe("form.parse of a multipart body", function()
  it("gives fields and files apart", function()
    local body, content_type = multipart.build {
      { name = "name", value = "한글" },
      { name = "photo", value = "\0\255\r\nbytes", filename = "me.png", type = "image/png" },
      { name = "note", value = "", filename = "note" },
    }
    local fields, files = form.parse(content_type, body)
    assert.are.same({ name = "한글" }, fields)
    assert.are.same({
      photo = { filename = "me.png", content_type = "image/png", content = "\0\255\r\nbytes" },
      note = { filename = "note", content = "" },
    }, files)
  end)

  it("lets the last value of a name stand", function()
    local body, content_type = multipart.build { { name = "a", value = "1" }, { name = "a", value = "2" } }
    assert.are.same({ a = "2" }, (form.parse(content_type, body)))
  end)

  it("gives texts only that JSON can hold", function()
    local body, content_type = multipart.build { { name = "a", value = "\255" } }
    local fields, message, code = form.parse(content_type, body)
    assert.is_nil(fields)
    assert.are.equal("the field 'a' is not valid UTF-8", message)
    assert.are.equal("invalid", code)
    body, content_type = multipart.build { { name = "a", value = "한" } }
    assert.are.equal('{"a":"한"}', json.encode((form.parse(content_type, body))))
  end)

  it("refuses a body that was cut off or has no boundary", function()
    local body, content_type = multipart.build { a = "1", b = "2" }
    for cut = 1, #body - 5 do
      local fields, _, code = form.parse(content_type, body:sub(1, cut))
      assert.is_nil(fields, cut)
      assert.are.equal("invalid", code)
    end
    assert.is_nil((form.parse("multipart/form-data", body)))
  end)
end)

describe("form.parse", function()
  it("says when the media type is no form's", function()
    for _, content_type in ipairs { "", "text/plain", "application/json", "multipart/mixed", "multipart/form-data2" } do
      local fields, _, code = form.parse(content_type, "a=1")
      assert.is_nil(fields)
      assert.are.equal("unsupported", code)
    end
  end)

  it("keeps a thousand fields apart", function()
    local body, expected = {}, {}
    for i = 1, 1000 do
      body[i] = ("f%d=%s"):format(i, ("x"):rep(i % 50))
      expected["f" .. i] = ("x"):rep(i % 50)
    end
    assert.are.same(expected, (form.parse(URLENCODED, table.concat(body, "&"))))
  end)
end)
