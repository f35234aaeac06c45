---@meta _

-- Types of the host's modules, for lua-language-server. This file describes; it is never run. It has more than 600
-- lines because an editor is given one file for all of them.
--
-- The modules are part of the program, where an editor cannot follow `require`, so a script names the type beside it:
--
--    local db = require "mulligan.db" ---@type mulligan.db
--
-- and a handler names its parameter's:
--
--    ---@param req mulligan.Request
--    route.get("/hello/", function(req) … end)

-- A request and its answer -------------------------------------------------------------------------------------------

---A file of a multipart form.
---@class mulligan.File
---@field filename string
---@field content_type? string
---@field content string its bytes

---What a handler gets. The fields from `headers` to `data` are worked out when they are first read.
---@class mulligan.Request
---@field method string "GET"; HEAD stays "HEAD", though the GET handler runs
---@field path string decoded
---@field route string the pattern that matched
---@field params table<string, string|integer> the pattern's `{name}` and `{name:int}`
---@field id string the request's id, as in the log
---@field remote_addr string
---@field language "en"|"ko"
---@field headers table<string, string> by lower-case name
---@field query table<string, string> the first value of each name
---@field query_all table<string, string[]> all values of each name
---@field text string the raw body
---@field data any the parsed body; raises ParseError or UnsupportedMediaType; an empty body is an empty table
---@field user any what the authenticator returned first; nil if nobody is logged in, or nobody was asked
---@field auth any what the authenticator returned second

---@alias mulligan.Body table|string|nil a table is sent as JSON, a text as it is, nil is no body
---@alias mulligan.Handler fun(req: mulligan.Request): integer, mulligan.Body?, table<string, string>?

-- mulligan.route -----------------------------------------------------------------------------------------------------

---@class mulligan.RouteOptions
---@field auth? "required"|"optional"|"none" `auth.none` unless given
---@field authenticators? (string|mulligan.Authenticator)[] in place of the setting's
---@field permissions? mulligan.Permission[]|mulligan.Permission
---@field throttle? string|mulligan.Throttle|(string|mulligan.Throttle)[] names of rates, or functions
---@field parsers? ("json"|"form"|"multipart")[]
---@field renderers? ("json"|"html"|"text")[]
---@field log_bodies? boolean the request log keeps the beginnings of what is sent and answered, without secrets
---@field deadline? number seconds that the handler may run

---Which function answers which method on which path. Only for files in `routes/`, while they load.
---@class mulligan.route
local route = {}

---@param pattern string "/seminar/{id:int}/"
---@param handler mulligan.Handler
---@param options? mulligan.RouteOptions
function route.get(pattern, handler, options) end

---@param pattern string
---@param handler mulligan.Handler
---@param options? mulligan.RouteOptions
function route.post(pattern, handler, options) end

---@param pattern string
---@param handler mulligan.Handler
---@param options? mulligan.RouteOptions
function route.put(pattern, handler, options) end

---@param pattern string
---@param handler mulligan.Handler
---@param options? mulligan.RouteOptions
function route.patch(pattern, handler, options) end

---@param pattern string
---@param handler mulligan.Handler
---@param options? mulligan.RouteOptions
function route.delete(pattern, handler, options) end

-- mulligan.auth, permissions, throttling -----------------------------------------------------------------------------

---@class mulligan.Authenticator
---@field scheme? string the challenge of `WWW-Authenticate`; without one a 401 becomes a 403
---@field authenticate fun(req: mulligan.Request): any, any the user and what is to be `req.auth`, or nil

---Returns true, or false, a message and a code.
---@alias mulligan.Permission fun(req: mulligan.Request): boolean, string?, string?

---Returns to let the request through; raises exceptions.Throttled to refuse it.
---@alias mulligan.Throttle fun(req: mulligan.Request)

---@class mulligan.auth
---@field required "required" refuse who has no credentials
---@field optional "optional" take anyone, but nobody with wrong credentials
---@field none "none" do not look
local auth = {}

---The authenticators of a route, in their order.
---@param entry mulligan.RouteOptions
---@return mulligan.Authenticator[]
function auth.authenticators(entry) end

---@param entry mulligan.RouteOptions
---@return fun(req: mulligan.Request)? check nil if there is nothing to do
function auth.check_for(entry) end

---Gives a NotAuthenticated or AuthenticationFailed its challenge, or makes it a 403.
---@param exc any
---@param entry? mulligan.RouteOptions
function auth.challenge(exc, entry) end

---@class mulligan.permissions
local permissions = {}

---@param entry mulligan.RouteOptions
---@return fun(req: mulligan.Request)? check nil if there is nothing to ask
function permissions.check_for(entry) end

---@class mulligan.throttling
local throttling = {}

---A throttle that counts against a rate of the setting `throttle_rates`.
---@param name string
---@param key? fun(req: mulligan.Request): string? what to count by, nil for nothing; by default the user or address
---@return mulligan.Throttle
function throttling.rate(name, key) end

---@param entry mulligan.RouteOptions
---@return mulligan.Throttle? check nil if nothing is counted
function throttling.check_for(entry) end

-- mulligan.exceptions ------------------------------------------------------------------------------------------------

---One message with its code.
---@class mulligan.ErrorDetail
---@field message string in English, filled in
---@field code string
---@field translated fun(self: mulligan.ErrorDetail): string in the language in use

---@alias mulligan.Detail string|mulligan.ErrorDetail|table a text, or a list or table of details, nested

---@class mulligan.ExceptionOptions
---@field app_code? integer the service's own code, three or four digits
---@field headers? table<string, string>
---@field wait? integer seconds, for `Retry-After`
---@field cause? any what was caught before: ErrorLog has it beside this one

---@class mulligan.APIException
---@field status_code integer
---@field default_detail string
---@field default_code string
---@field detail mulligan.Detail ErrorDetails all the way down
---@field app_code? integer
---@field headers? table<string, string>
---@field wait? integer
---@field cause? any
---@field auth_header? string
---@overload fun(detail?: mulligan.Detail, code?: string, options?: mulligan.ExceptionOptions): mulligan.APIException
local APIException = {}

---Makes a subclass, to be called to make an exception.
---@param name string
---@param members? table status_code, default_detail, default_code, app_code, methods
---@return mulligan.APIException class
function APIException:extend(name, members) end

---Raises it.
function APIException:raise() end

---The codes, in the shape of `detail`.
---@return string|table
function APIException:get_codes() end

---One code for the whole.
---@return string
function APIException:get_code() end

---Each message with its code, in the shape of `detail`.
---@return table
function APIException:get_full_details() end

---The response's body, in the language in use.
---@return table
function APIException:body() end

---@class mulligan.NamedException : mulligan.APIException
---@overload fun(name: string, detail?: mulligan.Detail, code?: string): mulligan.APIException

---@class mulligan.Throttled : mulligan.APIException
---@overload fun(wait?: number, detail?: string, code?: string): mulligan.APIException

---@class mulligan.exceptions
---@field APIException mulligan.APIException 500
---@field ValidationError mulligan.APIException 400
---@field ParseError mulligan.APIException 400
---@field AuthenticationFailed mulligan.APIException 401
---@field NotAuthenticated mulligan.APIException 401
---@field PermissionDenied mulligan.APIException 403
---@field NotFound mulligan.APIException 404
---@field MethodNotAllowed mulligan.NamedException 405, of a method
---@field NotAcceptable mulligan.APIException 406
---@field UnsupportedMediaType mulligan.NamedException 415, of a media type
---@field Throttled mulligan.Throttled 429
local exceptions = {}

---@param source string the English text
---@param code? string
---@param values? table<string, any> for the text's `{name}` placeholders
---@param tail? mulligan.ErrorDetail a second sentence
---@return mulligan.ErrorDetail
function exceptions.ErrorDetail(source, code, values, tail) end

---Details as plain texts in the language in use.
---@param detail mulligan.Detail
---@return string|table
function exceptions.plain(detail) end

---@param value any
---@param class? mulligan.APIException any API exception unless given
---@return boolean
function exceptions.is(value, class) end

---The default exception handler.
---@param exc any
---@param context? {request: mulligan.Request, route: string, user: any}
---@return integer? status nil for what is no API exception
---@return table? body
---@return table<string, string>? headers
function exceptions.handler(exc, context) end

-- mulligan.fields, serializers, validators ---------------------------------------------------------------------------

---Passes by returning true or nothing; refuses by false, a message and a code.
---@alias mulligan.Validator fun(value: any, serializer: mulligan.Serializer): boolean?, mulligan.Detail?, string?

---@class mulligan.Field

---@class mulligan.FieldOptions
---@field required? boolean true unless there is a default
---@field default? any a value, or a function of the serializer that makes one
---@field allow_null? boolean
---@field source? string the name in `validated_data`
---@field messages? table<string, string> texts of its own, by code
---@field validators? mulligan.Validator[]

---@class mulligan.NumberOptions : mulligan.FieldOptions
---@field min? number
---@field max? number

---@class mulligan.TextOptions : mulligan.FieldOptions
---@field min? integer characters
---@field max? integer characters
---@field allow_blank? boolean
---@field trim? boolean true unless it says false

---@class mulligan.ChoiceOptions : mulligan.FieldOptions
---@field choices (string|number)[]
---@field allow_blank? boolean

---@class mulligan.ListOptions : mulligan.FieldOptions
---@field of mulligan.Field what the items are like
---@field min? integer items
---@field max? integer items
---@field allow_empty? boolean true unless it says false

---@class mulligan.NestedOptions : mulligan.FieldOptions
---@field of mulligan.SerializerClass

---@class mulligan.ManyOptions : mulligan.NestedOptions
---@field min? integer items
---@field max? integer items
---@field allow_empty? boolean true unless it says false

---@class mulligan.fields
---@field integer fun(options?: mulligan.NumberOptions): mulligan.Field
---@field float fun(options?: mulligan.NumberOptions): mulligan.Field
---@field text fun(options?: mulligan.TextOptions): mulligan.Field
---@field email fun(options?: mulligan.TextOptions): mulligan.Field
---@field boolean fun(options?: mulligan.FieldOptions): mulligan.Field
---@field choice fun(options: mulligan.ChoiceOptions): mulligan.Field
---@field time fun(options?: mulligan.FieldOptions): mulligan.Field `HH:MM`
---@field datetime fun(options?: mulligan.FieldOptions): mulligan.Field ISO 8601, kept as RFC 3339 in UTC
---@field list fun(options: mulligan.ListOptions): mulligan.Field
---@field nested fun(options: mulligan.NestedOptions): mulligan.Field
---@field many fun(options: mulligan.ManyOptions): mulligan.Field

---@class mulligan.Serializer
---@field initial_data any
---@field validated_data? table<string, any> after is_valid(); a null is json.null
---@field errors? table after is_valid(): texts in the language in use
---@field detail? table the same as ErrorDetails
---@field partial boolean
---@field instance any
---@field context table
---@field parent? mulligan.Serializer of a nested one
local Serializer = {}

---@param options? {raise: boolean}
---@return boolean
function Serializer:is_valid(options) end

---@class mulligan.SerializerClass
---@overload fun(options: {data: any, partial?: boolean, instance?: any, context?: table}): mulligan.Serializer
local SerializerClass = {}

---@param more table fields, hooks and validators beside this one's, or in their place
---@return mulligan.SerializerClass
function SerializerClass:extend(more) end

---@class mulligan.serializers
local serializers = {}

---@param members table fields; `validate`, `validate_<field>`; `validators`, a list
---@return mulligan.SerializerClass
function serializers.define(members) end

---@class mulligan.validators
local validators = {}

---No row but the serializer's `instance` may have the value.
---@param options {table: string, column: string, exclude?: string, message?: string, code?: string}
---@return mulligan.Validator
function validators.unique(options) end

-- mulligan.i18n ------------------------------------------------------------------------------------------------------

---@class mulligan.i18n
---@field languages string[]
local i18n = {}

---@param text string the English source text
---@param values? table<string, any> for its `{name}` placeholders
---@return string
function i18n.translate(text, values) end

---@param text string
---@param values? table<string, any>
---@return string
function i18n.t(text, values) end

---@param text string
---@param values table<string, any>
---@return string
function i18n.fill(text, values) end

---@param language? string
function i18n.set_language(language) end

---@return string
function i18n.language() end

-- mulligan.json ------------------------------------------------------------------------------------------------------

---@class mulligan.json
---@field null lightuserdata equal to itself everywhere, and to db.null
local json = {}

---Marks a table as a list, so that an empty one is `[]`.
---@generic T: table
---@param list? T
---@return T
function json.array(list) end

---Marks a table as an object.
---@generic T: table
---@param object? T
---@return T
function json.object(object) end

---Would it be written as a list?
---@param value any
---@return boolean
function json.is_array(value) end

---Raises for what is no JSON.
---@param value any
---@param options? {indent: integer}
---@return string
function json.encode(value, options) end

---@param text string
---@return any value nil on failure
---@return string? message with line and column
---@return string? code
function json.decode(text) end

-- mulligan.db --------------------------------------------------------------------------------------------------------

---@class mulligan.db.Error
---@field message string
---@field code string "invalid", "busy", "full", "readonly", "corrupt", "denied", "interrupted", "error"
---@field sql? string

---@class mulligan.db.IntegrityError : mulligan.db.Error
---@field constraint "unique"|"primary_key"|"not_null"|"check"|"foreign_key"|"other"
---@field table? string
---@field columns string[]
---@field name? string of the CHECK

---Values come behind the SQL for `?`, or as one table for `:name`.
---@class mulligan.db
---@field null lightuserdata
---@field Error mulligan.db.Error
---@field IntegrityError mulligan.db.IntegrityError
local db = {}

---@param sql string
---@param ... any
---@return table<string, any>[] rows with `columns`, their names in order
function db.query(sql, ...) end

---@param sql string
---@param ... any
---@return table<string, any>? row
function db.one(sql, ...) end

---@param sql string
---@param ... any
---@return {changes: integer, last_id?: integer}
function db.exec(sql, ...) end

---Commits when the function returns, rolls back when it raises.
---@generic T
---@param body fun(): T
---@return T
function db.transaction(body) end

---@param bytes string
---@return userdata
function db.blob(bytes) end

-- mulligan.errorlog --------------------------------------------------------------------------------------------------

---@class mulligan.errorlog
local errorlog = {}

---Records an occurrence.
---@param fields table message, exc_type, level, code, app_code, fingerprint, …
---@return string ref "ERR-7K3F-9QXA"
function errorlog.record(fields) end

---@param ref string
---@return table?
function errorlog.get(ref) end

---@param filter? table since, status, path, user, group, limit, after
---@return table[]
function errorlog.list(filter) end

---@param filter? table
---@return table[]
function errorlog.groups(filter) end

---@param filter? table
---@return integer
function errorlog.count(filter) end

---@param group integer
function errorlog.resolve(group) end

---@param group integer
function errorlog.reopen(group) end

---@param group integer
function errorlog.mute(group) end

---Notes what happened before an error that may come.
---@param text string
function errorlog.breadcrumb(text) end

-- mulligan.log -------------------------------------------------------------------------------------------------------

---Lines of the log, with the caller's file and line and the request's id.
---@class mulligan.log
local log = {}

---@param ... any
function log.debug(...) end

---@param ... any
function log.info(...) end

---@param ... any
function log.warning(...) end

---@param ... any
function log.error(...) end

-- mulligan.crypto ----------------------------------------------------------------------------------------------------

---@class mulligan.crypto
local crypto = {}

---@param password string
---@return string? hash
---@return string? message
---@return "busy"? code
function crypto.hash_password(password) end

---Takes as long for a nil hash as for a wrong password.
---@param password string
---@param hash? string
---@return boolean? belong
---@return string? message
---@return "busy"? code
function crypto.verify_password(password, hash) end

---@param claims table with `exp`, seconds since 1970
---@return string token
function crypto.sign(claims) end

---@param token string
---@return table? claims
---@return string? message
---@return "invalid_signature"|"expired"? code
function crypto.verify(token) end

---@param key string
---@param text string
---@return string hexadecimal
function crypto.hmac(key, text) end

---@param text string
---@return string hexadecimal
function crypto.sha256(text) end

---@param count integer
---@return string bytes
function crypto.random(count) end

---@param count? integer random bytes in it, 32 unless given
---@return string base64url
function crypto.token(count) end

---@param a string
---@param b string
---@return boolean
function crypto.equal(a, b) end

-- mulligan.time ------------------------------------------------------------------------------------------------------

---@class mulligan.time
local time = {}

---@return string now "2021-11-13T14:59:00.123456Z"
function time.now() end

---@return number seconds since 1970
function time.unix() end

---@return integer microseconds since 1970
function time.us() end

---@param text string RFC 3339
---@return integer? microseconds since 1970
---@return string? message
---@return string? code
function time.parse(text) end

---@param microseconds integer
---@return string
function time.format(microseconds) end

---@return number seconds of a clock that never jumps
function time.monotonic() end

-- mulligan.form, rate, settings --------------------------------------------------------------------------------------

---@class mulligan.form
local form = {}

---@param content_type string
---@param body string
---@return table<string, string>? fields the last value of each name
---@return table<string, mulligan.File>|string files or a message
---@return string? code
function form.parse(content_type, body) end

---@class mulligan.rate
local rate = {}

---Counts a hit under a key, for all bundles of the process.
---@param key string
---@param limit integer
---@param window number seconds
---@return boolean allowed
---@return number? wait seconds
function rate.hit(key, limit, window) end

---Every setting by its name, read-only; an unknown name raises.
---@class mulligan.settings
---@field environment string
---@field report_to string
---@field exception_handler string
---@field non_field_errors_key string
---@field unhandled_app_code integer
---@field parsers string[]
---@field renderers string[]
---@field error_renderers string[]
---@field deadline number
---@field body_limit integer
---@field memory_limit integer
---@field hash_concurrency integer
---@field authenticators? string[]
---@field throttle_rates? table<string, string>
---@field app? table the application's own

-- mulligan.slack, and templates of alerts ----------------------------------------------------------------------------

---What scripts/alerts/slack.lua is given. Times are microseconds since 1970; what is not known is not there.
---@class mulligan.Alert
---@field kind "new"|"regression"|"count"|"spike"|"reload"|"operator"|"repeats"|"digest"|"test"
---@field reasons? string[] those of these words that apply
---@field environment string
---@field url? string the error's page, where public_url is set
---@field ref? string
---@field group? integer
---@field title? string
---@field culprit? string
---@field source? string "request", "operator", "notebook", "reload", "warning", "host"
---@field level? string
---@field handled? boolean
---@field status? integer
---@field code? string
---@field app_code? integer
---@field exc_type? string
---@field message? string
---@field method? string
---@field route? string
---@field path? string
---@field user_id? integer
---@field user_email? string
---@field script? string
---@field operator? string
---@field request_id? string
---@field generation? integer
---@field release? string
---@field host? string
---@field occurred_at? integer
---@field frame? {file: string, line?: integer, function?: string} the innermost of the application
---@field total? integer of the group, ever
---@field times? integer since the last message about it
---@field users? integer different ones
---@field first_seen? integer
---@field last_seen? integer
---@field messages? integer of a digest: held back
---@field since? integer of a digest
---@field groups? mulligan.AlertGroup[] of a digest, the most frequent first
---@field more_groups? integer of a digest: beyond those

---@class mulligan.AlertGroup
---@field group integer
---@field title string
---@field status? integer
---@field times integer
---@field total integer
---@field ref? string
---@field url? string

---A template of alerts: the function that its file returns.
---@alias mulligan.AlertTemplate fun(alert: mulligan.Alert): {text?: string, blocks?: table[]}

---Texts are Slack's markup; a value goes into one through escape, code or code_block.
---@class mulligan.slack
local slack = {}

---@param value any
---@return string markup on one line
function slack.escape(value) end

---@param value any
---@return string markup on one line
function slack.code(value) end

---@param value any
---@return string markup with its line breaks
function slack.code_block(value) end

---@param us? integer
---@param format? string Slack's, "{date_short_pretty} {time_secs}" unless given
---@return string markup
function slack.date(us, format) end

---@param url string
---@param label string
---@return string markup
function slack.link(url, label) end

---@param text string no markup
---@return table block
function slack.header(text) end

---@param text string markup
---@param accessory? table a button
---@return table block
function slack.section(text, accessory) end

---@param list {[1]: string, [2]: any}[] label and markup
---@return table block
function slack.fields(list) end

---@param ... string|false|nil markup
---@return table block
function slack.context(...) end

---@param text string no markup
---@param url string
---@param style? "primary"|"danger"
---@return table element for actions() or section()
function slack.button(text, url, style) end

---@param ... table buttons
---@return table block
function slack.actions(...) end

---@return table block
function slack.divider() end

---@param ... table|false|nil
---@return table[] blocks
function slack.blocks(...) end

-- Operator scripts ---------------------------------------------------------------------------------------------------

---The operator's side of a run, the second argument of `run(params, op)`.
---@class mulligan.Op
local op = {}

---@param text any a value, or a format when there are more arguments
---@param ... any
function op.say(text, ...) end

---@param rows table<string, any>[]
---@param columns? string[]
function op.table(rows, columns) end

---@param total integer
---@param label? string
---@return {step: fun(self: table, count?: integer), finish: fun(self: table)}
function op.progress(total, label) end

---@param rows table[] rows, or pairs { label, value }
---@param options? {title?: string, label?: string, value?: string} the columns "label" and "value" unless given
function op.chart(rows, options) end

---@param question string
---@param expected? string the word to type, "yes" unless given
---@return boolean
function op.confirm(question, expected) end

---Ends the run: nothing is saved.
---@param reason string
function op.abort(reason) end
