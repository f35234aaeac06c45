/**
 * console_complete.c - what may follow what has been typed, and what stands under a name.
 *
 * Called on the console's thread, at each press of Tab. Where the cursor is, is found from the text's words alone
 * (code_word.h): in SQL inside a string, in another string, or in Lua.
 */
#include "operator/console_internal.h"

#include "base/json_list.h"
#include "base/utf8.h"
#include "operator/arguments.h"
#include "operator/script.h"
#include "operator/words.h"
#include "vm/code_word.h"

#include <dirent.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { PATH_NAMES_MOST = 8, MATCHES_MOST = 1000, TEXT_CAP = 256 * 1024, FILE_PATH_MOST = 4096 };

/* ---- characters and bytes ---- */

static size_t bytes_of(const char *text, size_t characters) {
  size_t at = 0;
  for (; characters > 0 && text[at]; characters--)
    do
      at++;
    while ((text[at] & 0xC0) == 0x80);
  return at;
}

static json_int_t characters_of(const char *text, size_t bytes) {
  json_int_t count = 0;
  for (size_t i = 0; i < bytes; i++)
    count += (text[i] & 0xC0) != 0x80;
  return count;
}

/* ---- where the cursor is ---- */

static bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The beginning of the name that ends at `end`. */
static size_t name_start(const char *text, size_t end) {
  while (end > 0 && is_name_byte(text[end - 1]))
    end--;
  return end;
}

/* The names that lead to the one that ends at `end`, which is the last: `users.find` is users, find. */
static json_t *path_at(const char *text, size_t end) {
  json_t *path = json_array();
  size_t start = name_start(text, end);
  json_array_insert_new(path, 0, json_stringn(text + start, end - start));
  while (start > 0 && (text[start - 1] == '.' || text[start - 1] == ':') && json_array_size(path) < PATH_NAMES_MOST) {
    end = start - 1;
    start = name_start(text, end);
    if (start == end) { /* the value of an expression, which is not known before it is run */
      json_array_clear(path);
      break;
    }
    json_array_insert_new(path, 0, json_stringn(text + start, end - start));
  }
  return path;
}

/* The last word before the cursor; false in a comment. */
static bool last_word(const char *text, size_t cursor, struct code_word *last) {
  *last = (struct code_word){.kind = CODE_WORD_SYMBOL, .end = cursor};
  struct code_word word;
  for (size_t at = 0; code_word_next(text, cursor, &at, &word);)
    *last = word;
  return !(last->kind == CODE_WORD_COMMENT && last->open);
}

/* ---- SQL ---- */

static void add_match(json_t *matches, const char *name, const char *prefix, size_t length) {
  if (strncasecmp(name, prefix, length) == 0 && json_array_size(matches) < MATCHES_MOST)
    json_array_append_new(matches, json_string(name));
}

static bool is_word_in(const char *text, size_t length, const char *word) {
  size_t size = strlen(word);
  for (size_t i = 0; i + size <= length; i++)
    if (strncasecmp(text + i, word, size) == 0 && (i == 0 || !is_name_byte(text[i - 1])) &&
        (i + size == length || !is_name_byte(text[i + size])))
      return true;
  return false;
}

/* Is `alias` what the SQL calls this table: `FROM user_seminar us`, `user_seminar AS us`? */
static bool is_alias(const char *sql, size_t length, const char *table, const char *alias, size_t alias_length) {
  size_t size = strlen(table);
  for (size_t i = 0; i + size < length; i++) {
    if (strncasecmp(sql + i, table, size) != 0 || (i > 0 && is_name_byte(sql[i - 1])) || is_name_byte(sql[i + size]))
      continue;
    size_t at = i + size + strspn(sql + i + size, " \n\t");
    if (strncasecmp(sql + at, "as ", 3) == 0)
      at += 3 + strspn(sql + at + 3, " \n\t");
    if (at + alias_length <= length && strncasecmp(sql + at, alias, alias_length) == 0 &&
        !is_name_byte(sql[at + alias_length]))
      return true;
  }
  return false;
}

/* `sql` is the whole string, `name` to `cursor` what is being typed, `qualifier` what stands before its dot. */
static json_t *complete_sql(struct console *console, const char *sql, size_t length, const char *qualifier,
                            size_t qualifier_length, const char *name, size_t name_length) {
  const json_t *tables = console_tables(console);
  json_t *matches = json_array();
  const char *table;
  json_t *columns, *column;
  size_t index;
  bool mentioned = false;
  json_object_foreach((json_t *)tables, table, columns) mentioned = mentioned || is_word_in(sql, length, table);
  json_object_foreach((json_t *)tables, table, columns) {
    bool named =
        qualifier && ((strlen(table) == qualifier_length && strncasecmp(table, qualifier, qualifier_length) == 0) ||
                      is_alias(sql, length, table, qualifier, qualifier_length));
    if (!qualifier)
      add_match(matches, table, name, name_length);
    if (qualifier ? named : !mentioned || is_word_in(sql, length, table))
      json_array_foreach(columns, index, column) add_match(matches, json_string_value(column), name, name_length);
  }
  for (size_t i = 0; !qualifier && name_length > 0 && console_sql_words[i]; i++)
    if (strncasecmp(console_sql_words[i], name, name_length) == 0) {
      char word[32]; /* in the case that it is typed in */
      snprintf(word, sizeof word, "%s", console_sql_words[i]);
      for (char *c = word; *name >= 'a' && *c; c++)
        *c = (char)(*c | 0x20);
      add_match(matches, word, name, name_length);
    }
  return matches;
}

/* ---- files ---- */

static json_t *complete_file(const char *typed, size_t length) {
  char folder[FILE_PATH_MOST];
  json_t *matches = json_array();
  if (length >= sizeof folder)
    return matches;
  size_t slash = length;
  while (slash > 0 && typed[slash - 1] != '/')
    slash--;
  snprintf(folder, sizeof folder, "%.*s", (int)slash, typed);
  DIR *dir = opendir(slash > 0 ? folder : ".");
  struct dirent *entry;
  while (dir && (entry = readdir(dir)) != NULL && json_array_size(matches) < MATCHES_MOST) {
    size_t name = strlen(entry->d_name);
    if (strncmp(entry->d_name, typed + slash, length - slash) != 0 || (entry->d_name[0] == '.' && slash == length) ||
        !utf8_valid(entry->d_name, name))
      continue;
    json_t *path = json_sprintf("%s%s%s", folder, entry->d_name, entry->d_type == DT_DIR ? "/" : "");
    json_array_append_new(matches, path);
  }
  if (dir)
    closedir(dir);
  return matches;
}

/* ---- the requests ---- */

/* By the letters; of those that differ in case only, each stays. */
static int compare_texts(const void *left, const void *right) {
  const char *a = json_string_value(*(json_t *const *)left), *b = json_string_value(*(json_t *const *)right);
  int order = strcasecmp(a, b);
  return order ? order : strcmp(a, b);
}

/* Is the string that begins at `start` given to db.query() or its like? Its first word may not be typed to its end. */
static bool is_query(const char *code, size_t start) {
  static const char *const functions[] = {"query", "one", "exec"};
  while (start > 0 && strchr(" \t\n(", code[start - 1]))
    start--;
  size_t name = name_start(code, start);
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
    if (strlen(functions[i]) == start - name && strncmp(code + name, functions[i], start - name) == 0)
      return name >= 3 && strncmp(code + name - 3, "db.", 3) == 0;
  return false;
}

static json_t *complete_string(struct console *console, const char *code, size_t cursor, const struct code_word *word,
                               size_t *start) {
  const char *body = code + word->body;
  if (!console_is_sql(body, cursor - word->body) && !is_query(code, word->start)) {
    *start = word->body;
    return complete_file(body, cursor - word->body);
  }
  *start = name_start(code, cursor);
  size_t end = *start > word->body && code[*start - 1] == '.' ? *start - 1 : *start;
  size_t qualifier = name_start(code, end);
  bool qualified = end < *start && qualifier < end;
  /* What follows the cursor names tables too: SELECT … FROM user. */
  struct code_word whole;
  size_t at = word->start;
  code_word_next(code, strlen(code), &at, &whole);
  return complete_sql(console, body, whole.end - word->body, qualified ? code + qualifier : NULL, end - qualifier,
                      code + *start, cursor - *start);
}

json_t *console_complete(struct console *console, const json_t *content) {
  const char *code = json_string_value(json_object_get(content, "code"));
  code = code ? code : "";
  size_t cursor = bytes_of(code, (size_t)json_integer_value(json_object_get(content, "cursor_pos"))), start = cursor;
  struct code_word word;
  json_t *matches = NULL;
  if (last_word(code, cursor, &word)) {
    bool inside = word.kind == CODE_WORD_STRING && word.open;
    json_t *path = inside ? NULL : path_at(code, cursor);
    if (inside)
      matches = complete_string(console, code, cursor, &word, &start);
    else if (json_array_size(path) > 0)
      matches = session_complete(console->session, path), start = name_start(code, cursor);
    json_decref(path);
    if (inside)
      json_list_sort_unique(matches, compare_texts);
  }
  return json_pack("{s:s, s:o, s:I, s:I, s:{}}", "status", "ok", "matches", matches ? matches : json_array(),
                   "cursor_start", characters_of(code, start), "cursor_end", characters_of(code, cursor), "metadata");
}

/* ---- what stands under a name ---- */

/* The comment right above a function of a script, and its first line. */
static void add_documentation(const struct console *console, const json_t *found, struct buf *out) {
  const char *chunk = json_string_value(json_object_get(found, "file"));
  int line = (int)json_integer_value(json_object_get(found, "line"));
  size_t length;
  const char *text;
  int first = line;
  while (first > 1 && (text = generation_line(console->options.generation, chunk, first - 1, &length)) != NULL &&
         length >= 2 && strncmp(text, "--", 2) == 0)
    first--;
  for (; first <= line; first++) {
    text = generation_line(console->options.generation, chunk, first, &length);
    if (text)
      buf_addf(out, "%.*s\n", (int)length, text);
  }
}

static void add_table(struct console *console, const char *name, struct buf *out) {
  json_t *columns = json_object_get(console_tables(console), name), *column;
  size_t index;
  if (!columns)
    return;
  buf_addf(out, words("table %s: "), name);
  json_array_foreach(columns, index, column) buf_addf(out, "%s%s", index > 0 ? ", " : "", json_string_value(column));
  buf_add_char(out, '\n');
}

static void add_script(struct console *console, const char *name, struct buf *out) {
  char spelt[256];
  struct operator_script script = {0};
  struct fault fault;
  if (!script_exists(console->options.generation, name, spelt))
    return;
  if (script_load(&script, console->vm, spelt, words_language(), &fault) == MULLIGAN_OK)
    arguments_add_usage(out, &script);
  else
    buf_addf(out, "%s\n", fault.message);
  script_release(&script);
}

json_t *console_inspect(struct console *console, const json_t *content) {
  const char *code = json_string_value(json_object_get(content, "code"));
  code = code ? code : "";
  size_t cursor = bytes_of(code, (size_t)json_integer_value(json_object_get(content, "cursor_pos")));
  while (is_name_byte(code[cursor]))
    cursor++;
  struct buf text;
  buf_init(&text, TEXT_CAP);
  json_t *path = path_at(code, cursor);
  const char *last = json_string_value(json_array_get(path, json_array_size(path) - 1));
  json_t *found = last && *last ? session_describe(console->session, path) : NULL;
  if (json_array_size(path) == 1)
    add_script(console, last, &text);
  if (found && text.length == 0) {
    if (json_object_get(found, "file"))
      add_documentation(console, found, &text);
    buf_addf(&text, "%s\n", json_string_value(json_object_get(found, "text")));
  }
  if (json_array_size(path) == 1)
    add_table(console, last, &text);
  json_t *reply = json_pack("{s:s, s:b, s:{s:s%}, s:{}}", "status", "ok", "found", text.length > 0, "data",
                            "text/plain", text.data, text.length, "metadata");
  buf_release(&text);
  json_decref(found);
  json_decref(path);
  return reply;
}
