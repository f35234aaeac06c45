--- What the service refuses, and how it says so: the status, a sentence that a student understands, and the number.
--
-- Routes and rules name a refusal by its word, which is also the exception's `code`. The body is
-- `{"detail", "app_code"}`, the detail in the client's language: messages/ko.lua has these sentences in Korean.

local exceptions = require "mulligan.exceptions"
local error_codes = require "lib.error_codes"

local BadRequest <const> = exceptions.APIException:extend("BadRequest", { status_code = 400, default_code = "invalid" })
local Conflict <const> = exceptions.APIException:extend("Conflict", { status_code = 409, default_code = "conflict" })

local REFUSALS <const> = {
  email_taken = { Conflict, "This e-mail address is taken. Log in with it, or sign up with another one." },
  wrong_credentials = { BadRequest, "The e-mail address or the password is wrong." },
  not_oneself = { exceptions.PermissionDenied, "You can only change your own account, at user/me/." },
  user_missing = { exceptions.NotFound, "There is no user with this number." },
  already_participant = { BadRequest, "You are a participant already." },
  seminar_missing = { exceptions.NotFound, "There is no seminar with this number." },
  not_in_charge = { exceptions.PermissionDenied, "Only an instructor of this seminar may change it." },
  not_instructor = {
    exceptions.PermissionDenied,
    "Only instructors may do this, and you have no instructor profile.",
  },
  capacity_too_small = {
    BadRequest,
    "{active} participants are in this seminar, so its capacity cannot be smaller than that.",
  },
  dropped_before = {
    BadRequest,
    "You dropped this seminar. Ask the operations team if you need to come back.",
  },
  already_joined = { BadRequest, "You are in this seminar already." },
  not_participant = {
    exceptions.PermissionDenied,
    "Only participants may do this, and you have no participant profile.",
  },
  not_accepted = {
    exceptions.PermissionDenied,
    "You are not accepted as a participant yet, so you cannot join a seminar. Ask the operations team.",
  },
  seminar_full = { BadRequest, "This seminar is full. You can join as soon as somebody drops it." },
  already_in_charge = { BadRequest, "You are in charge of a seminar already, and an instructor can join only one." },
  instructor_cannot_drop = { exceptions.PermissionDenied, "An instructor cannot drop their own seminar." },
}

local refusals = {}

--- Raises the refusal of this name.
-- @tparam string name one of those above
-- @tparam ?table values for the sentence's placeholders
function refusals.raise(name, values)
  local class <const>, text <const> = table.unpack(REFUSALS[name])
  class(exceptions.ErrorDetail(text, name, values), name, { app_code = error_codes[name] }):raise()
end

return refusals
