/**
 * audit.c - adding to audit.db, and settling runs that ended without a word.
 *
 * Called by operators' runs and by commands at their start, on one thread a process; processes take turns by
 * audit.lock.
 *
 * Invariants: an entry and what app.db is told of it are written under the lock, so that whoever holds the lock sees
 * both or neither; a run under way is known by a lock on one byte of audit.lock, which the system takes back when its
 * process is gone, however that ended.
 */
#include "data/audit.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "data/audit_entry.h"
#include "data/store_call.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const int64_t lock_wait_ns = INT64_C(30) * 1000 * 1000 * 1000;
/* Byte 0 of the file is the lock's own. */
static const off_t first_run_byte = 1 << 20;

struct audit {
  struct write_lock *lock;
  struct store *store; /* opened without a lock of its own: `lock` is held around its transactions */
  struct store *app;   /* NULL while there is no app.db */
  int alive;           /* audit.lock once more, for the bytes of this process's runs */
  struct run_table_head head;
};

/* ---- a run's byte ---- */

/* A place far from the others' for each id. */
static off_t byte_of(const char *run) {
  off_t number = 0;
  for (const char *at = run; *at; at++)
    number = (number * 131 + (unsigned char)*at) % (INT64_C(1) << 40);
  return first_run_byte + number;
}

static bool lock_byte(int fd, const char *run, short type) {
  struct flock byte = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte_of(run), .l_len = 1};
  return fcntl(fd, F_OFD_SETLK, &byte) == 0;
}

/* ---- adding ---- */

/* Where the chain ends; the lock is held. */
static enum mulligan_status read_head(struct store *store, struct run_table_head *head, struct fault *fault) {
  struct store_call call;
  *head = (struct run_table_head){0};
  memset(head->hash, '0', sizeof head->hash - 1);
  store_call_prepare(&call, store, "SELECT seq, hash FROM audit_event ORDER BY seq DESC LIMIT 1", fault);
  if (store_call_step(&call, fault)) {
    size_t length;
    const char *hash = store_column_bytes(call.statement, 1, &length);
    head->entries = store_column_integer(call.statement, 0);
    snprintf(head->hash, sizeof head->hash, "%.*s", (int)length, hash);
  }
  return store_call_finish(&call);
}

/* Gives the entry its place in the chain and commits it; the lock is held. */
static enum mulligan_status add_entry(struct audit *audit, struct audit_entry *entry, struct fault *fault) {
  struct run_table_head head;
  char hash[AUDIT_HASH_SIZE];
  enum mulligan_status status = store_begin_write(audit->store, fault);
  if (status == MULLIGAN_OK)
    status = read_head(audit->store, &head, fault);
  if (status == MULLIGAN_OK) {
    audit_entry_integer(entry, AUDIT_SEQ, head.entries + 1);
    audit_entry_integer(entry, AUDIT_AT, clock_wall_us());
    audit_entry_text(entry, AUDIT_PREVIOUS, head.hash);
    audit_entry_hash(entry, hash);
    audit_entry_text(entry, AUDIT_HASH, hash);
    status = audit_entry_insert(entry, audit->store, fault);
  }
  if (status == MULLIGAN_OK)
    status = store_commit(audit->store, fault);
  if (status != MULLIGAN_OK) {
    store_rollback(audit->store);
    return status;
  }
  audit->head.entries = head.entries + 1;
  memcpy(audit->head.hash, hash, sizeof hash);
  return MULLIGAN_OK;
}

/* Tells app.db how far the chain has come; the lock is held. */
static enum mulligan_status tell_app(struct audit *audit, struct fault *fault) {
  if (!audit->app)
    return MULLIGAN_OK;
  enum mulligan_status status = store_begin_write(audit->app, fault);
  if (status == MULLIGAN_OK)
    status = run_table_keep(audit->app, &audit->head, fault);
  if (status == MULLIGAN_OK)
    return store_commit(audit->app, fault);
  store_rollback(audit->app);
  return status;
}

static enum mulligan_status take_lock(struct audit *audit, struct fault *fault) {
  return write_lock_take(audit->lock, clock_monotonic_ns() + lock_wait_ns, fault);
}

static enum mulligan_status add(struct audit *audit, struct audit_entry *entry, bool tell, struct fault *fault) {
  enum mulligan_status status = take_lock(audit, fault);
  if (status == MULLIGAN_OK) {
    status = add_entry(audit, entry, fault);
    if (status == MULLIGAN_OK && tell && (status = tell_app(audit, fault)) != MULLIGAN_OK)
      fault_prefix(fault, "the newest hash of the audit could not be kept in app.db");
    write_lock_give(audit->lock);
  }
  return status;
}

static enum mulligan_status dump(const json_t *json, char **out, struct fault *fault) {
  *out = json ? json_dumps(json, JSON_COMPACT) : NULL;
  return json && !*out ? fault_set(fault, MULLIGAN_NOMEM, "out of memory") : MULLIGAN_OK;
}

enum mulligan_status audit_begin(struct audit *audit, const struct audit_opening *opening,
                                 char run[MULLIGAN_REFERENCE_SIZE], struct fault *fault) {
  struct audit_entry entry = {0};
  char *parameters;
  enum mulligan_status status = dump(opening->parameters, &parameters, fault);
  if (status != MULLIGAN_OK)
    return status;
  do
    reference_make_run(run);
  while (!lock_byte(audit->alive, run, F_WRLCK) && (errno == EAGAIN || errno == EACCES)); /* another's: a new name */
  audit_entry_text(&entry, AUDIT_RUN, run);
  audit_entry_text(&entry, AUDIT_EVENT, "begin");
  audit_entry_text(&entry, AUDIT_KIND, opening->kind);
  audit_entry_text(&entry, AUDIT_NAME, opening->name);
  audit_entry_text(&entry, AUDIT_USER, opening->user);
  audit_entry_text(&entry, AUDIT_AS, opening->as);
  audit_entry_text(&entry, AUDIT_REASON, opening->reason);
  audit_entry_text(&entry, AUDIT_COMMAND_LINE, opening->command_line);
  audit_entry_text(&entry, AUDIT_SCRIPT, opening->script);
  audit_entry_text(&entry, AUDIT_SCRIPT_HASH, opening->script_hash);
  audit_entry_text(&entry, AUDIT_PARAMETERS, parameters);
  audit_entry_text(&entry, AUDIT_UNDOES, opening->undoes);
  status = add(audit, &entry, false, fault);
  if (status != MULLIGAN_OK)
    lock_byte(audit->alive, run, F_UNLCK);
  free(parameters);
  return status;
}

enum mulligan_status audit_plan(struct audit *audit, const char *run, const struct audit_plan *plan,
                                struct fault *fault) {
  struct audit_entry entry = {0};
  audit_entry_text(&entry, AUDIT_RUN, run);
  audit_entry_text(&entry, AUDIT_EVENT, "plan");
  audit_entry_text(&entry, AUDIT_PLAN, plan->sha);
  audit_entry_text(&entry, AUDIT_SCHEMA_HASH, plan->schema);
  audit_entry_blob(&entry, AUDIT_CHANGESET, plan->changes->bytes, plan->changes->length);
  audit_entry_blob(&entry, AUDIT_INVERSE, plan->inverse->bytes, plan->inverse->length);
  audit_entry_text(&entry, AUDIT_CHANGES, plan->described);
  audit_entry_integer(&entry, AUDIT_ROWS, plan->rows);
  return add(audit, &entry, false, fault);
}

static void fill_end(struct audit_entry *entry, const char *run, const struct audit_ending *ending) {
  audit_entry_text(entry, AUDIT_RUN, run);
  audit_entry_text(entry, AUDIT_EVENT, "end");
  audit_entry_text(entry, AUDIT_OUTCOME, ending->outcome);
  audit_entry_integer(entry, AUDIT_ROWS, ending->rows);
  audit_entry_text(entry, AUDIT_MESSAGE, ending->message);
}

enum mulligan_status audit_end(struct audit *audit, const char *run, const struct audit_ending *ending,
                               struct fault *fault) {
  struct audit_entry entry = {0};
  char *output;
  enum mulligan_status status = dump(ending->output, &output, fault);
  if (status != MULLIGAN_OK)
    return status;
  fill_end(&entry, run, ending);
  audit_entry_text(&entry, AUDIT_OUTPUT, output);
  status = add(audit, &entry, true, fault);
  lock_byte(audit->alive, run, F_UNLCK);
  free(output);
  return status;
}

struct run_table_head audit_head(const struct audit *audit) {
  return audit->head;
}

/* ---- settling ---- */

static const char open_runs_sql[] =
    "SELECT b.run, (SELECT max(rows) FROM audit_event p WHERE p.run = b.run AND p.event = 'plan')"
    " FROM audit_event b WHERE b.event = 'begin'"
    " AND NOT EXISTS (SELECT 1 FROM audit_event e WHERE e.run = b.run AND e.event = 'end')";

/* The runs without an end, as {run, rows}. */
static enum mulligan_status list_open_runs(struct audit *audit, json_t *list, struct fault *fault) {
  struct store_call call;
  store_call_prepare(&call, audit->store, open_runs_sql, fault);
  while (store_call_step(&call, fault)) {
    size_t length;
    const char *run = store_column_bytes(call.statement, 0, &length);
    json_array_append_new(list, json_pack("{s:s%, s:I}", "run", run, length, "rows",
                                          (json_int_t)store_column_integer(call.statement, 1)));
  }
  return store_call_finish(&call);
}

static enum mulligan_status settle_run(struct audit *audit, const char *run, int64_t rows, struct fault *fault) {
  struct audit_entry entry = {0};
  bool applied = false;
  enum mulligan_status status = audit->app ? run_table_has(audit->app, run, &applied, fault) : MULLIGAN_OK;
  if (status != MULLIGAN_OK)
    return status;
  fill_end(&entry, run,
           &(struct audit_ending){
               .outcome = applied ? AUDIT_APPLIED : AUDIT_NOT_APPLIED,
               .rows = applied ? rows : 0,
               .message = applied ? "the process ended before it could say so; app.db has the change"
                                  : "the process ended or was interrupted; app.db does not have the change"});
  return add_entry(audit, &entry, fault);
}

/* Under the lock nobody begins, ends or settles a run, so each is settled once. */
static enum mulligan_status settle(struct audit *audit, struct fault *fault) {
  size_t index, settled = 0;
  json_t *item, *list = json_array();
  enum mulligan_status status = list ? list_open_runs(audit, list, fault) : MULLIGAN_NOMEM;
  json_array_foreach(list, index, item) {
    const char *run = json_string_value(json_object_get(item, "run"));
    if (status != MULLIGAN_OK || !lock_byte(audit->alive, run, F_WRLCK))
      continue; /* somebody is at it */
    status = settle_run(audit, run, json_integer_value(json_object_get(item, "rows")), fault);
    lock_byte(audit->alive, run, F_UNLCK);
    settled++;
  }
  json_decref(list);
  struct fault untold;
  if (settled > 0 && tell_app(audit, &untold) != MULLIGAN_OK) /* the next run that ends makes up for it */
    log_warning("the newest hash of the audit could not be kept in app.db: %s", untold.message);
  return status;
}

/* ---- opening ---- */

static enum mulligan_status open_files(struct audit *audit, const struct audit_options *options, const char *path,
                                       struct fault *fault) {
  size_t count;
  const struct migrate_step *steps = audit_schema(&count);
  enum mulligan_status status = store_open(&audit->store, path, STORE_READ_WRITE, NULL, fault);
  if (status == MULLIGAN_OK) {
    audit_entry_lift_limit(audit->store);
    status = migrate_apply(audit->store, steps, count, NULL, fault);
  }
  if (status == MULLIGAN_OK)
    status = read_head(audit->store, &audit->head, fault);
  if (status == MULLIGAN_OK && file_exists(options->app_path))
    status = store_open(&audit->app, options->app_path, STORE_READ_WRITE, options->app_lock, fault);
  return status == MULLIGAN_OK ? settle(audit, fault) : status;
}

enum mulligan_status audit_open(struct audit **out, const struct audit_options *options, struct fault *fault) {
  *out = NULL;
  struct audit *audit = calloc(1, sizeof *audit);
  char *path = file_join(options->folder, "audit.db"), *lock = file_join(options->folder, "audit.lock");
  enum mulligan_status status = MULLIGAN_OK;
  if (!audit || !path || !lock) {
    free(audit);
    free(path);
    free(lock);
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  }
  audit->alive = -1;
  status = write_lock_open(&audit->lock, lock, fault);
  if (status == MULLIGAN_OK && (audit->alive = open(lock, O_RDWR | O_CLOEXEC)) < 0)
    status = fault_set(fault, MULLIGAN_ERROR, "cannot open %s: %s", lock, strerror(errno));
  if (status == MULLIGAN_OK && (status = take_lock(audit, fault)) == MULLIGAN_OK) {
    status = open_files(audit, options, path, fault);
    write_lock_give(audit->lock);
  }
  free(path);
  free(lock);
  if (status != MULLIGAN_OK) {
    audit_close(audit);
    return status;
  }
  *out = audit;
  return MULLIGAN_OK;
}

void audit_close(struct audit *audit) {
  if (!audit)
    return;
  store_close(audit->app);
  store_close(audit->store);
  if (audit->alive >= 0)
    close(audit->alive);
  write_lock_close(audit->lock);
  free(audit);
}

enum mulligan_status audit_settle(const struct audit_options *options, struct fault *fault) {
  char *path = file_join(options->folder, "audit.db");
  bool there = path && file_exists(path);
  struct audit *audit;
  free(path);
  if (!there)
    return MULLIGAN_OK;
  enum mulligan_status status = audit_open(&audit, options, fault);
  if (status == MULLIGAN_OK)
    audit_close(audit);
  return status;
}
