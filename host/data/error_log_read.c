/**
 * error_log_read.c - errors, looked up by whoever has the data folder.
 *
 * Called by the command line, by Lua (`mulligan.errorlog`) and by tests, from any thread and any process, whether a
 * host is running or not. Opens errors.db read-only for each call; looking up errors is rare, and must also work right
 * after the file was replaced.
 *
 * Invariant: the database is read after the spool, by error_log_brief() before it as well. What moves from the one to
 * the other meanwhile is then seen twice, which is put right here, but never missed.
 */
#include "data/error_log.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "data/error_row.h"
#include "data/error_rows.h"
#include "data/error_writer.h"
#include "data/spool.h"
#include "data/store.h"
#include "data/store_call.h"

#include <stdlib.h>
#include <string.h>

enum { SQL_MOST = 4096 };

static const char from_sql[] = " FROM error_log e LEFT JOIN error_log c ON c.id = e.cause_id WHERE 1";

/* ---- the spool ---- */

/** What is looked for in the spool, and what was found. */
struct sieve {
  const struct error_log_filter *filter; /* NULL: only `reference` */
  const char *reference;                 /* NULL: whatever the filter lets through */
  size_t most;                           /* keeps the last so many */
  json_t *found;                         /* list of rows, oldest first */
  bool out_of_memory;
};

static bool text_is(const json_t *row, const char *name, const char *text) {
  const char *value = json_string_value(json_object_get(row, name));
  return value != NULL && strcmp(value, text) == 0;
}

static bool is_user(const json_t *row, const char *user) {
  const json_t *id = json_object_get(row, "user_id");
  char *end;
  long long wanted = strtoll(user, &end, 10);
  if (json_is_integer(id) && *user != '\0' && *end == '\0' && json_integer_value(id) == wanted)
    return true;
  return text_is(row, "user_email", user);
}

static bool passes(const struct sieve *sieve, const json_t *row) {
  if (json_object_get(row, "shared") != NULL)
    return false; /* of a storm: counted with another, which is the one to be found */
  if (sieve->reference != NULL)
    return text_is(row, "ref", sieve->reference);
  const struct error_log_filter *filter = sieve->filter;
  return filter->group == 0 && filter->after == 0 &&
         json_integer_value(json_object_get(row, "occurred_at")) >= filter->since &&
         (filter->status == 0 || json_integer_value(json_object_get(row, "status")) == filter->status) &&
         (filter->path == NULL || text_is(row, "path", filter->path)) &&
         (filter->user == NULL || is_user(row, filter->user));
}

/** The row of a spooled object, with every key that a row of the database has. */
static json_t *spooled_row(json_t *object) {
  static const char *const others[] = {"id", "recorded_at", "group_id", "user_report", "cause_id", "repeats"};
  json_t *row = json_object();
  int failures = row == NULL;
  for (size_t i = 0; failures == 0 && i < sizeof others / sizeof *others; i++)
    failures += json_object_set_new(row, others[i], json_null()) != 0;
  for (int i = 0; failures == 0 && i < ERROR_FIELD_COUNT; i++) {
    const char *name = error_field_name((enum error_field)i);
    json_t *value = json_object_get(object, name);
    failures += json_object_set(row, name, value != NULL ? value : json_null()) != 0;
  }
  json_t *cause = json_object_get(json_object_get(object, "cause"), "ref");
  if (failures == 0)
    failures += json_object_set(row, "cause_ref", cause != NULL ? cause : json_null()) != 0;
  if (failures == 0)
    return row;
  json_decref(row);
  return NULL;
}

static enum mulligan_status sift_line(void *context, const char *line, size_t length, struct fault *fault) {
  struct sieve *sieve = context;
  (void)fault;
  if (sieve->reference != NULL && memmem(line, length, sieve->reference, strlen(sieve->reference)) == NULL)
    return MULLIGAN_OK; /* a spool may hold 256 MiB: only the line that is looked for is worth parsing */
  json_t *object = json_loadb(line, length, JSON_ALLOW_NUL, NULL);
  if (!json_is_object(object)) {
    json_decref(object);
    return MULLIGAN_INVALID;
  }
  json_t *chain[8];
  size_t count = 0;
  for (json_t *at = object; json_is_object(at) && count < sizeof chain / sizeof *chain;
       at = json_object_get(at, "cause"))
    chain[count++] = at;
  while (count > 0) { /* causes come first, as they do in the database */
    json_t *at = chain[--count];
    if (!passes(sieve, at))
      continue;
    if (json_array_append_new(sieve->found, spooled_row(at)) != 0)
      sieve->out_of_memory = true;
    else if (json_array_size(sieve->found) > sieve->most)
      json_array_remove(sieve->found, 0);
  }
  json_decref(object);
  return MULLIGAN_OK;
}

static enum mulligan_status read_spool(const char *folder, struct sieve *sieve, struct fault *fault) {
  sieve->found = json_array();
  char *path = file_join(folder, "spool");
  struct spool *spool = path != NULL ? spool_create(path, MULLIGAN_ERROR_SPOOL, MULLIGAN_ERROR_SPOOL_MOST) : NULL;
  enum mulligan_status status = MULLIGAN_OK;
  struct fault reason = {0};
  /* A spool that cannot be read must not hide what is in the database. */
  if (sieve->found != NULL && spool != NULL && spool_read(spool, sift_line, sieve, &reason) != MULLIGAN_OK)
    log_warning("the spool of errors cannot be read: %s", reason.message);
  if (sieve->found == NULL || spool == NULL || sieve->out_of_memory)
    status = fault_set(fault, MULLIGAN_NOMEM, "out of memory while reading the spool");
  spool_destroy(spool);
  free(path);
  return status;
}

/* ---- the database ---- */

/** Adds the filter's conditions and binds their values: `statement` NULL writes, else binds from index 1. */
static enum mulligan_status apply_filter(const struct error_log_filter *filter, struct buf *sql,
                                         struct store_statement *statement, int *index, struct fault *fault) {
  const struct {
    const char *condition;
    bool used;
    const char *text; /* NULL: the number */
    int64_t number;
  } conditions[] = {
      {" AND e.occurred_at >= ?", filter->since != 0, NULL, filter->since},
      {" AND e.status = ?", filter->status != 0, NULL, filter->status},
      {" AND e.group_id = ?", filter->group != 0, NULL, filter->group},
      {" AND e.id < ?", filter->after != 0, NULL, filter->after},
      {" AND e.path = ?", filter->path != NULL, filter->path, 0},
      {" AND ? IN (e.user_email, CAST(e.user_id AS TEXT))", filter->user != NULL, filter->user, 0},
  };
  enum mulligan_status status = MULLIGAN_OK;
  for (size_t i = 0; status == MULLIGAN_OK && i < sizeof conditions / sizeof *conditions; i++) {
    if (!conditions[i].used)
      continue;
    if (statement == NULL)
      buf_add_text(sql, conditions[i].condition);
    else if (conditions[i].text != NULL)
      status = store_bind_text(statement, ++*index, conditions[i].text, strlen(conditions[i].text), fault);
    else
      status = store_bind_integer(statement, ++*index, conditions[i].number, fault);
  }
  return status;
}

/** Prepares "SELECT `columns` … `end`" with the filter between. */
static enum mulligan_status prepare(struct store *store, const char *columns, const struct error_log_filter *filter,
                                    const char *end, struct store_statement **out, int *index, struct fault *fault) {
  struct buf sql;
  buf_init(&sql, SQL_MOST);
  buf_addf(&sql, "SELECT %s%s", columns, from_sql);
  apply_filter(filter, &sql, NULL, NULL, fault);
  buf_add_text(&sql, end);
  enum mulligan_status status = sql.failed ? fault_set(fault, MULLIGAN_NOMEM, "out of memory while reading errors.db")
                                           : store_prepare(store, sql.data, sql.length, out, fault);
  buf_release(&sql);
  return status == MULLIGAN_OK ? apply_filter(filter, NULL, *out, index, fault) : status;
}

static enum mulligan_status find_reference(struct store *store, const char *reference, json_t *rows,
                                           struct fault *fault) {
  static const char sql[] = "SELECT e.*, c.ref AS cause_ref FROM error_log e LEFT JOIN error_log c ON c.id = e.cause_id"
                            " WHERE e.ref = ?";
  struct store_statement *statement = NULL;
  enum mulligan_status status = store_prepare(store, sql, sizeof sql - 1, &statement, fault);
  if (status == MULLIGAN_OK)
    status = store_bind_text(statement, 1, reference, strlen(reference), fault);
  if (status == MULLIGAN_OK)
    status = error_rows_collect(statement, rows, fault);
  store_finish(statement);
  return status;
}

/** Takes out of the spool's rows those that the database has too. */
static enum mulligan_status drop_replayed(struct store *store, json_t *spooled, struct fault *fault) {
  for (size_t i = json_array_size(spooled); i-- > 0;) {
    json_t *same = json_array();
    const char *reference = json_string_value(json_object_get(json_array_get(spooled, i), "ref"));
    enum mulligan_status status = find_reference(store, reference != NULL ? reference : "", same, fault);
    bool replayed = json_array_size(same) > 0;
    json_decref(same);
    if (status != MULLIGAN_OK)
      return status;
    if (replayed)
      json_array_remove(spooled, i);
  }
  return MULLIGAN_OK;
}

static enum mulligan_status list_database(struct store *store, const struct error_log_filter *filter, json_t *rows,
                                          struct fault *fault) {
  struct store_statement *statement = NULL;
  int index = 0;
  enum mulligan_status status =
      prepare(store, "e.*, c.ref AS cause_ref", filter, " ORDER BY e.id DESC LIMIT ?", &statement, &index, fault);
  if (status == MULLIGAN_OK)
    status = store_bind_integer(statement, index + 1, filter->limit, fault);
  if (status == MULLIGAN_OK)
    status = error_rows_collect(statement, rows, fault);
  store_finish(statement);
  return status;
}

/* ---- what is asked for ---- */

enum mulligan_status error_log_list(const char *folder, const struct error_log_filter *filter, json_t **out,
                                    struct fault *fault) {
  *out = NULL;
  struct sieve sieve = {.filter = filter, .most = (size_t)filter->limit};
  struct store *store = NULL;
  struct fault reason = {0};
  json_t *stored = json_array(), *rows = json_array();
  enum mulligan_status status = read_spool(folder, &sieve, fault);
  if (status == MULLIGAN_OK && (stored == NULL || rows == NULL))
    status = fault_set(fault, MULLIGAN_NOMEM, "out of memory while listing errors");
  if (status != MULLIGAN_OK)
    goto out;

  if (error_rows_open(&store, folder, &reason) != MULLIGAN_OK ||
      (store != NULL && (drop_replayed(store, sieve.found, &reason) != MULLIGAN_OK ||
                         list_database(store, filter, stored, &reason) != MULLIGAN_OK))) {
    log_warning("errors.db cannot be read, so only what is in the spool is shown: %s", reason.message);
    json_array_clear(stored);
  }
  for (size_t i = json_array_size(sieve.found); i-- > 0;)
    json_array_append(rows, json_array_get(sieve.found, i));
  json_array_extend(rows, stored);
  while (json_array_size(rows) > (size_t)filter->limit)
    json_array_remove(rows, json_array_size(rows) - 1);
  *out = json_incref(rows);
out:
  store_close(store);
  json_decref(sieve.found);
  json_decref(stored);
  json_decref(rows);
  return status;
}

enum mulligan_status error_log_count(const char *folder, const struct error_log_filter *filter, int64_t *count,
                                     struct fault *fault) {
  struct sieve sieve = {.filter = filter, .most = SIZE_MAX};
  struct store *store = NULL;
  struct store_statement *statement = NULL;
  int index = 0;
  bool found = false;
  enum mulligan_status status = read_spool(folder, &sieve, fault);
  if (status == MULLIGAN_OK)
    status = error_rows_open(&store, folder, fault);
  if (status == MULLIGAN_OK && store != NULL)
    status = drop_replayed(store, sieve.found, fault);
  if (status == MULLIGAN_OK && store != NULL)
    status = prepare(store, "count(*)", filter, "", &statement, &index, fault);
  if (status == MULLIGAN_OK && store != NULL)
    status = store_step(statement, &found, fault);
  if (status == MULLIGAN_OK)
    *count = (int64_t)json_array_size(sieve.found) + (found ? store_column_integer(statement, 0) : 0);
  store_finish(statement);
  store_close(store);
  json_decref(sieve.found);
  return status;
}

enum mulligan_status error_log_get(const char *folder, const char *reference, json_t **out, struct fault *fault) {
  *out = NULL;
  char canonical[MULLIGAN_REFERENCE_SIZE];
  if (!reference_normalise(reference, canonical))
    return fault_set(fault, MULLIGAN_INVALID, "\"%.100s\" is no reference: one looks like ERR-7K3F-9QXA", reference);
  struct sieve sieve = {.reference = canonical, .most = 1};
  struct store *store = NULL;
  json_t *rows = json_array();
  enum mulligan_status status = read_spool(folder, &sieve, fault);
  if (status == MULLIGAN_OK && rows == NULL)
    status = fault_set(fault, MULLIGAN_NOMEM, "out of memory while looking up %s", canonical);
  if (status != MULLIGAN_OK)
    goto out;

  /* The spool's word is good, but the database has the row's number and group too. */
  struct fault reason = {0};
  enum mulligan_status stored = error_rows_open(&store, folder, &reason);
  if (stored == MULLIGAN_OK && store != NULL)
    stored = find_reference(store, canonical, rows, &reason);
  if (stored == MULLIGAN_OK && json_array_size(rows) > 0) {
    *out = json_incref(json_array_get(rows, 0));
  } else if (json_array_size(sieve.found) > 0) {
    *out = json_incref(json_array_get(sieve.found, 0));
  } else if (stored != MULLIGAN_OK) {
    status = fault_set(fault, stored, "%s is not in the spool, and %s", canonical, reason.message);
  } else {
    status = fault_set(fault, MULLIGAN_MISSING, "no error has the reference %s", canonical);
  }
out:
  store_close(store);
  json_decref(sieve.found);
  json_decref(rows);
  return status;
}

/* ---- in brief ---- */

static const char brief_sql[] = "SELECT occurred_at, status, app_code FROM error_log WHERE ref = ?";

/** From errors.db; `*found` tells whether it is there. */
static enum mulligan_status brief_of_database(const char *folder, struct error_brief *out, bool *found,
                                              struct fault *fault) {
  struct store *store = NULL;
  enum mulligan_status status = error_rows_open(&store, folder, fault);
  if (status != MULLIGAN_OK)
    return status;
  if (store == NULL)
    return fault_set(fault, MULLIGAN_ERROR, "errors.db is missing");
  struct store_call call;
  store_call_prepare(&call, store, brief_sql, fault);
  store_call_text(&call, out->reference, strlen(out->reference), fault);
  if (store_call_step(&call, fault)) {
    *found = true;
    out->occurred_at = store_column_integer(call.statement, 0);
    out->status = (int)store_column_integer(call.statement, 1); /* NULL is 0 */
    out->app_code = store_column_integer(call.statement, 2);
  }
  status = store_call_finish(&call);
  store_close(store);
  return status;
}

static enum mulligan_status brief_of_spool(const char *folder, struct error_brief *out, bool *found,
                                           struct fault *fault) {
  struct sieve sieve = {.reference = out->reference, .most = 1};
  enum mulligan_status status = read_spool(folder, &sieve, fault);
  const json_t *row = json_array_get(sieve.found, 0);
  if (status == MULLIGAN_OK && row != NULL) {
    *found = true;
    out->occurred_at = json_integer_value(json_object_get(row, "occurred_at"));
    out->status = (int)json_integer_value(json_object_get(row, "status"));
    out->app_code = json_integer_value(json_object_get(row, "app_code"));
  }
  json_decref(sieve.found);
  return status;
}

enum mulligan_status error_log_brief(const char *folder, const char *reference, struct error_brief *out,
                                     struct fault *fault) {
  struct error_brief brief = {0};
  struct fault reason = {0};
  bool found = false;
  if (!reference_normalise(reference, brief.reference))
    return fault_set(fault, MULLIGAN_INVALID, "\"%.100s\" is no reference: one looks like ERR-7K3F-9QXA", reference);
  enum mulligan_status status, stored = brief_of_database(folder, &brief, &found, &reason);
  if (!found) {
    status = brief_of_spool(folder, &brief, &found, fault);
    if (status != MULLIGAN_OK)
      return status;
  }
  if (!found && stored == MULLIGAN_OK)
    stored = brief_of_database(folder, &brief, &found, &reason);
  if (found) {
    *out = brief;
    return MULLIGAN_OK;
  }
  if (stored != MULLIGAN_OK)
    return fault_set(fault, MULLIGAN_ERROR, "%s is not in the spool, and %s", brief.reference, reason.message);
  return fault_set(fault, MULLIGAN_MISSING, "no error has the reference %s", brief.reference);
}
