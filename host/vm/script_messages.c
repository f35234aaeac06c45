/**
 * script_messages.c - compares the catalogues' keys with every text there is.
 *
 * Called by script_check.c when every script compiles. All texts are put into one buffer, apart by NULs, and each key
 * is looked for there: a key may also stand inside of a page that is a text.
 */
#include "vm/script_messages.h"

#include "base/buf.h"
#include "base/file.h"
#include "vm/embedded.h"
#include "vm/finding.h"
#include "vm/lua_walk.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TEXT_BYTES = 64 << 20 };

static const char folder[] = "messages/";

struct messages {
  const char *file;
  const struct buf *texts;
  json_t *findings;
};

/* ---- the texts ---- */

static void see_text(void *context, const struct lua_text *text) {
  struct buf *texts = context;
  buf_add(texts, text->bytes, text->length + 1);
}

static bool starts_with(const char *text, const char *prefix) {
  return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* What a notebook says: it is Lua, its texts and marks are comments. One that cannot be read says nothing. */
static void collect_notebooks(const struct settings *settings, struct lua_listener *listener) {
  struct file_list files = {0};
  struct fault fault;
  int line;
  char *notebooks = settings_notebooks(settings);
  if (notebooks && file_exists(notebooks) && file_walk(notebooks, ".lua", &files, &fault) == MULLIGAN_OK) {
    for (size_t i = 0; i < files.count; i++) {
      struct buf source;
      buf_init(&source, MOST_TEXT_BYTES);
      char *path = file_join(notebooks, files.paths[i]);
      if (path && file_read(path, &source, &fault) == MULLIGAN_OK)
        lua_walk(source.data, source.length, listener, &line);
      free(path);
      buf_release(&source);
    }
    file_list_release(&files);
  }
  free(notebooks);
}

static void collect(const struct generation *generation, const struct settings *settings, struct buf *texts) {
  struct lua_listener listener = {.context = texts, .text = see_text};
  const struct generation_script *script;
  int line;
  buf_add_char(texts, '\0');
  for (size_t i = 0; (script = generation_script_at(generation, "", i)) != NULL; i++)
    if (!starts_with(script->name, folder))
      lua_walk(script->source, script->length, &listener, &line);
  collect_notebooks(settings, &listener);
  for (const struct embedded_file *file = embedded_files; file->name; file++)
    if (starts_with(file->name, "std/") && !starts_with(file->name, "std/messages_"))
      lua_walk(file->bytes, file->length, &listener, &line);
}

/* ---- the keys ---- */

static bool is_word(char c) {
  return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* The first and the last byte of the buffer are NULs, so there is one on either side of whatever is found. */
static bool is_said(const struct buf *texts, const struct lua_text *key) {
  const char *at = texts->data, *end = texts->data + texts->length;
  while ((at = memmem(at, (size_t)(end - at), key->bytes, key->length)) != NULL) {
    if (key->length > 0 && !is_word(at[-1]) && !is_word(at[key->length]))
      return true;
    at++;
  }
  return false;
}

static void see_field(void *context, const struct lua_text *name, const struct lua_text *value, int depth, int line) {
  struct messages *messages = context;
  (void)value;
  if (depth != 1 || is_said(messages->texts, name))
    return;
  char excerpt[80];
  size_t length = strcspn(name->bytes, "\n");
  bool whole = length == name->length && length < sizeof excerpt - 4;
  length = length < sizeof excerpt - 4 ? length : sizeof excerpt - 4;
  snprintf(excerpt, sizeof excerpt, "%.*s%s", (int)length, name->bytes, whole ? "" : "...");
  finding_add(messages->findings, FINDING_WARNING, messages->file, line, "nothing says this text any more: \"%s\"",
              excerpt);
}

void script_messages_check(const struct generation *generation, const struct settings *settings, json_t *findings) {
  const struct generation_script *script = generation_script_at(generation, folder, 0);
  if (!script)
    return;
  struct buf texts;
  buf_init(&texts, MOST_TEXT_BYTES);
  collect(generation, settings, &texts);
  struct messages messages = {.texts = &texts, .findings = findings};
  struct lua_listener listener = {.context = &messages, .field = see_field};
  for (size_t i = 0; !texts.failed && (script = generation_script_at(generation, folder, i)) != NULL; i++) {
    int line;
    messages.file = script->chunk + 1;
    lua_walk(script->source, script->length, &listener, &line);
  }
  buf_release(&texts);
}
