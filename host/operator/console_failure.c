/**
 * console_failure.c - an input that failed, as its operator is told: what, where in their own words, and what may help.
 *
 * Called on the console's thread. Operators are no developers: their own line comes first, then a hint; the way the
 * error took through scripts follows, without the program's own functions.
 */
#include "operator/console_internal.h"

#include "operator/printable.h"
#include "operator/words.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TEXT_CAP = 256 * 1024, NAME_MOST = 128, FRAMES_SHOWN = 8 };

/* ---- source lines ---- */

static const char *line_of(const char *text, int line, size_t *length) {
  for (; line > 1 && text; line--) {
    text = strchr(text, '\n');
    text = text ? text + 1 : NULL;
  }
  *length = text ? strcspn(text, "\n") : 0;
  return text;
}

/* The text of a line of an input or of a script; NULL if it is not known. */
static const char *find_line(const struct console *console, const char *file, int line, size_t *length) {
  for (size_t i = json_array_size(console->sources); i > 0; i--) {
    const json_t *source = json_array_get(console->sources, i - 1);
    int first = (int)json_integer_value(json_object_get(source, "line"));
    const char *code = json_string_value(json_object_get(source, "code"));
    if (strcmp(json_string_value(json_object_get(source, "name")), file) != 0 || line < first)
      continue;
    const char *found = line_of(code, line - first + 1, length);
    if (found)
      return found;
  }
  char chunk[NAME_MOST * 2];
  snprintf(chunk, sizeof chunk, "@%s", file);
  return generation_line(console->options.generation, chunk, line, length);
}

static bool is_input(const struct console *console, const char *file) {
  size_t index;
  json_t *source;
  json_array_foreach(console->sources, index, source) {
    if (strcmp(json_string_value(json_object_get(source, "name")), file) == 0)
      return true;
  }
  return false;
}

static const char *frame_file(const json_t *frame) {
  const char *file = json_string_value(json_object_get(frame, "file"));
  return file ? file : "";
}

static int frame_line(const json_t *frame) {
  return (int)json_integer_value(json_object_get(frame, "line"));
}

/* The innermost frame that the operator wrote; else the innermost of a script; NULL if there is none. */
static const json_t *own_frame(const struct console *console, const json_t *frames) {
  size_t index;
  json_t *frame;
  json_array_foreach((json_t *)frames, index, frame) {
    if (is_input(console, frame_file(frame)))
      return frame;
  }
  return json_array_get(frames, 0);
}

static void add_line(const struct console *console, struct buf *out, const json_t *frame) {
  size_t length;
  const char *text = frame ? find_line(console, frame_file(frame), frame_line(frame), &length) : NULL;
  if (!text || length == 0)
    return;
  buf_addf(out, "%5d | ", frame_line(frame));
  printable_add(out, text, length, 200);
}

/* ---- hints ---- */

/* The word in `text` behind `before`; its length, 0 if there is none. */
static size_t word_behind(const char *text, const char *before, const char **word) {
  const char *found = strstr(text, before);
  if (!found)
    return 0;
  *word = found + strlen(before);
  return strcspn(*word, " ,')\"\n:;");
}

static void suggest(struct buf *out, const char *format, const char *name) __attribute__((format(printf, 2, 0)));
static void suggest(struct buf *out, const char *format, const char *name) {
  buf_addf(out, format, name);
}

static void hint_table(struct console *console, const char *name, size_t length, struct buf *out) {
  const char *dot = memchr(name, '.', length);
  if (dot) { /* main.usr */
    length -= (size_t)(dot + 1 - name);
    name = dot + 1;
  }
  const char *near = console_nearest(console_tables(console), name, length);
  if (near)
    suggest(out, words("Did you mean the table %s? `:tables` lists them."), near);
  else
    buf_add_text(out, words("`:tables` lists the tables."));
}

static void hint_column(struct console *console, const char *name, size_t length, struct buf *out) {
  const json_t *tables = console_tables(console);
  const char *dot = memchr(name, '.', length);
  if (dot) {
    length -= (size_t)(dot + 1 - name);
    name = dot + 1;
  }
  json_t *all = json_array();
  const char *table;
  json_t *columns;
  json_object_foreach((json_t *)tables, table, columns) json_array_extend(all, columns);
  const char *near = console_nearest(all, name, length);
  if (near)
    suggest(out, words("Did you mean the column %s? `:schema TABLE` shows a table's columns."), near);
  else
    buf_add_text(out, words("`:schema TABLE` shows a table's columns. A text stands in single quotes: 'text'."));
  json_decref(all);
}

static void hint_sql_word(const char *name, size_t length, struct buf *out) {
  json_t *all = json_array();
  char upper[NAME_MOST];
  size_t kept = length < sizeof upper ? length : sizeof upper - 1;
  for (size_t i = 0; i < kept; i++)
    upper[i] = name[i] >= 'a' && name[i] <= 'z' ? (char)(name[i] - 32) : name[i];
  for (size_t i = 0; console_sql_words[i]; i++)
    json_array_append_new(all, json_string(console_sql_words[i]));
  const char *near = console_nearest(all, upper, kept);
  if (near)
    suggest(out, words("Did you mean %s?"), near);
  json_decref(all);
}

static void hint_path(struct console *console, const char *base, size_t base_length, const char *name, size_t length,
                      struct buf *out) {
  json_t *path = base ? json_pack("[s%, s]", base, base_length, "") : json_pack("[s]", "");
  json_t *names = session_complete(console->session, path);
  const char *near = console_nearest(names, name, length);
  if (near && base)
    buf_addf(out, words("Did you mean %.*s.%s?"), (int)base_length, base, near);
  else if (near)
    suggest(out, words("Did you mean %s?"), near);
  json_decref(names);
  json_decref(path);
}

/* `db.qurey(…)`: the name before the dot stands in the line. */
static void hint_field(struct console *console, const char *name, size_t length, const char *source, struct buf *out) {
  char field[NAME_MOST];
  snprintf(field, sizeof field, ".%.*s", (int)length, name);
  const char *found = source ? strstr(source, field) : NULL;
  if (!found && source) {
    field[0] = ':';
    found = strstr(source, field);
  }
  const char *start = found;
  while (start && start > source &&
         (strchr("_", start[-1]) || (start[-1] >= '0' && start[-1] <= '9') || (start[-1] >= 'A' && start[-1] <= 'Z') ||
          (start[-1] >= 'a' && start[-1] <= 'z')))
    start--;
  if (!start || start == found)
    return;
  size_t base = (size_t)(found - start);
  if ((base == 2 && strncmp(start, "os", 2) == 0) || (base == 2 && strncmp(start, "io", 2) == 0))
    buf_add_text(out, words("Here no programs can be run and no files opened: only the database changes, as a plan."));
  else
    hint_path(console, start, base, name, length, out);
}

void console_add_hint(struct console *console, const char *type, const char *message, const char *source,
                      struct buf *out) {
  const char *name = NULL;
  size_t length;
  if ((length = word_behind(message, "no such table: ", &name)) > 0) {
    hint_table(console, name, length, out);
  } else if ((length = word_behind(message, "no such column: ", &name)) > 0 ||
             (length = word_behind(message, "has no column named ", &name)) > 0) {
    hint_column(console, name, length, out);
  } else if (strstr(message, "syntax error") && (length = word_behind(message, "near \"", &name)) > 0) {
    hint_sql_word(name, length, out);
  } else if (strcmp(type, "SyntaxError") == 0) {
    if (strstr(message, "<eof>"))
      buf_add_text(out, words("The input ends in the middle of a statement."));
    else if (source && console_is_sql(source, strcspn(source, "\n")))
      buf_add_text(out, words("SQL goes behind :sql, or into db.query [[ … ]]."));
  } else if ((length = word_behind(message, "(global 'io", &name)) > 0 || strstr(message, "(global 'io')")) {
    buf_add_text(out, words("Here no programs can be run and no files opened: only the database changes, as a plan."));
  } else if ((length = word_behind(message, "(global '", &name)) > 0) {
    hint_path(console, NULL, 0, name, length, out);
  } else if ((length = word_behind(message, "(field '", &name)) > 0 ||
             (length = word_behind(message, "(method '", &name)) > 0) {
    hint_field(console, name, length, source, out);
  } else if (strstr(message, "attempt to index a nil value") && (length = word_behind(message, "'", &name)) > 0) {
    buf_addf(out, words("`%.*s` has no value: a search that finds nothing gives nil."), (int)length, name);
  }
}

/* ---- the whole ---- */

static void add_text(json_t *list, struct buf *text) {
  if (text->length > 0)
    json_array_append_new(list, json_stringn(text->data, text->length));
  buf_clear(text, TEXT_CAP);
}

/* The way from the operator's line to where it failed, innermost first. */
static void add_way(const struct console *console, json_t *list, const json_t *frames, const json_t *own) {
  struct buf text;
  size_t index, shown = 0;
  json_t *frame;
  buf_init(&text, TEXT_CAP);
  json_array_foreach((json_t *)frames, index, frame) {
    if (frame == own || shown >= FRAMES_SHOWN)
      break;
    if (strncmp(frame_file(frame), "mulligan/", 9) == 0 || frame_line(frame) < 1)
      continue;
    shown++;
    buf_addf(&text, words("in %s:%d"), frame_file(frame), frame_line(frame));
    add_text(list, &text);
    add_line(console, &text, frame);
    add_text(list, &text);
  }
  buf_release(&text);
}

/* What the outcome says, in the operator's language. */
static void describe(const struct session_outcome *outcome, const char **type, const char **message) {
  *type = outcome->type ? outcome->type : "Error";
  *message = outcome->message ? outcome->message : "";
  if (outcome->end == SESSION_INTERRUPTED) {
    *type = "Interrupted";
    *message = words("interrupted");
  } else if (outcome->end == SESSION_ABORTED) {
    *type = "Aborted";
  }
}

json_t *console_explain(struct console *console, const struct session_outcome *outcome) {
  const char *type, *message;
  describe(outcome, &type, &message);
  const json_t *own = outcome->end == SESSION_ABORTED ? NULL : own_frame(console, outcome->frames);
  struct buf clean, text, line, hint;
  buf_init(&clean, TEXT_CAP);
  buf_init(&text, TEXT_CAP);
  buf_init(&line, TEXT_CAP);
  buf_init(&hint, TEXT_CAP);
  printable_add_lines(&clean, message, strlen(message));
  json_t *traceback = json_array();
  if (own)
    buf_addf(&text, "%s:%d: ", frame_file(own), frame_line(own));
  buf_add(&text, clean.data, clean.length);
  add_text(traceback, &text);
  add_line(console, &line, own);
  size_t length;
  const char *source = own ? find_line(console, frame_file(own), frame_line(own), &length) : NULL;
  if (outcome->end != SESSION_ABORTED && outcome->end != SESSION_INTERRUPTED)
    console_add_hint(console, type, message, source, &hint);
  json_t *content = json_pack("{s:s, s:s%, s:O, s:s%, s:s%}", "ename", type, "evalue", clean.data, clean.length,
                              "traceback", traceback, "source", line.data, line.length, "hint", hint.data, hint.length);
  if (own) {
    json_object_set_new(content, "file", json_string(frame_file(own)));
    json_object_set_new(content, "line", json_integer(frame_line(own)));
  }
  json_object_set_new(content, "text", json_incref(json_array_get(traceback, 0)));
  add_text(traceback, &line);
  add_text(traceback, &hint);
  if (own)
    add_way(console, traceback, outcome->frames, own);
  json_decref(traceback);
  buf_release(&clean);
  buf_release(&text);
  buf_release(&line);
  buf_release(&hint);
  return content;
}
