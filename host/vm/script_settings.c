/**
 * script_settings.c - settings.lua, judged setting by setting.
 *
 * Called by script_check.c when settings.lua compiles. Which line a setting stands on is read off the source; one whose
 * name is only made as the file runs has none.
 */
#include "vm/script_settings.h"

#include "vm/finding.h"
#include "vm/lua_walk.h"
#include "vm/settings_file.h"

#include <string.h>

static const char file[] = "scripts/settings.lua";

struct judgement {
  json_t *lines; /* setting -> line */
  json_t *findings;
};

static void see_field(void *context, const struct lua_text *name, const struct lua_text *value, int depth, int line) {
  struct judgement *judgement = context;
  (void)value;
  if (depth == 1)
    json_object_set_new(judgement->lines, name->bytes, json_integer(line));
}

/* The fault begins with the file's name, which the finding has beside it. */
static void see_refused(void *context, const char *name, const struct fault *fault) {
  struct judgement *judgement = context;
  const char *message = fault->message;
  if (strncmp(message, file, sizeof file - 1) == 0 && strncmp(message + sizeof file - 1, ": ", 2) == 0)
    message += sizeof file - 1 + 2;
  finding_add(judgement->findings, FINDING_ERROR, file,
              (int)json_integer_value(json_object_get(judgement->lines, name)), "%s", message);
}

void script_settings_check(const struct generation *generation, json_t *findings) {
  const struct generation_script *script = generation_find(generation, "settings.lua");
  if (!script)
    return;
  struct judgement judgement = {json_object(), findings};
  struct lua_listener listener = {.context = &judgement, .field = see_field};
  struct fault fault;
  int line;
  lua_walk(script->source, script->length, &listener, &line);
  if (settings_file_judge(script->source, script->length, see_refused, &judgement, &fault) != MULLIGAN_OK)
    finding_add_sentence(findings, "scripts", fault.message);
  json_decref(judgement.lines);
}
