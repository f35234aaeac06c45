/**
 * script_sql.c - prepares the SQL of scripts, where it is known without running them.
 *
 * Called by script_check.c for scripts that compile, on the thread that has the store.
 */
#include "vm/script_sql.h"

#include "data/migrate.h"
#include "vm/finding.h"
#include "vm/lua_walk.h"

#include <string.h>

struct sql {
  const char *file;
  struct store *store;
  json_t *findings;
};

/* ---- the schema ---- */

/* A step that cannot be applied is named at the beginning of the fault, without its folder. */
static void add_migration_fault(json_t *findings, const char *scripts, const struct migrate_plan *plan,
                                const char *message) {
  for (size_t i = 0; i < plan->count; i++) {
    size_t length = strlen(plan->steps[i].name);
    if (strncmp(message, plan->steps[i].name, length) == 0 && message[length] == ':') {
      char file[512] = "scripts/migrations/";
      strncat(file, plan->steps[i].name, sizeof file - strlen(file) - 1);
      finding_add(findings, FINDING_ERROR, file, 0, "%s", message + length + 1 + strspn(message + length + 1, " "));
      return;
    }
  }
  finding_add_sentence(findings, scripts, message);
}

void script_sql_open(struct store **out, const char *scripts, json_t *findings) {
  *out = NULL;
  struct migrate_plan plan = {0};
  struct fault fault;
  enum mulligan_status status = migrate_plan_read_scripts(&plan, scripts, &fault);
  if (status == MULLIGAN_OK)
    status = store_open(out, ":memory:", STORE_READ_WRITE, NULL, &fault);
  if (status == MULLIGAN_OK)
    status = migrate_apply(*out, plan.steps, plan.count, NULL, &fault);
  if (status != MULLIGAN_OK) {
    add_migration_fault(findings, scripts, &plan, fault.message);
    store_close(*out);
    *out = NULL;
  }
  migrate_plan_release(&plan);
}

/* ---- statements ---- */

static void prepare(const struct sql *sql, const struct lua_text *text, int line) {
  for (; text; text = text->next) {
    struct store_statement *statement;
    struct fault fault;
    if (store_prepare(sql->store, text->bytes, text->length, &statement, &fault) == MULLIGAN_OK)
      store_finish(statement);
    else
      finding_add(sql->findings, FINDING_ERROR, sql->file, line, "%s", fault.message);
  }
}

static void see_call(void *context, const char *module, const char *function, const struct lua_text *first_argument,
                     int line) {
  if (strcmp(module, "mulligan.db") == 0 &&
      (strcmp(function, "query") == 0 || strcmp(function, "one") == 0 || strcmp(function, "exec") == 0))
    prepare(context, first_argument, line);
}

static void see_field(void *context, const struct lua_text *name, const struct lua_text *value, int depth, int line) {
  (void)depth;
  if (strcmp(name->bytes, "choices_sql") == 0)
    prepare(context, value, line);
}

void script_sql_check(const struct generation_script *script, struct store *store, json_t *findings) {
  struct sql sql = {script->chunk + 1, store, findings};
  struct lua_listener listener = {.context = &sql, .call = see_call};
  if (strncmp(script->name, "operators/", strlen("operators/")) == 0)
    listener.field = see_field;
  int line;
  lua_walk(script->source, script->length, &listener, &line);
}
