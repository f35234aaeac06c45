--- The service's own error codes: what `app_code` in a body, a stored error and an alert means.
--
-- Three or four digits. The first of four says where: 1 signing up and in, 2 people, 3 seminars, 4 joining and
-- dropping, 9 the service itself. A number, once given out, never changes its meaning; clients may branch on it.
return {
  email_taken = 1001, -- signup: the e-mail address belongs to somebody
  wrong_credentials = 1002, -- login: no such e-mail address, or another password
  not_oneself = 2001, -- a change to somebody else's account
  user_missing = 2002, -- no user with this id
  already_participant = 2003, -- asks to become what one is already
  seminar_missing = 3001, -- no seminar with this id
  not_in_charge = 3002, -- a change to a seminar of which one is not the instructor
  not_instructor = 3003, -- needs an instructor profile
  capacity_too_small = 3004, -- a capacity below the number of active participants
  dropped_before = 4001, -- joining again what one has dropped
  already_joined = 4002, -- joining what one is in, in any role
  not_participant = 4003, -- needs a participant profile
  not_accepted = 4004, -- a participant who is not accepted yet
  seminar_full = 4005, -- no place left
  already_in_charge = 4006, -- an instructor has one seminar at a time to join
  instructor_cannot_drop = 4007, -- an instructor leaves the own seminar
  unhandled = 9000, -- whatever nobody expected; settings.lua gives it to the host
  busy = 9001, -- too many passwords to check at once
}
