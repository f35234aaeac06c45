--- Answers an order with what was understood of it.
local fields = require "mulligan.fields"
local json = require "mulligan.json"
local route = require "mulligan.route"
local serializers = require "mulligan.serializers"

local Line = serializers.define {
  sku = fields.text { max = 8 },
  quantity = fields.integer { min = 1 },
}

local Order = serializers.define {
  amount = fields.integer { min = 1, max = 1000 },
  description = fields.text { max = 20 },
  email = fields.email { required = false },
  paid = fields.boolean { required = false },
  kind = fields.choice { choices = { "standard", "express" }, required = false },
  time = fields.time { required = false },
  note = fields.text { allow_blank = true, allow_null = true, default = json.null },
  price = fields.float { required = false },
  tags = fields.list { of = fields.text { max = 5 }, max = 3, required = false },
  lines = fields.many { of = Line, required = false },

  validate = function(_, data)
    if tostring(data.amount) == data.description then
      return nil, "Amount and description must differ."
    end
    return data
  end,
}

route.post("/validate/", function(req)
  local order = Order { data = req.data }
  order:is_valid { raise = true }
  return 201, order.validated_data
end)
