--- Failures that tell what they should not, one a kind. A kind is given the request and a word that is no secret.
local auth = require "mulligan.auth"
local config = require "lib.config"
local db = require "mulligan.db"
local errorlog = require "mulligan.errorlog"
local exceptions = require "mulligan.exceptions"
local log = require "mulligan.log"
local route = require "mulligan.route"

local open <const> = { auth = auth.none, log_bodies = true }
local leaks = {}

--- A secret that did not come with the request: what the test sent is its mirror image.
local function plant(req)
  return req.headers["x-mirror"]:reverse()
end

-- ---- what came with the request ----

function leaks.header(req, note)
  error(("%s: the key %s is unknown"):format(note, req.headers["x-api-key"]))
end

function leaks.bearer(req, note)
  error(("%s: %s is not valid"):format(note, req.headers.authorization:match(" (.+)$")))
end

function leaks.basic(req, note)
  error(("%s: somebody came with %s"):format(note, plant(req)))
end

function leaks.cookie(req, note)
  error(("%s: no session %s"):format(note, req.headers.cookie:match("sid=([^;]+)")))
end

function leaks.query(req, note)
  error(("%s: no such token %s"):format(note, req.query.token))
end

function leaks.body(req, note)
  error(("%s: cannot log in with %s"):format(note, req.data.password))
end

function leaks.nested(req, note)
  error(("%s: cannot use %s"):format(note, req.data.account.credentials.pass))
end

function leaks.malformed(req, note)
  log.info(note)
  return 200, req.data
end

function leaks.padded(req, note)
  error(("%s: refused %s"):format(note, req.text:match('"password": "([^"]+)"')))
end

function leaks.shouted(req, note)
  error(("%s: %s"):format(note, req.data.password:upper()))
end

function leaks.quoted(req, note)
  error(("%s: %q"):format(note, req.data.password))
end

function leaks.refused(req, note)
  exceptions.ValidationError({ detail = { ("%s: %s is too weak"):format(note, req.data.password) } }):raise()
end

function leaks.returned(req, note)
  return 500, { note = note, inner = { credentials = { first = plant(req) } } }
end

function leaks.late(req, note)
  local password <const> = plant(req)
  while note ~= password do
    note = note .. ""
  end
end

-- ---- SQL ----

leaks["sql-literal"] = function(req, note)
  local password <const> = plant(req)
  db.query(("SELECT count(*) AS n FROM account WHERE name = '%s' AND password <> '%s'"):format(note, password))
  db.query("SELECT nothing FROM nowhere")
end

leaks["sql-parameter"] = function(req, note)
  db.query("SELECT text FROM note WHERE text MATCH :secret || ' : x' AND :note <> ''", {
    secret = plant(req), note = note,
  })
end

leaks["sql-value"] = function(req, note)
  local password <const> = plant(req)
  local _, problem = pcall(db.exec, "INSERT INTO account (name, password) VALUES (?, ?)", note, password)
  error(("%s: %s %s"):format(note, problem, password))
end

-- ---- what the script holds ----

leaks["local"] = function(req, note)
  local api_key <const> = plant(req)
  error(("%s: the service refused %s"):format(note, api_key))
end

leaks["outer-local"] = function(req, note)
  local client_secret <const> = plant(req)
  local function call(signature)
    error(("%s: cannot sign with %s"):format(note, signature))
  end
  call("v1." .. client_secret)
  return client_secret
end

local function keeper(access_token)
  return function(note)
    error(("%s: %s has run out"):format(note, access_token))
  end
end

leaks["upvalue"] = function(req, note)
  keeper(plant(req))(note)
end

leaks["module"] = function(_, note)
  error(("%s: %s is refused"):format(note, config.service.api_key))
end

leaks["nested-table"] = function(req, note)
  local client <const> = { options = { { auth = { user = "kim", key = plant(req) } } } }
  error(("%s: refused %s"):format(note, client.options[1].auth.key))
end

leaks["large-table"] = function(req, note)
  local client <const> = {}
  for index = 1, 60 do
    client["option" .. index] = index
  end
  client.private_key = plant(req)
  error(("%s: refused %s"):format(note, client.private_key))
end

leaks["table-key"] = function(req, note)
  local seen <const> = { [plant(req)] = true }
  local token <const> = next(seen)
  error(("%s: seen %s: %s"):format(note, token, seen[token]))
end

leaks["coroutine"] = function(req, note)
  coroutine.wrap(function()
    local password <const> = plant(req)
    error(("%s: cannot use %s"):format(note, password))
  end)()
end

leaks["long-text"] = function(req, note)
  local secret <const> = plant(req)
  local report <const> = ("."):rep(190) .. secret .. ("."):rep(100)
  error(("%s: cannot send %d bytes"):format(note, #report))
end

-- ---- what an error says of itself ----

leaks["named-text"] = function(req, note)
  error(("%s: login failed, password='%s', user=kim"):format(note, plant(req)))
end

leaks["url"] = function(req, note)
  error(("%s: cannot reach postgres://app:%s@db.example.com/app"):format(note, plant(req)))
end

leaks["pem"] = function(req, note)
  error(("%s: bad key\n-----BEGIN PRIVATE KEY-----\nMIIE%s\n-----END PRIVATE KEY-----"):format(note,
    plant(req)))
end

leaks["bearer-text"] = function(req, note)
  error(("%s: the peer sent Authorization: Bearer %s"):format(note, plant(req)))
end

leaks["jwt-text"] = function(req, note)
  error(("%s: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.%s is not signed"):format(note, plant(req)))
end

leaks["card-text"] = function(req, note)
  error(("%s: card %s was declined"):format(note, plant(req)))
end

leaks["error-table"] = function(req, note)
  error({ note = note, session = { id = plant(req) } })
end

leaks["error-object"] = function(req, note)
  local Refusal <const> = { __name = "Refusal", __tostring = function(self)
    return ("%s: no account for %s"):format(self.note, self.api_key)
  end }
  error(setmetatable({ note = note, api_key = plant(req) }, Refusal))
end

leaks["exception-detail"] = function(req, note)
  local otp <const> = plant(req)
  exceptions.APIException(("%s: the code %s has been used"):format(note, otp)):raise()
end

-- ---- what was said before ----

leaks["breadcrumb"] = function(req, note)
  local password <const> = plant(req)
  errorlog.breadcrumb(("%s: trying %s"):format(note, password))
  errorlog.breadcrumb(("."):rep(390) .. password)
  error(note)
end

leaks["log"] = function(req, note)
  log.warning(("%s: the key %s is unknown"):format(note, req.headers["x-api-key"]))
  error(note)
end

leaks["log-body"] = function(req, note)
  log.warning(("%s: cannot log in with %s"):format(note, req.data.password))
  return 500, { detail = note }
end

leaks["record"] = function(req, note)
  local secret <const> = plant(req)
  local reference <const> = errorlog.record {
    message = ("%s: %s"):format(note, secret), type = "Suspicious", request = req,
    value = { token = secret }, args = { list = { secret } }, query = "q=" .. secret,
  }
  return 500, { detail = reference }
end

-- ---- the way in ----

-- A route each, so that each kind is an error of its own.
for kind, leak in pairs(leaks) do
  local function handle(req)
    return leak(req, req.headers["x-note"])
  end
  route.get("/leak/" .. kind .. "/", handle, open)
  route.post("/leak/" .. kind .. "/", handle, open)
end

route.get("/late/", function(req)
  return leaks.late(req, req.headers["x-note"])
end, { auth = auth.none, log_bodies = true, deadline = 0.2 })

route.get("/reset/{token}/", function(req)
  error(("%s: no reset %s"):format(req.headers["x-note"], req.params.token))
end, open)
