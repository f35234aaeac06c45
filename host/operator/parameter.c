/**
 * parameter.c - values of an operator script's parameters.
 *
 * Called while a command line is read, before anything of a script runs, on the thread that has the store.
 */
#include "operator/parameter.h"
#include "base/utf8.h"
#include "operator/printable.h"
#include "operator/table.h"
#include "operator/words.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TEXT_CAP = 64 * 1024, SHOWN_COLUMNS = 60 };

void parameter_add_flag(struct buf *out, const struct script_parameter *parameter) {
  if (parameter->by_key) {
    buf_addf(out, "-p %s", parameter->name);
    return;
  }
  buf_add_text(out, "--");
  for (const char *at = parameter->name; *at; at++)
    buf_add_char(out, *at == '_' ? '-' : *at);
}

/* ---- reading ---- */

static enum mulligan_status refuse(const struct script_parameter *parameter, const char *text, const char *rule,
                                   struct fault *fault) {
  struct buf message;
  buf_init(&message, TEXT_CAP);
  parameter_add_flag(&message, parameter);
  buf_addf(&message, " %s", rule);
  if (!parameter->secret) {
    buf_addf(&message, "%s\"", words(", not "));
    printable_add(&message, text, strlen(text), SHOWN_COLUMNS);
    buf_add_char(&message, '"');
  }
  fault_set(fault, MULLIGAN_INVALID, "%s", message.data);
  buf_release(&message);
  return MULLIGAN_INVALID;
}

static enum mulligan_status keep(json_t *value, json_t **out, struct fault *fault) {
  *out = value;
  return value ? MULLIGAN_OK : fault_set(fault, MULLIGAN_NOMEM, "out of memory");
}

static enum mulligan_status parse_integer(const struct script_parameter *parameter, const char *text, json_t **out,
                                          struct fault *fault) {
  char *end;
  errno = 0;
  long long value = strtoll(text, &end, 10);
  bool plain = *text && strspn(text, "+-0123456789") == strlen(text);
  if (!plain || *end || end == text)
    return refuse(parameter, text, words("must be a whole number"), fault);
  if (errno == ERANGE)
    return refuse(parameter, text, words("must be a whole number of at most 64 bits"), fault);
  return keep(json_integer(value), out, fault);
}

static enum mulligan_status parse_number(const struct script_parameter *parameter, const char *text, json_t **out,
                                         struct fault *fault) {
  char *end;
  double value = strtod(text, &end);
  bool plain = *text && strspn(text, "+-0123456789.eE") == strlen(text);
  if (!plain || *end || end == text || !isfinite(value))
    return refuse(parameter, text, words("must be a number"), fault);
  return keep(json_real(value), out, fault);
}

static enum mulligan_status parse_boolean(const struct script_parameter *parameter, const char *text, json_t **out,
                                          struct fault *fault) {
  static const char *const yes[] = {"true", "yes", "1", "예"}, *const no[] = {"false", "no", "0", "아니오"};
  for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
    if (strcasecmp(text, yes[i]) == 0)
      return keep(json_true(), out, fault);
    if (strcasecmp(text, no[i]) == 0)
      return keep(json_false(), out, fault);
  }
  return refuse(parameter, text, words("must be true or false"), fault);
}

static bool is_date(const char *text) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  static const char shape[] = "0000-00-00";
  if (strlen(text) != sizeof shape - 1)
    return false;
  for (size_t i = 0; shape[i]; i++)
    if (shape[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
      return false;
  int year = (int)strtol(text, NULL, 10), month = (int)strtol(text + 5, NULL, 10),
      day = (int)strtol(text + 8, NULL, 10);
  if (month < 1 || month > 12 || day < 1)
    return false;
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return day <= days[month - 1] + (month == 2 && leap);
}

static enum mulligan_status parse_choice(const struct script_parameter *parameter, const char *text,
                                         const json_t *choices, json_t **out, struct fault *fault) {
  struct buf known;
  buf_init(&known, TEXT_CAP);
  size_t index;
  json_t *choice;
  json_array_foreach((json_t *)choices, index, choice) {
    json_t *value = json_object_get(choice, "value");
    struct buf written;
    buf_init(&written, TEXT_CAP);
    table_add_value(&written, value, TEXT_CAP);
    bool same = strcmp(written.data, text) == 0;
    buf_addf(&known, "%s%s", index ? ", " : "", written.data);
    buf_release(&written);
    if (same) {
      buf_release(&known);
      return keep(json_incref(value), out, fault);
    }
  }
  struct buf rule;
  buf_init(&rule, TEXT_CAP);
  if (json_array_size(choices) == 0)
    buf_add_text(&rule, words("has nothing to choose from"));
  else
    buf_addf(&rule, words("must be one of %s"), known.data);
  enum mulligan_status status = refuse(parameter, text, rule.data, fault);
  buf_release(&rule);
  buf_release(&known);
  return status;
}

enum mulligan_status parameter_parse(const struct script_parameter *parameter, const char *text, const json_t *choices,
                                     json_t **out, struct fault *fault) {
  *out = NULL;
  if (!utf8_valid(text, strlen(text)))
    return refuse(parameter, text, words("must be UTF-8"), fault);
  switch (parameter->type) {
  case SCRIPT_INTEGER:
    return parse_integer(parameter, text, out, fault);
  case SCRIPT_NUMBER:
    return parse_number(parameter, text, out, fault);
  case SCRIPT_BOOLEAN:
    return parse_boolean(parameter, text, out, fault);
  case SCRIPT_DATE:
    if (!is_date(text))
      return refuse(parameter, text, words("must be a date, as 2021-11-13"), fault);
    break;
  case SCRIPT_CHOICE:
    return parse_choice(parameter, text, choices, out, fault);
  case SCRIPT_STRING:
    break;
  }
  return keep(json_string(text), out, fault);
}

/* ---- choices ---- */

static enum mulligan_status bind_value(struct store_statement *statement, int index, const json_t *value,
                                       struct fault *fault) {
  switch (value ? json_typeof(value) : JSON_NULL) {
  case JSON_STRING:
    return store_bind_text(statement, index, json_string_value(value), json_string_length(value), fault);
  case JSON_INTEGER:
    return store_bind_integer(statement, index, json_integer_value(value), fault);
  case JSON_REAL:
    return store_bind_real(statement, index, json_real_value(value), fault);
  case JSON_TRUE:
  case JSON_FALSE:
    return store_bind_integer(statement, index, json_is_true(value), fault);
  default:
    return store_bind_null(statement, index, fault);
  }
}

static enum mulligan_status bind_known(const struct script_parameter *parameter, struct store_statement *statement,
                                       const json_t *values, struct fault *fault) {
  enum mulligan_status status = MULLIGAN_OK;
  if (!store_is_read(statement))
    status = fault_set(fault, MULLIGAN_INVALID, "choices_sql of %s must be a SELECT", parameter->name);
  for (int i = 1; status == MULLIGAN_OK && i <= store_parameter_count(statement); i++) {
    const char *name = store_parameter_name(statement, i);
    status =
        name ? bind_value(statement, i, json_object_get(values, name), fault)
             : fault_set(fault, MULLIGAN_INVALID, "choices_sql of %s takes parameters by name only", parameter->name);
  }
  return status;
}

static json_t *column_value(const struct store_statement *statement, int column) {
  size_t length;
  switch (store_column_type(statement, column)) {
  case STORE_INTEGER:
  case STORE_BOOLEAN:
    return json_integer(store_column_integer(statement, column));
  case STORE_REAL:
    return json_real(store_column_real(statement, column));
  case STORE_TEXT: {
    const char *bytes = store_column_bytes(statement, column, &length);
    return utf8_valid(bytes, length) ? json_stringn(bytes, length) : json_null();
  }
  default:
    return json_null();
  }
}

/* The row's first column is the value, the others together are what describes it. */
static bool add_row(json_t *list, const struct store_statement *statement) {
  struct buf label;
  buf_init(&label, TEXT_CAP);
  for (int i = 1; i < store_column_count(statement); i++) {
    json_t *part = column_value(statement, i);
    buf_add_text(&label, i > 1 ? ", " : "");
    table_add_value(&label, part, TABLE_CELL_WIDTH * 2);
    json_decref(part);
  }
  json_t *choice = json_pack("{s:o, s:s}", "value", column_value(statement, 0), "label", label.data);
  buf_release(&label);
  return choice && json_array_append_new(list, choice) == 0;
}

static enum mulligan_status query_choices(const struct script_parameter *parameter, struct store *store,
                                          const json_t *values, json_t *list, struct fault *fault) {
  struct store_statement *statement = NULL;
  const char *sql = parameter->choices_sql;
  enum mulligan_status status = store_prepare(store, sql, strlen(sql), &statement, fault);
  if (status == MULLIGAN_OK)
    status = bind_known(parameter, statement, values, fault);
  bool row = true;
  while (status == MULLIGAN_OK && row) {
    status = store_step(statement, &row, fault);
    if (status == MULLIGAN_OK && row && !add_row(list, statement))
      status = fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  }
  store_finish(statement);
  return status;
}

enum mulligan_status parameter_choices(const struct script_parameter *parameter, struct store *store,
                                       const json_t *values, json_t **out, struct fault *fault) {
  *out = NULL;
  if (!parameter->choices && !parameter->choices_sql)
    return MULLIGAN_OK;
  json_t *list = json_array();
  enum mulligan_status status = list ? MULLIGAN_OK : fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  size_t index;
  json_t *value;
  json_array_foreach((json_t *)parameter->choices, index, value) {
    if (status == MULLIGAN_OK && json_array_append_new(list, json_pack("{s:O, s:s}", "value", value, "label", "")) != 0)
      status = fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  }
  if (status == MULLIGAN_OK && !parameter->choices)
    status = query_choices(parameter, store, values, list, fault);
  if (status != MULLIGAN_OK) {
    json_decref(list);
    return status;
  }
  *out = list;
  return MULLIGAN_OK;
}

void parameter_add_choices(struct buf *out, const json_t *choices) {
  size_t index;
  json_t *choice;
  if (json_array_size(choices) == 0)
    buf_addf(out, "  %s\n", words("(nothing to choose from)"));
  json_array_foreach((json_t *)choices, index, choice) {
    const json_t *label = json_object_get(choice, "label");
    buf_add_text(out, "  ");
    table_add_value(out, json_object_get(choice, "value"), TABLE_CELL_WIDTH);
    if (json_string_length(label) > 0)
      buf_addf(out, "  %s", json_string_value(label));
    buf_add_char(out, '\n');
  }
}
