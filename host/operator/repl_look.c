/**
 * repl_look.c - the prompt's commands that look at the database and at ErrorLog.
 *
 * Called by repl_command.c on the main thread. SQL goes through the console as an input does, so that it reads what
 * inputs read.
 */
#include "operator/repl_do.h"

#include "data/error_log.h"
#include "operator/words.h"

#include <stdlib.h>
#include <string.h>

enum { CODE_CAP = 1 << 20, LISTED_MOST = 20 };

/* ---- looking at the database ---- */

/* Appends the text as Lua reads it, in long brackets that it does not end. */
static void add_quoted(struct buf *out, const char *text) {
  char close[16] = "]]", signs[12] = "";
  while (strlen(signs) < sizeof signs - 2 && strstr(text, close)) {
    strncat(signs, "=", 2);
    snprintf(close, sizeof close, "]%s]", signs);
  }
  buf_addf(out, "[%s[%s]%s]", signs, text, signs);
}

static void run_code(struct repl *repl, struct buf *code) {
  repl_execute(repl, json_pack("{s:s%, s:b}", "code", code->data, code->length, "store_history", 0));
  buf_release(code);
}

static bool reads_rows(const char *sql) {
  static const char *const first[] = {"select", "with", "explain", "pragma", "values"};
  for (size_t i = 0; i < sizeof first / sizeof *first; i++)
    if (strncasecmp(sql, first[i], strlen(first[i])) == 0)
      return true;
  return false;
}

void repl_do_sql(struct repl *repl, const char *rest) {
  if (!*rest) {
    repl_complain(repl, "%s", words("SQL goes behind it: :sql SELECT * FROM user"));
    return;
  }
  struct buf code;
  buf_init(&code, CODE_CAP);
  buf_addf(&code, "db.%s", reads_rows(rest) ? "query" : "exec");
  add_quoted(&code, rest);
  run_code(repl, &code);
}

void repl_do_tables(struct repl *repl, const char *rest) {
  (void)rest;
  struct buf code;
  buf_init(&code, CODE_CAP);
  buf_add_text(&code,
               "db.query [[SELECT m.name AS \"table\", group_concat(c.name, ', ') AS columns FROM sqlite_schema m "
               "JOIN pragma_table_info(m.name) c WHERE m.type IN ('table', 'view') AND m.name NOT GLOB "
               "'sqlite_*' AND m.name NOT GLOB 'mulligan_*' GROUP BY m.name ORDER BY m.name]]");
  run_code(repl, &code);
}

void repl_do_schema(struct repl *repl, const char *rest) {
  if (!*rest) {
    repl_complain(repl, "%s", words("Which table? :schema TABLE; `:tables` lists them."));
    return;
  }
  struct buf code, table;
  buf_init(&code, CODE_CAP);
  buf_init(&table, CODE_CAP);
  for (const char *c = rest; *c; c++) {
    buf_add_char(&table, *c);
    if (*c == '"')
      buf_add_char(&table, '"'); /* as SQL quotes it */
  }
  buf_add_text(&code, "(function(name) db.one");
  struct buf probe;
  buf_init(&probe, CODE_CAP);
  buf_addf(&probe, "SELECT 1 FROM \"%s\" LIMIT 1", table.data);
  add_quoted(&code, probe.data);
  buf_add_text(&code, " return db.query([[SELECT c.name AS \"column\", c.type, "
                      "CASE WHEN c.pk > 0 THEN 'key' WHEN c.\"notnull\" THEN 'required' ELSE '' END AS rule, "
                      "coalesce(c.dflt_value, '') AS \"default\", "
                      "coalesce(f.\"table\" || '.' || coalesce(f.\"to\", 'id'), '') AS refers_to "
                      "FROM pragma_table_info(:name) c LEFT JOIN pragma_foreign_key_list(:name) f "
                      "ON f.\"from\" = c.name ORDER BY c.cid]], { name = name }) end)(");
  add_quoted(&code, rest);
  buf_add_char(&code, ')');
  buf_release(&table);
  buf_release(&probe);
  run_code(repl, &code);
}

/* The tables' names, as they would be completed behind FROM. */
json_t *repl_offer_tables(struct repl *repl) {
  static const char code[] = "db.query [[SELECT * FROM ";
  json_t *reply =
      repl_request(repl, "complete_request", json_pack("{s:s, s:i}", "code", code, "cursor_pos", (int)strlen(code)));
  json_t *matches = json_incref(json_object_get(console_content(reply), "matches"));
  json_decref(reply);
  return matches;
}

/* ---- errors ---- */

static void show_memory(struct repl *repl, void (*write)(FILE *out, const json_t *value), const json_t *value) {
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  if (!out)
    return;
  write(out, value);
  fclose(out);
  if (text)
    repl_show_text(repl, text, length);
  free(text);
}

void repl_do_errors(struct repl *repl, const char *rest) {
  (void)rest;
  struct fault fault;
  json_t *rows;
  const struct error_log_filter filter = {.limit = LISTED_MOST};
  if (error_log_list(repl->options->services->settings->data, &filter, &rows, &fault) != MULLIGAN_OK) {
    repl_complain(repl, "%s", fault.message);
    repl_note(repl, REPL_FAILED);
    return;
  }
  if (json_array_size(rows) == 0)
    repl_say(repl, REPL_PLAIN, "%s", words("There are no errors."));
  else
    show_memory(repl, repl->options->show_errors, rows);
  json_decref(rows);
}

void repl_do_error(struct repl *repl, const char *rest) {
  struct fault fault;
  json_t *row;
  if (!*rest) {
    repl_complain(repl, "%s", words("Which one? :error REF; `:errors` lists the newest."));
  } else if (error_log_get(repl->options->services->settings->data, rest, &row, &fault) != MULLIGAN_OK) {
    repl_complain(repl, "%s", fault.message);
    repl_note(repl, REPL_FAILED);
  } else {
    show_memory(repl, repl->options->show_error, row);
    json_decref(row);
  }
}

json_t *repl_offer_errors(struct repl *repl) {
  struct fault fault;
  json_t *rows, *row, *list = json_array();
  size_t index;
  const struct error_log_filter filter = {.limit = LISTED_MOST};
  if (error_log_list(repl->options->services->settings->data, &filter, &rows, &fault) != MULLIGAN_OK)
    return list;
  json_array_foreach(rows, index, row) json_array_append(list, json_object_get(row, "ref"));
  json_decref(rows);
  return list;
}
