/**
 * audit_verify.c - has anybody but this program written to audit.db?
 *
 * Called by `mulligan audit verify`. Reads under audit.lock, so that no run is between its entry and what app.db is
 * told of it.
 *
 * A changed value breaks the hash of its entry; an entry that was removed or put in breaks the numbers or the chain;
 * for a tail that was cut off, and for one that was added by somebody who knows how the chain is made, there is app.db:
 * it keeps the count and the hash after the last run that ended. What a run under way, or one that was killed, has
 * entered since is no ending, and so does not count.
 */
#include "data/audit.h"

#include "base/clock.h"
#include "base/file.h"
#include "data/audit_entry.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_CAP = 4096, MOST_PROBLEMS = 100 };

static const int64_t lock_wait_ns = INT64_C(30) * 1000 * 1000 * 1000;

struct verification {
  json_t *problems;
  struct run_table_head chain; /* as far as it was read */
  struct run_table_head kept;  /* by app.db */
  int64_t expected;            /* the next entry's number */
  bool kept_found;
};

static void tell(struct verification *work, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void tell(struct verification *work, const char *format, ...) {
  char text[512];
  va_list args;
  if (json_array_size(work->problems) >= MOST_PROBLEMS)
    return;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  json_array_append_new(work->problems, json_string(text));
}

static bool is_text(const struct audit_value *value, const char *text) {
  return value->type == STORE_TEXT && value->length == strlen(text) && memcmp(value->bytes, text, value->length) == 0;
}

/* ---- the chain ---- */

static void check_entry(struct verification *work, const struct audit_entry *entry) {
  char hash[AUDIT_HASH_SIZE];
  const struct audit_value *run = &entry->values[AUDIT_RUN];
  int64_t seq = entry->values[AUDIT_SEQ].integer;
  int shown = run->type == STORE_TEXT && run->length < 40 ? (int)run->length : 0;
  audit_entry_hash(entry, hash);
  if (seq == work->expected + 1)
    tell(work, "entry %" PRId64 " is missing", work->expected);
  else if (seq != work->expected)
    tell(work, "entries %" PRId64 " to %" PRId64 " are missing", work->expected, seq - 1);
  else if (!is_text(&entry->values[AUDIT_PREVIOUS], work->chain.hash))
    tell(work, "entry %" PRId64 " (%.*s) does not follow from the one before it", seq, shown, run->bytes);
  if (!is_text(&entry->values[AUDIT_HASH], hash))
    tell(work, "entry %" PRId64 " (%.*s) was changed: its hash does not fit its values", seq, shown, run->bytes);
  bool ends = is_text(&entry->values[AUDIT_EVENT], "end");
  if (seq == work->kept.entries) {
    work->kept_found = true;
    if (strcmp(hash, work->kept.hash) != 0)
      tell(work, "entry %" PRId64 " (%.*s) is not the one whose hash app.db keeps", seq, shown, run->bytes);
  } else if (seq > work->kept.entries && ends) {
    tell(work,
         "entry %" PRId64 " (%.*s) is unknown to app.db: somebody else added it, or app.db could not be written, or "
         "is an older copy",
         seq, shown, run->bytes);
  }
  work->expected = seq + 1;
  work->chain.entries++;
  memcpy(work->chain.hash, hash, sizeof hash);
}

static enum mulligan_status check_chain(struct verification *work, struct store *store, struct fault *fault) {
  struct store_statement *statement = NULL;
  struct buf sql;
  bool row = true;
  buf_init(&sql, TEXT_CAP);
  buf_add_text(&sql, "SELECT ");
  audit_entry_add_columns(&sql);
  buf_add_text(&sql, " FROM audit_event ORDER BY seq");
  enum mulligan_status status = store_prepare(store, sql.data, sql.length, &statement, fault);
  while (status == MULLIGAN_OK && (status = store_step(statement, &row, fault)) == MULLIGAN_OK && row) {
    struct audit_entry entry;
    audit_entry_read(&entry, statement);
    check_entry(work, &entry);
  }
  store_finish(statement);
  buf_release(&sql);
  return status;
}

/* The file's own schema: somebody may have dropped a column, or the table. */
static enum mulligan_status check_file(struct verification *work, const char *folder, struct fault *fault) {
  struct store *store;
  size_t count;
  struct fault why;
  const struct migrate_step *steps = audit_schema(&count);
  enum mulligan_status status = audit_open_reader(&store, folder, fault);
  if (status == MULLIGAN_MISSING) {
    if (work->kept.entries > 0)
      tell(work, "audit.db is missing");
    return MULLIGAN_OK;
  }
  if (status != MULLIGAN_OK)
    return status;
  status = migrate_check(store, steps, count, &why);
  if (status == MULLIGAN_OK)
    status = check_chain(work, store, &why);
  if (status != MULLIGAN_OK)
    tell(work, "%s", why.message);
  store_close(store);
  return MULLIGAN_OK;
}

/* ---- what app.db knows ---- */

static enum mulligan_status read_kept(struct verification *work, const char *app_path, struct fault *fault) {
  struct store *app;
  enum mulligan_status status = store_open(&app, app_path, STORE_READ_ONLY, NULL, fault);
  if (status == MULLIGAN_MISSING) {
    tell(work, "there is no app.db, so that a tail that was cut off would not show");
    return MULLIGAN_OK;
  }
  if (status == MULLIGAN_OK)
    status = run_table_head(app, &work->kept, fault);
  store_close(app);
  return status;
}

static void check_tail(struct verification *work) {
  int64_t last = work->expected - 1;
  if (work->kept.entries > last)
    tell(work, "the tail was cut off: app.db knows of %" PRId64 " entries, and the last one here is %" PRId64,
         work->kept.entries, last);
  else if (work->kept.entries > 0 && !work->kept_found)
    tell(work, "entry %" PRId64 ", whose hash app.db keeps, is missing", work->kept.entries);
}

enum mulligan_status audit_verify(const struct audit_options *options, json_t **out, struct fault *fault) {
  struct verification work = {.problems = json_array(), .expected = 1};
  struct write_lock *lock = NULL;
  char *path = file_join(options->folder, "audit.lock");
  *out = NULL;
  memset(work.chain.hash, '0', sizeof work.chain.hash - 1);
  enum mulligan_status status =
      work.problems && path ? write_lock_open(&lock, path, fault) : fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  free(path);
  if (status == MULLIGAN_OK)
    status = write_lock_take(lock, clock_monotonic_ns() + lock_wait_ns, fault);
  if (status == MULLIGAN_OK) {
    status = read_kept(&work, options->app_path, fault);
    if (status == MULLIGAN_OK)
      status = check_file(&work, options->folder, fault);
    write_lock_give(lock);
  }
  write_lock_close(lock);
  if (status == MULLIGAN_OK) {
    check_tail(&work);
    *out = json_pack("{s:b, s:I, s:s, s:O}", "sound", json_array_size(work.problems) == 0, "entries",
                     (json_int_t)work.chain.entries, "hash", work.chain.hash, "problems", work.problems);
    if (!*out)
      status = fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  }
  json_decref(work.problems);
  return status;
}
