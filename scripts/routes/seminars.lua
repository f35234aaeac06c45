--- Seminars: opening, showing, changing and listing them, joining and dropping them.

local auth = require "mulligan.auth"
local enrolment = require "models.enrolment"
local record_id = require "lib.record_id"
local refusals = require "lib.refusals"
local route = require "mulligan.route"
local seminars = require "models.seminars"
local serializers = require "serializers.seminars"

local SIGNED_IN <const> = { auth = auth.required }

local function is_instructor(req)
  if not req.user.instructor then
    refusals.raise("not_instructor")
  end
  return true
end

local function find(req)
  local id <const> = record_id(req.params.id)
  local seminar <const> = id and seminars.find(id)
  if not seminar then
    refusals.raise("seminar_missing")
  end
  return seminar
end

local function show(seminar)
  return serializers.body(seminar, enrolment.of_seminar(seminar.id))
end

route.get("/api/v1/seminar/", function(req)
  local found <const> = seminars.list(req.query.name or "", req.query.order == "earliest")
  return 200, serializers.items(found)
end, SIGNED_IN)

route.post("/api/v1/seminar/", function(req)
  local form <const> = serializers.Seminar { data = req.data }
  form:is_valid { raise = true }
  local id <const> = seminars.create(form.validated_data, req.user.id)
  return 201, show(seminars.find(id))
end, { auth = auth.required, permissions = { is_instructor } })

route.get("/api/v1/seminar/{id}/", function(req)
  return 200, show(find(req))
end, SIGNED_IN)

route.put("/api/v1/seminar/{id}/", function(req)
  local seminar <const> = find(req)
  if not enrolment.is_instructor(req.user.id, seminar.id) then
    refusals.raise("not_in_charge")
  end
  local form <const> = serializers.Seminar { data = req.data, partial = true }
  form:is_valid { raise = true }
  local changed <const>, reason <const>, active <const> = seminars.update(seminar.id, form.validated_data)
  if not changed then
    refusals.raise(reason, { active = active })
  end
  return 200, show(seminars.find(seminar.id))
end, SIGNED_IN)

route.post("/api/v1/seminar/{id}/user/", function(req)
  local seminar <const> = find(req)
  local form <const> = serializers.Join { data = req.data }
  form:is_valid { raise = true }
  local joined <const>, reason <const> = enrolment.join(req.user.id, seminar.id, form.validated_data.role)
  if not joined then
    refusals.raise(reason)
  end
  return 201, show(seminar)
end, SIGNED_IN)

-- A body, if there is one, is not read.
route.delete("/api/v1/seminar/{id}/user/", function(req)
  local seminar <const> = find(req)
  local dropped <const>, reason <const> = enrolment.drop(req.user.id, seminar.id)
  if not dropped then
    refusals.raise(reason)
  end
  return 200, show(seminar)
end, SIGNED_IN)
