/**
 * bind_form.c - the module mulligan.form: URL-encoded and multipart bodies as tables.
 *
 * Called by the standard library when a handler first reads `req.data`, inside a protected call. Invariant: no Lua
 * function is called while form.c parses, because an error could not cross it; the visited fields are copied into one
 * buffer first.
 */
#include "base/form.h"
#include "base/utf8.h"
#include "vm/bind.h"

#include <lauxlib.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

/** What stands in the buffer before the bytes of each field: name, value, file name, content type. */
struct field_head {
  size_t lengths[4];
  bool is_file;
  bool has_type;
};

static bool copy_field(void *context, const struct form_field *field) {
  struct buf *fields = context;
  struct field_head head = {
      .lengths = {field->name_length, field->value_length, field->filename_length, field->content_type_length},
      .is_file = field->filename != NULL,
      .has_type = field->content_type != NULL,
  };
  buf_add(fields, &head, sizeof head);
  buf_add(fields, field->name, field->name_length);
  buf_add(fields, field->value, field->value_length);
  if (head.is_file)
    buf_add(fields, field->filename, field->filename_length);
  if (head.has_type)
    buf_add(fields, field->content_type, field->content_type_length);
  return !fields->failed;
}

/** Pushes {filename =, content_type =, content =}; the bytes begin at the value. */
static void push_file(lua_State *L, const struct field_head *head, const char *bytes) {
  const char *filename = bytes + head->lengths[1];
  lua_createtable(L, 0, 3);
  lua_pushlstring(L, bytes, head->lengths[1]);
  lua_setfield(L, -2, "content");
  lua_pushlstring(L, filename, head->lengths[2]);
  lua_setfield(L, -2, "filename");
  if (head->has_type) {
    lua_pushlstring(L, filename + head->lengths[2], head->lengths[3]);
    lua_setfield(L, -2, "content_type");
  }
}

static int failure(lua_State *L, const char *message, const char *code) {
  lua_pushnil(L);
  lua_pushstring(L, message);
  lua_pushstring(L, code);
  return 3;
}

/** Pushes the tables of fields and files. The last of several fields of one name stands, as in Django's QueryDict. */
static int push_fields(lua_State *L, const struct buf *fields) {
  lua_newtable(L);
  lua_newtable(L);
  for (size_t at = 0; at < fields->length;) {
    struct field_head head;
    memcpy(&head, fields->data + at, sizeof head);
    const char *name = fields->data + at + sizeof head;
    const char *value = name + head.lengths[0];
    at += sizeof head + head.lengths[0] + head.lengths[1] + head.lengths[2] + head.lengths[3];
    lua_pushlstring(L, name, head.lengths[0]);
    if (head.is_file) {
      push_file(L, &head, value);
      lua_rawset(L, -3);
      continue;
    }
    if (!utf8_valid(value, head.lengths[1])) {
      lua_pushfstring(L, "the field '%s' is not valid UTF-8", lua_tostring(L, -1));
      return failure(L, lua_tostring(L, -1), "invalid");
    }
    lua_pushlstring(L, value, head.lengths[1]);
    lua_rawset(L, -4);
  }
  return 2;
}

/** Is the media type, without its parameters and whatever its case, this one? */
static bool is_media_type(const char *content_type, const char *wanted) {
  size_t length = strcspn(content_type, "; \t");
  return length == strlen(wanted) && strncasecmp(content_type, wanted, length) == 0;
}

/***
 * Takes a form apart.
 * @function parse
 * @tparam string content_type the whole header
 * @tparam string body
 * @treturn table name to text, the last value of each name; or nil, a message, a code ("invalid", "unsupported")
 * @treturn table name to {filename =, content_type =, content =}
 */
static int form_parse(lua_State *L) {
  const char *content_type = luaL_checkstring(L, 1);
  size_t length;
  const char *body = luaL_checklstring(L, 2, &length);
  bool multipart = is_media_type(content_type, "multipart/form-data");
  if (!multipart && !is_media_type(content_type, "application/x-www-form-urlencoded"))
    return failure(L, "not a form's media type", "unsupported");

  struct buf *fields = bind_buffer(L, SIZE_MAX);
  struct fault fault;
  enum mulligan_status status = multipart ? form_multipart(content_type, body, length, copy_field, fields, &fault)
                                          : form_urlencoded(body, length, copy_field, fields, &fault);
  if (fields->failed)
    return luaL_error(L, "form.parse: out of memory");
  if (status != MULLIGAN_OK)
    return failure(L, fault.message, fault_status_name(status));
  int results = push_fields(L, fields);
  buf_release(fields);
  return results;
}

int bind_form_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"parse", form_parse}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
