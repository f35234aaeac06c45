/**
 * audit_text.c - runs, as an operator reads them.
 *
 * Called by `mulligan audit` and the REPL. What stands in the audit was written by scripts and operators: it is made
 * printable here.
 */
#include "operator/audit_text.h"

#include "operator/plan_text.h"
#include "operator/printable.h"
#include "operator/table.h"
#include "operator/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTES = 16 /* "2021-11-13T14:59" */, LINE_MOST = 1 << 20 };

static const char *text_of(const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}

/* Who it was run as, and by which account where that is another name. */
static json_t *who(const json_t *run) {
  const char *user = text_of(run, "user"), *as = text_of(run, "as");
  return *as ? json_sprintf("%s (%s)", as, user) : json_string(user);
}

/* ---- the list ---- */

static json_t *line_of(const json_t *run) {
  char started[MINUTES + 1];
  snprintf(started, sizeof started, "%s", text_of(run, "started_at"));
  started[10] = started[10] ? ' ' : '\0';
  return json_pack("{s:s, s:s, s:o, s:s, s:s, s:s, s:O, s:s}", "run", text_of(run, "id"), "started", started, "by",
                   who(run), "kind", text_of(run, "kind"), "name", text_of(run, "name"), "outcome",
                   words(text_of(run, "outcome")), "rows", json_object_get(run, "rows"), "reason",
                   text_of(run, "reason"));
}

void audit_text_add_list(struct buf *out, const json_t *runs, int width) {
  json_t *run, *lines = json_array();
  json_t *columns =
      json_pack("[s, s, s, s, s, s, s, s]", "run", "started", "by", "kind", "name", "outcome", "rows", "reason");
  size_t index;
  json_array_foreach((json_t *)runs, index, run) json_array_append_new(lines, line_of(run));
  if (json_array_size(runs) == 0)
    buf_addf(out, "%s\n", words("Nobody has run anything yet."));
  else
    table_add(out, columns, lines, width);
  json_decref(lines);
  json_decref(columns);
}

/* ---- one run ---- */

static void add_field(struct buf *out, const char *label, const char *text) {
  if (!*text)
    return;
  buf_addf(out, "%s: ", label);
  printable_add_lines(out, text, strlen(text));
  buf_add_char(out, '\n');
}

static void add_json(struct buf *out, const char *label, const json_t *value) {
  if (json_object_size(value) == 0)
    return;
  char *text = json_dumps(value, 0);
  add_field(out, label, text ? text : "");
  free(text);
}

/* What a cell, or the script, put out. */
static void add_item(struct buf *out, const json_t *item, int width) {
  const char *kind = text_of(item, "kind");
  if (strcmp(kind, "say") == 0) {
    printable_add_lines(out, text_of(item, "text"), json_string_length(json_object_get(item, "text")));
    buf_add_char(out, '\n');
  } else if (strcmp(kind, "table") == 0) {
    table_add(out, json_object_get(item, "columns"), json_object_get(item, "rows"), width);
  } else if (strcmp(kind, "left_out") == 0) {
    buf_addf(out, words("… %" PRId64 " more were not kept\n"),
             (int64_t)json_integer_value(json_object_get(item, "items")));
  } else {
    char *text = json_dumps(item, JSON_COMPACT);
    printable_add(out, text ? text : "", text ? strlen(text) : 0, width);
    buf_add_char(out, '\n');
    free(text);
  }
}

static void add_output(struct buf *out, const json_t *cells, int width) {
  size_t i, k;
  json_t *cell, *item;
  if (json_array_size(cells) > 0)
    buf_addf(out, "\n%s\n", words("what it said:"));
  json_array_foreach((json_t *)cells, i, cell) {
    const char *source = text_of(cell, "source");
    if (*source) {
      buf_add_text(out, "> ");
      printable_add(out, source, strlen(source), LINE_MOST);
      buf_add_char(out, '\n');
    }
    json_array_foreach(json_object_get(cell, "output"), k, item) add_item(out, item, width);
  }
}

void audit_text_add_run(struct buf *out, const json_t *run, int width) {
  json_t *by = who(run);
  char outcome[80];
  snprintf(outcome, sizeof outcome, "%s, %" PRId64, words(text_of(run, "outcome")),
           (int64_t)json_integer_value(json_object_get(run, "rows")));
  add_field(out, words("run"), text_of(run, "id"));
  add_field(out, words("what"), text_of(run, "name"));
  add_field(out, words("kind"), text_of(run, "kind"));
  add_field(out, words("by"), json_string_value(by) ? json_string_value(by) : "");
  add_field(out, words("reason"), text_of(run, "reason"));
  add_field(out, words("started"), text_of(run, "started_at"));
  add_field(out, words("finished"), text_of(run, "finished_at"));
  add_field(out, words("outcome, rows"), outcome);
  add_field(out, words("why"), text_of(run, "message"));
  add_field(out, words("takes back"), text_of(run, "undoes"));
  add_field(out, words("taken back by"), text_of(run, "undone_by"));
  add_field(out, words("command"), text_of(run, "command_line"));
  add_json(out, words("parameters"), json_object_get(run, "parameters"));
  add_field(out, words("script"), text_of(run, "script"));
  add_field(out, words("script's SHA-256"), text_of(run, "script_hash"));
  add_field(out, words("plan"), text_of(run, "plan"));
  add_field(out, words("audit hash"), text_of(run, "hash"));
  if (json_array_size(json_object_get(run, "changes")) > 0)
    plan_text_add(out, json_object_get(run, "changes"), width);
  add_output(out, json_object_get(run, "output"), width);
  json_decref(by);
}

/* ---- the verdict ---- */

void audit_text_add_verdict(struct buf *out, const json_t *verdict) {
  size_t index;
  json_t *problem;
  json_array_foreach(json_object_get(verdict, "problems"), index, problem) {
    printable_add_lines(out, json_string_value(problem), json_string_length(problem));
    buf_add_char(out, '\n');
  }
  if (json_is_true(json_object_get(verdict, "sound")))
    buf_addf(out, words("The audit is sound: %" PRId64 " entries.\n"),
             (int64_t)json_integer_value(json_object_get(verdict, "entries")));
  else
    buf_addf(out, "%s\n", words("The audit is NOT sound: somebody has changed it."));
  buf_addf(out, words("Audit hash: %s\n"), text_of(verdict, "hash"));
}
