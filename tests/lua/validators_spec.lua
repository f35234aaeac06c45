--- The unique validator: what counts as taken, and that no name reaches the SQL unchecked.
local db = require "mulligan.db"
local fields = require "mulligan.fields"
local serializers = require "mulligan.serializers"
local validators = require "mulligan.validators"

describe("the unique validator", function()
  setup(function()
    db.exec("CREATE TABLE account (id INTEGER PRIMARY KEY, email TEXT)")
    db.exec("INSERT INTO account (id, email) VALUES (1, 'a@b.co'), (2, 'c@d.co')")
  end)

  teardown(function()
    db.exec("DROP TABLE account")
  end)

  local Account = serializers.define {
    email = fields.email { validators = { validators.unique { table = "account", column = "email" } } },
  }

  local function errors_of(email, instance)
    local account = Account { data = { email = email }, instance = instance }
    account:is_valid()
    return account.errors, account.detail
  end

  it("refuses a value that a row has already", function()
    local errors, detail = errors_of(" a@b.co ")
    assert.are.same({ email = { "This field must be unique." } }, errors)
    assert.are.equal("unique", detail.email[1].code)
    assert.are.same({}, errors_of("new@b.co"))
  end)

  it("lets a row keep its own, but not take another's", function()
    assert.are.same({}, errors_of("a@b.co", { id = 1 }))
    assert.are.same({ email = { "This field must be unique." } }, errors_of("c@d.co", { id = 1 }))
  end)

  it("has words of its own where it is given some", function()
    local unique = validators.unique { table = "account", column = "email", message = "Taken.", code = "taken" }
    assert.are.same({ false, "Taken.", "taken" }, { unique("a@b.co", {}) })
  end)

  it("takes no name that would need quoting", function()
    for _, options in ipairs {
      { table = 'account" --', column = "email" },
      { table = "account", column = "email = '' OR 1" },
      { table = "account", column = "email", exclude = "id; DROP TABLE account" },
      { column = "email" },
    } do
      assert.has_error(function()
        validators.unique(options)
      end)
    end
  end)
end)
