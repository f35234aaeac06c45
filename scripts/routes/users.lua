--- Signing up and in, and one's own account.

local auth = require "mulligan.auth"
local enrolment = require "models.enrolment"
local exceptions = require "mulligan.exceptions"
local jwt_auth = require "lib.jwt_auth"
local passwords = require "lib.passwords"
local record_id = require "lib.record_id"
local refusals = require "lib.refusals"
local route = require "mulligan.route"
local serializers = require "serializers.users"
local throttles = require "lib.throttles"
local users = require "models.users"

local OPEN <const> = { auth = auth.none, throttle = throttles }
local SIGNED_IN <const> = { auth = auth.required }

-- The same for an unknown e-mail address as for a wrong password, in words and in time.
local function refuse_login(user, password)
  if not passwords.verify(password, user and user.password) or not user then
    refusals.raise("wrong_credentials")
  end
end

local function show(user)
  return serializers.body(user, enrolment.of_user(user.id))
end

route.post("/api/v1/signup/", function(req)
  local signup <const> = serializers.signup(req.data)
  signup:is_valid { raise = true }
  local account <const> = signup.validated_data
  -- Looked up before the costly hash; create() looks again, where nobody can come in between.
  if users.email_taken(account.email) then
    refusals.raise("email_taken")
  end
  account.password = passwords.hash(account.password)
  local id <const>, reason <const> = users.create(account)
  if not id then
    refusals.raise(reason)
  end
  return 201, { user = account.email, token = jwt_auth.token(id, account.email) }
end, OPEN)

route.post("/api/v1/login/", function(req)
  local login <const> = serializers.Login { data = req.data }
  login:is_valid { raise = true }
  local user <const> = users.credentials(login.validated_data.email)
  refuse_login(user, login.validated_data.password)
  users.touch_login(user.id)
  return 200, { success = true, token = jwt_auth.token(user.id, user.email) }
end, OPEN)

route.get("/api/v1/user/me/", function(req)
  return 200, show(req.user)
end, SIGNED_IN)

route.put("/api/v1/user/me/", function(req)
  local form <const> = serializers.changes(req.user, req.data)
  form:is_valid { raise = true }
  local changes <const> = form.validated_data
  if changes.password then
    changes.password = passwords.hash(changes.password)
  end
  if not users.update(req.user.id, changes) then
    -- Somebody took the address after the form was found to be right.
    exceptions.ValidationError({ email = { serializers.EMAIL_TAKEN } }):raise()
  end
  return 200, show(users.find(req.user.id))
end, SIGNED_IN)

route.post("/api/v1/user/participant/", function(req)
  if req.user.participant then
    refusals.raise("already_participant")
  end
  local form <const> = serializers.Participant { data = req.data }
  form:is_valid { raise = true }
  local made <const>, reason <const> = users.become_participant(req.user.id, form.validated_data)
  if not made then
    refusals.raise(reason)
  end
  return 201, show(users.find(req.user.id))
end, SIGNED_IN)

route.get("/api/v1/user/{id}/", function(req)
  local id <const> = record_id(req.params.id)
  local user <const> = id and users.find(id)
  if not user then
    refusals.raise("user_missing")
  end
  return 200, show(user)
end, SIGNED_IN)

route.put("/api/v1/user/{id}/", function()
  refusals.raise("not_oneself")
end, SIGNED_IN)
