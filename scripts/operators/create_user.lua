--- Makes an account, as `signup/` does and by the same rules. `mulligan user create` runs it.

local i18n = require "mulligan.i18n"
local passwords = require "lib.passwords"
local serializers = require "serializers.users"
local users = require "models.users"

-- Says of each field what is wrong with it, in the order of the names.
local function explain(errors, op)
  local names <const> = {}
  for name in pairs(errors) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    op.say(("%s: %s"):format(name, table.concat(errors[name], " ")))
  end
end

local function run(params, op)
  local signup <const> = serializers.signup(params)
  if not signup:is_valid() then
    explain(signup.errors, op)
    op.abort(i18n.t("Nothing was created."))
  end
  local account <const> = signup.validated_data
  account.password = passwords.hash(account.password)
  local id <const> = users.create(account)
  if not id then
    op.abort(i18n.t("There is a user with the e-mail address {email} already.", { email = account.email }))
  end
  op.say(i18n.t("User {id} is made: {email}, {role}.", { id = id, email = account.email, role = account.role }))
end

return {
  title = i18n.t("New user"),
  summary = i18n.t("Makes an account for a participant or an instructor."),
  params = {
    { name = "email", type = "string", required = true, help = i18n.t("The e-mail address to log in with.") },
    { name = "username", type = "string", required = true, help = i18n.t("What the person is called on the site.") },
    {
      name = "password",
      type = "string",
      required = true,
      secret = true,
      help = i18n.t("The password to log in with."),
    },
    {
      name = "role",
      type = "choice",
      choices = { "participant", "instructor" },
      required = true,
      help = i18n.t("What the person is."),
    },
    { name = "first_name", type = "string", help = i18n.t("Given together with the last name.") },
    { name = "last_name", type = "string", help = i18n.t("Given together with the first name.") },
    { name = "university", type = "string", help = i18n.t("A participant's university.") },
    { name = "company", type = "string", help = i18n.t("An instructor's company.") },
    { name = "year", type = "integer", help = i18n.t("An instructor's years of experience.") },
  },
  run = run,
}
