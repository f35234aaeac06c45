--- A mail server of our own (mail_server.py), and its mails, read as a mail program does (mail_reader.py).
-- @module support.mail
local json = require "mulligan.json"
local server = require "support.server"
local shell = require "support.shell"
local socket = require "socket"

local Mail = {}
Mail.__index = Mail

local mail = {}

--- Debian's python, whose package aiosmtpd is: another one may come first in PATH.
local PYTHON <const> = "/usr/bin/python3"

--- The seconds that mail.start() waits.
local PATIENCE <const> = 240

--- The login that the server knows.
mail.USERNAME = "kim@example.com"
mail.PASSWORD = "corr3ct horse"

--- Starts one, with a certificate for 127.0.0.1 that it signs itself; stop() ends it, and so does the end of the test.
-- @return an object: `ports` by kind (plain, login, starttls, smtps), `certificate`, the path of it
function mail.start()
  local folder <const> = shell.temporary_folder()
  local self <const> = setmetatable({ folder = folder, certificate = folder .. "/certificate.pem" }, Mail)
  local key <const> = folder .. "/key.pem"
  local made <const> = shell.run {
    "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
    "-subj", "/CN=mail.example.com", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", self.certificate,
  }
  assert(made.status == 0, made.stderr)
  self:know(mail.PASSWORD)
  -- It reads its standard input until the pipe behind it ends, which is when this program closes it or is gone.
  self.pipe = assert(io.popen(("exec setpriv --pdeathsig KILL %s >%s 2>%s"):format(
    shell.join { PYTHON, "-B", server.source("tests/support/mail_server.py"), folder, self.certificate, key },
    shell.quote(folder .. "/ports"), shell.quote(folder .. "/log")), "w"))
  local deadline <const> = socket.gettime() + PATIENCE
  local ports
  repeat
    socket.sleep(0.02)
    ports = (shell.read(folder .. "/ports") or ""):match("^{.*}\n")
  until ports or socket.gettime() > deadline
  self.ports = json.decode(assert(ports, "the mail server did not start"))
  return self
end

--- Ends it, and removes its mails.
function Mail:stop()
  self.pipe:close()
  shell.remove(self.folder)
end

--- From now on the login's password is this one.
-- @param password any text
function Mail:know(password)
  shell.write(self.folder .. "/password", password)
end

--- From now on these answers are given; mail_server.py says what a rule is.
-- @param ... rules, none for the usual answers
function Mail:answer(...)
  shell.write(self.folder .. "/answers", table.concat({ ... }, "\n"))
end

--- The variables by which a host sends its mails here.
-- @param kind plain, login, starttls or smtps; all but plain with the login, starttls with MAIL_USE_TLS and the
-- certificate as well
-- @param more variables to add, or, by `false`, to leave out
-- @return a table
function Mail:environment(kind, more)
  local environment <const> = {
    MAIL_SERVER = "127.0.0.1", MAIL_PORT = self.ports[kind], MAIL_FROM = "Mulligan <alerts@example.com>",
    ADMINS = "kim@example.com,박지우 <jiwoo@example.com>", PUBLIC_URL = "https://seminars.example.com",
  }
  if kind ~= "plain" then
    environment.MAIL_USERNAME, environment.MAIL_PASSWORD = mail.USERNAME, mail.PASSWORD
  end
  if kind == "starttls" then
    environment.MAIL_USE_TLS, environment.SSL_CERT_FILE = "true", self.certificate
  end
  for name, value in pairs(more or {}) do
    environment[name] = value or nil
  end
  return environment
end

--- How many mails have come.
-- @return a number
function Mail:count()
  local count = 0
  while shell.read(("%s/mails/%04d.eml"):format(self.folder, count + 1)) do
    count = count + 1
  end
  return count
end

--- The mails that have come.
-- @param first the first one to read, from 1
-- @return a list; of each what mail_reader.py says, `raw`, its bytes, and what the server knows: sender, recipients,
-- tls, login
function Mail:read(first)
  local words <const> = { PYTHON, "-B", server.source("tests/support/mail_reader.py") }
  local count <const> = self:count()
  for number = first or 1, count do
    words[#words + 1] = ("%s/mails/%04d.eml"):format(self.folder, number)
  end
  local result <const> = shell.run(words)
  assert(result.status == 0, result.stderr)
  local mails <const> = json.decode(result.stdout)
  for index, one in ipairs(mails) do
    local path <const> = ("%s/mails/%04d"):format(self.folder, (first or 1) + index - 1)
    one.raw = shell.read(path .. ".eml")
    for name, value in pairs(json.decode(shell.read(path .. ".json"))) do
      one[name] = value
    end
  end
  return mails
end

--- Waits until so many mails have come.
-- @param host the server that sends them
-- @param count how many, in all
-- @param first the first one to read, from 1
-- @return the list
function Mail:eventually(host, count, first)
  host:eventually(("%d mails have come"):format(count), function()
    return self:count() >= count
  end)
  return self:read(first)
end

return mail
