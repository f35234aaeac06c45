/**
 * migrate.c - reading a folder of steps, and applying those a database lacks.
 *
 * Called by `mulligan serve` and `mulligan migrate` at the start, and by the host's own databases with steps that are
 * part of the binary; on the thread that has the store. Blocks on the disk and the write lock.
 *
 * Invariants: a step, its row in mulligan_migration and user_version are committed together or not at all; what is
 * applied is compared with the steps again under the write lock, so that two processes never apply one twice.
 */
#include "data/migrate.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/utf8.h"

#include <ctype.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { STEP_CAP = 4 * 1024 * 1024, HASH_SIZE = crypto_hash_sha256_BYTES * 2 + 1 };

/* ---- the folder ---- */

/* "0012_name.sql" gives 12; 0 if it is no such name. */
static int number_of(const char *name) {
  for (int i = 0; i < 4; i++)
    if (!isdigit((unsigned char)name[i]))
      return 0;
  return name[4] == '_' && !strchr(name, '/') ? (int)strtol(name, NULL, 10) : 0;
}

static enum mulligan_status read_step(struct migrate_step *step, const char *folder, const char *name,
                                      struct fault *fault) {
  step->number = number_of(name);
  if (step->number == 0)
    return fault_set(fault, MULLIGAN_INVALID, "%s/%s: a step is named like 0001_users.sql, from 0001 on", folder, name);
  char *path = file_join(folder, name);
  if (!path)
    return fault_set(fault, MULLIGAN_NOMEM, "%s/%s: out of memory", folder, name);
  struct buf text;
  buf_init(&text, STEP_CAP);
  enum mulligan_status status = file_read(path, &text, fault);
  if (!status && (!utf8_valid(text.data, text.length) || memchr(text.data, '\0', text.length)))
    status = fault_set(fault, MULLIGAN_INVALID, "%s: not a text in UTF-8", path);
  if (!status) {
    step->name = strdup(name);
    step->sql = buf_detach(&text);
    if (!step->name || !step->sql)
      status = fault_set(fault, MULLIGAN_NOMEM, "%s: out of memory", path);
  }
  buf_release(&text);
  free(path);
  return status;
}

/* The names are sorted, so the numbers must be 1, 2, 3 … */
static enum mulligan_status check_numbers(const struct migrate_step *steps, size_t count, struct fault *fault) {
  for (size_t i = 0; i < count; i++) {
    int expected = (int)i + 1, found = steps[i].number;
    if (found == expected)
      continue;
    if (i > 0 && found == steps[i - 1].number)
      return fault_set(fault, MULLIGAN_INVALID, "%s and %s have the same number", steps[i - 1].name, steps[i].name);
    return fault_set(fault, MULLIGAN_INVALID, "%s: there is no step %04d before it", steps[i].name, expected);
  }
  return MULLIGAN_OK;
}

enum mulligan_status migrate_plan_read(struct migrate_plan *plan, const char *folder, struct fault *fault) {
  *plan = (struct migrate_plan){0};
  struct file_list files;
  enum mulligan_status status = file_walk(folder, ".sql", &files, fault);
  if (status == MULLIGAN_MISSING)
    return MULLIGAN_OK;
  if (status)
    return status;
  plan->steps = calloc(files.count + 1, sizeof *plan->steps);
  if (!plan->steps)
    status = fault_set(fault, MULLIGAN_NOMEM, "%s: out of memory", folder);
  for (size_t i = 0; i < files.count && !status; i++)
    status = read_step(&plan->steps[plan->count++], folder, files.paths[i], fault);
  file_list_release(&files);
  if (!status && (status = check_numbers(plan->steps, plan->count, fault)))
    fault_prefix(fault, "%s", folder);
  if (status)
    migrate_plan_release(plan);
  return status;
}

enum mulligan_status migrate_plan_read_scripts(struct migrate_plan *plan, const char *scripts, struct fault *fault) {
  *plan = (struct migrate_plan){0};
  char *folder = file_join(scripts, "migrations");
  if (!folder)
    return fault_set(fault, MULLIGAN_NOMEM, "%s: out of memory", scripts);
  enum mulligan_status status = migrate_plan_read(plan, folder, fault);
  free(folder);
  return status;
}

void migrate_plan_release(struct migrate_plan *plan) {
  for (size_t i = 0; i < plan->count; i++) {
    free((char *)plan->steps[i].name); /* read_step() made both */
    free((char *)plan->steps[i].sql);
  }
  free(plan->steps);
  *plan = (struct migrate_plan){0};
}

/* ---- what is applied ---- */

static void hash_step(const struct migrate_step *step, char out[HASH_SIZE]) {
  unsigned char digest[crypto_hash_sha256_BYTES];
  crypto_hash_sha256(digest, (const unsigned char *)step->sql, strlen(step->sql));
  sodium_bin2hex(out, HASH_SIZE, digest, sizeof digest);
}

static enum mulligan_status prepare(struct store *store, const char *sql, struct store_statement **out,
                                    struct fault *fault) {
  return store_prepare(store, sql, strlen(sql), out, fault);
}

static enum mulligan_status has_record(struct store *store, bool *found, struct fault *fault) {
  struct store_statement *statement;
  enum mulligan_status status = prepare(
      store, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'mulligan_migration'", &statement, fault);
  if (status)
    return status;
  status = store_step(statement, found, fault);
  store_finish(statement);
  return status;
}

/* Compares the record's row that `statement` stands on with the step it must be. */
static enum mulligan_status check_row(struct store_statement *statement, const char *path,
                                      const struct migrate_step *steps, size_t count, size_t row, struct fault *fault) {
  size_t length;
  int64_t number = store_column_integer(statement, 0);
  const char *name = store_column_bytes(statement, 1, &length);
  if (number != (int64_t)row + 1)
    return fault_set(fault, MULLIGAN_DENIED, "%s: its record has no step %zu, but a later one (%.*s)", path, row + 1,
                     (int)length, name);
  if (row >= count)
    return fault_set(fault, MULLIGAN_DENIED,
                     "%s is newer than this program's steps: it has %.*s, and the last one here is %s", path,
                     (int)length, name, count ? steps[count - 1].name : "none");
  char hash[HASH_SIZE];
  hash_step(&steps[row], hash);
  const char *applied = store_column_bytes(statement, 2, &length);
  if (length == strlen(hash) && memcmp(applied, hash, length) == 0)
    return MULLIGAN_OK;
  const char *when = store_column_bytes(statement, 3, &length);
  return fault_set(fault, MULLIGAN_DENIED,
                   "%s was changed after it was applied to %s at %.*s; put it back as it was, and write a new step",
                   steps[row].name, path, (int)length, when);
}

/* Counts the rows of the record, each of which must be that of the next step. */
static enum mulligan_status count_rows(struct store *store, const struct migrate_step *steps, size_t count,
                                       size_t *applied, struct fault *fault) {
  struct store_statement *statement;
  enum mulligan_status status = prepare(
      store, "SELECT number, name, sha256, applied_at FROM mulligan_migration ORDER BY number", &statement, fault);
  if (status)
    return status;
  bool row = false;
  while (!(status = store_step(statement, &row, fault)) && row &&
         !(status = check_row(statement, store_path(store), steps, count, *applied, fault)))
    ++*applied;
  store_finish(statement);
  return status;
}

/* Counts the steps that are applied, having checked that they are the first of these. */
static enum mulligan_status read_record(struct store *store, const struct migrate_step *steps, size_t count,
                                        size_t *applied, struct fault *fault) {
  int64_t before, version;
  enum mulligan_status status = store_version(store, &version, fault);
  /* Another process may commit a step between two of these reads; then they are made again. */
  do {
    bool found = false;
    *applied = 0;
    before = version;
    if (!status)
      status = has_record(store, &found, fault);
    if (!status && found)
      status = count_rows(store, steps, count, applied, fault);
    if (!status)
      status = store_version(store, &version, fault);
  } while (!status && version != before);
  if (!status && version != (int64_t)*applied)
    status = fault_set(fault, MULLIGAN_DENIED, "%s: its user_version is %lld, but its record holds %zu steps",
                       store_path(store), (long long)version, *applied);
  return status;
}

/* ---- applying ---- */

static enum mulligan_status write_record(struct store *store, const struct migrate_step *step, struct fault *fault) {
  enum mulligan_status status = store_execute(store,
                                              "CREATE TABLE IF NOT EXISTS mulligan_migration ("
                                              "  number INTEGER PRIMARY KEY,"
                                              "  name TEXT NOT NULL,"
                                              "  sha256 TEXT NOT NULL,"
                                              "  applied_at TEXT NOT NULL)",
                                              fault);
  struct store_statement *statement;
  if (status ||
      (status = prepare(store, "INSERT INTO mulligan_migration (number, name, sha256, applied_at) VALUES (?, ?, ?, ?)",
                        &statement, fault)))
    return status;
  char hash[HASH_SIZE], now[MULLIGAN_RFC3339_SIZE];
  hash_step(step, hash);
  clock_rfc3339(clock_wall_us(), now);
  bool row;
  if (!(status = store_bind_integer(statement, 1, step->number, fault)) &&
      !(status = store_bind_text(statement, 2, step->name, strlen(step->name), fault)) &&
      !(status = store_bind_text(statement, 3, hash, strlen(hash), fault)) &&
      !(status = store_bind_text(statement, 4, now, strlen(now), fault)))
    status = store_step(statement, &row, fault);
  store_finish(statement);
  if (status)
    return status;
  struct buf pragma;
  buf_init(&pragma, 64);
  status = buf_addf(&pragma, "PRAGMA user_version = %d", step->number)
               ? store_execute(store, pragma.data, fault)
               : fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  buf_release(&pragma);
  return status;
}

static enum mulligan_status check_references(struct store *store, struct fault *fault) {
  struct store_statement *statement;
  /* As a table, because SQLite keeps to the tables it knew when it prepared the PRAGMA itself. */
  enum mulligan_status status = prepare(store, "SELECT * FROM pragma_foreign_key_check", &statement, fault);
  if (status)
    return status;
  bool row;
  status = store_step(statement, &row, fault);
  if (!status && row) {
    size_t table_length, parent_length;
    const char *table = store_column_bytes(statement, 0, &table_length);
    const char *parent = store_column_bytes(statement, 2, &parent_length);
    status =
        fault_set(fault, MULLIGAN_CONSTRAINT, "row %lld of %.*s would refer to a row of %.*s that is not there",
                  (long long)store_column_integer(statement, 1), (int)table_length, table, (int)parent_length, parent);
  }
  store_finish(statement);
  return status;
}

/* Applies the first missing step, if another process has not done so meanwhile. `*more` says whether one was missing.
 */
static enum mulligan_status apply_next(struct store *store, const struct migrate_step *steps, size_t count, bool *more,
                                       struct fault *fault) {
  size_t done;
  enum mulligan_status status = store_begin_write(store, fault);
  if (status)
    return status;
  status = read_record(store, steps, count, &done, fault);
  *more = !status && done < count;
  if (*more) {
    const struct migrate_step *step = &steps[done];
    if ((status = store_execute(store, step->sql, fault)) || (status = write_record(store, step, fault)) ||
        (status = check_references(store, fault)) || (status = store_commit(store, fault)))
      fault_prefix(fault, "%s", step->name);
  }
  store_rollback(store);
  return status;
}

static enum mulligan_status apply_missing(struct store *store, const struct migrate_step *steps, size_t count,
                                          int *applied, struct fault *fault) {
  enum mulligan_status status = store_execute(store, "PRAGMA foreign_keys = OFF", fault);
  for (bool more = !status; more;) {
    status = apply_next(store, steps, count, &more, fault);
    more = more && !status;
    *applied += more;
  }
  enum mulligan_status restored = store_execute(store, "PRAGMA foreign_keys = ON", status ? NULL : fault);
  return status ? status : restored;
}

enum mulligan_status migrate_apply(struct store *store, const struct migrate_step *steps, size_t count, int *applied,
                                   struct fault *fault) {
  int made = 0;
  size_t done = 0;
  enum mulligan_status status = check_numbers(steps, count, fault);
  if (!status)
    status = read_record(store, steps, count, &done, fault);
  if (!status && done < count)
    status = apply_missing(store, steps, count, &made, fault);
  if (applied)
    *applied = made;
  return status;
}

enum mulligan_status migrate_check(struct store *store, const struct migrate_step *steps, size_t count,
                                   struct fault *fault) {
  size_t done;
  enum mulligan_status status = check_numbers(steps, count, fault);
  if (!status)
    status = read_record(store, steps, count, &done, fault);
  if (!status && done < count)
    status = fault_set(fault, MULLIGAN_MISSING, "%s lacks %zu of %zu steps, from %s on", store_path(store),
                       count - done, count, steps[done].name);
  return status;
}
