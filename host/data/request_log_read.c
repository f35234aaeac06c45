/**
 * request_log_read.c - requests, looked up by whoever has the data folder.
 *
 * Called by the command line and by tests. Opens requests.db read-only for each call: looking up is rare, and must
 * also work right after the file was replaced.
 */
#include "data/request_log_read.h"

#include "base/buf.h"
#include "data/store.h"
#include "data/store_rows.h"

#include <stdlib.h>
#include <string.h>

static const char database[] = "requests.db";

enum { SQL_MOST = 4096, MINUTE_US = 60 * 1000 * 1000 };

/** A value of a statement; a text, or a number where that is NULL. */
struct value {
  const char *text;
  int64_t number;
};

/* ---- the file ---- */

/** `*out` is NULL where no requests.db was made yet, or is just being made. */
static enum mulligan_status open_requests(struct store **out, const char *folder, struct fault *fault) {
  enum mulligan_status status = store_rows_open(out, folder, database, fault);
  int64_t version = 1;
  if (*out != NULL)
    status = store_version(*out, &version, fault);
  if (status != MULLIGAN_OK || version == 0) {
    store_close(*out);
    *out = NULL;
  }
  return status;
}

/* ---- rows ---- */

/** Runs one statement with these values for its parameters; the caller owns the list of rows. */
static enum mulligan_status read_rows(const char *folder, const char *sql, const struct value *values, int count,
                                      json_t **out, struct fault *fault) {
  *out = NULL;
  struct store *store = NULL;
  struct store_statement *statement = NULL;
  json_t *rows = json_array();
  enum mulligan_status status = rows != NULL
                                    ? open_requests(&store, folder, fault)
                                    : fault_set(fault, MULLIGAN_NOMEM, "out of memory while reading requests.db");
  if (status == MULLIGAN_OK && store != NULL) {
    status = store_prepare(store, sql, strlen(sql), &statement, fault);
    for (int i = 0; status == MULLIGAN_OK && i < count; i++)
      status = values[i].text != NULL ? store_bind_text(statement, i + 1, values[i].text, strlen(values[i].text), fault)
                                      : store_bind_integer(statement, i + 1, values[i].number, fault);
    if (status == MULLIGAN_OK)
      status = store_rows_collect(statement, database, NULL, rows, fault);
    store_finish(statement);
  }
  store_close(store);
  if (status == MULLIGAN_OK)
    *out = json_incref(rows);
  json_decref(rows);
  return status;
}

/* ---- what can be asked ---- */

enum mulligan_status request_log_list(const char *folder, const struct request_filter *filter, json_t **out,
                                      struct fault *fault) {
  static const char *const orders[] = {
      [REQUEST_NEWEST_FIRST] = "id DESC",
      [REQUEST_SLOWEST_FIRST] = "duration_us DESC, id DESC",
      [REQUEST_OLDEST_FIRST] = "id",
  };
  const struct {
    const char *condition;
    bool used;
    struct value value;
  } conditions[] = {
      {" AND started_at >= ?", filter->since != 0, {NULL, filter->since}},
      {" AND status >= ?", filter->least_status != 0, {NULL, filter->least_status}},
      {" AND status <= ?", filter->most_status != 0, {NULL, filter->most_status}},
      {" AND route = ?", filter->route != NULL, {filter->route, 0}},
      {" AND path = ?", filter->path != NULL, {filter->path, 0}},
      {" AND ? IN (user_email, CAST(user_id AS TEXT))", filter->user != NULL, {filter->user, 0}},
      {" AND id > ?", filter->after != 0, {NULL, filter->after}},
  };
  struct value values[sizeof conditions / sizeof *conditions + 1];
  int count = 0;
  struct buf sql;
  buf_init(&sql, SQL_MOST);
  buf_add_text(&sql, "SELECT * FROM request_log WHERE 1");
  for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
    if (!conditions[i].used)
      continue;
    buf_add_text(&sql, conditions[i].condition);
    values[count++] = conditions[i].value;
  }
  buf_addf(&sql, " ORDER BY %s LIMIT ?", orders[filter->order]);
  values[count++] = (struct value){NULL, filter->limit};
  enum mulligan_status status = sql.failed ? fault_set(fault, MULLIGAN_NOMEM, "out of memory while reading requests.db")
                                           : read_rows(folder, sql.data, values, count, out, fault);
  buf_release(&sql);
  return status;
}

enum mulligan_status request_log_get(const char *folder, const char *request_id, json_t **out, struct fault *fault) {
  *out = NULL;
  json_t *rows;
  const struct value id = {request_id, 0};
  enum mulligan_status status = read_rows(
      folder, "SELECT * FROM request_log WHERE request_id = ? ORDER BY id DESC LIMIT 1", &id, 1, &rows, fault);
  if (status != MULLIGAN_OK)
    return status;
  if (json_array_size(rows) == 0)
    status = fault_set(fault, MULLIGAN_MISSING, "there is no request %.100s; it may be too old, or one of a sample",
                       request_id);
  else
    *out = json_incref(json_array_get(rows, 0));
  json_decref(rows);
  return status;
}

enum mulligan_status request_log_newest(const char *folder, int64_t *id, struct fault *fault) {
  json_t *rows;
  *id = 0;
  enum mulligan_status status = read_rows(folder, "SELECT max(id) AS id FROM request_log", NULL, 0, &rows, fault);
  if (status != MULLIGAN_OK)
    return status;
  *id = json_integer_value(json_object_get(json_array_get(rows, 0), "id"));
  json_decref(rows);
  return MULLIGAN_OK;
}

enum mulligan_status request_log_gaps(const char *folder, int64_t since, json_t **out, struct fault *fault) {
  *out = NULL;
  json_t *sums = NULL, *dropped = NULL;
  const struct value minute = {NULL, since / MINUTE_US}, moment = {NULL, since};
  enum mulligan_status status =
      read_rows(folder, "SELECT coalesce(sum(sampled), 0) AS sampled FROM request_minute WHERE minute >= ?", &minute, 1,
                &sums, fault);
  if (status == MULLIGAN_OK)
    status = read_rows(folder, "SELECT * FROM request_dropped WHERE last_at >= ? ORDER BY last_at DESC", &moment, 1,
                       &dropped, fault);
  if (status == MULLIGAN_OK) {
    json_t *sampled = json_object_get(json_array_get(sums, 0), "sampled");
    *out = json_pack("{s:I, s:O}", "sampled", json_integer_value(sampled), "dropped", dropped);
    if (*out == NULL)
      status = fault_set(fault, MULLIGAN_NOMEM, "out of memory while reading requests.db");
  }
  json_decref(sums);
  json_decref(dropped);
  return status;
}
