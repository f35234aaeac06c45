/**
 * error_writer.c - the thread that makes errors durable.
 *
 * Started and joined by error_log.c. Only this thread touches the database; the spool and the counts of losses have
 * locks of their own and are used by any thread.
 *
 * Invariants: a waiter is posted once, after its row is committed, spooled or given up, and its row is not touched
 * after that; no failure of the database or the spool ends the thread.
 */
#include "data/error_writer.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "data/error_database.h"
#include "data/spool.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
  BATCH_ROWS = 1000,  /* of one transaction: the first waiter's wait has a bound */
  REPLAY_ROWS = 1000, /* of one transaction while the spool is taken over */
  LINES_MOST = 512 * 1024 * 1024
};

static const int64_t tick_ns = 1000000000;         /* between two looks at a broken database or a spool */
static const int64_t patience_ns = 2000000000;     /* how long a sound database may be busy */
static const int64_t short_patience_ns = 50000000; /* and one that was busy the last time */

static const char *const losses[ERROR_LOSS_COUNT] = {
    [ERROR_LOSS_QUEUE] = "the queue was full",
    [ERROR_LOSS_DISK] = "neither errors.db nor the spool could be written",
    [ERROR_LOSS_MEMORY] = "out of memory",
};

struct error_writer {
  pthread_t thread;
  struct error_queue *queue;
  struct spool *spool;
  char *folder;
  _Atomic int64_t lost[ERROR_LOSS_COUNT]; /* not yet in error_dropped */

  /* the thread's own */
  struct error_database *database; /* NULL while it cannot be opened */
  char *path;                      /* of errors.db */
  bool seen;                       /* errors.db was there: it is not made anew, see open_database() */
  bool broken;                     /* the last attempt failed: the spool is used until `retry_ns` */
  int64_t retry_ns;
  char told[256]; /* the beginning of the trouble last logged, so that it is logged once */
};

void error_writer_lose(struct error_writer *writer, enum error_loss loss, int64_t count) {
  atomic_fetch_add(&writer->lost[loss], count);
}

/* ---- the database's health ---- */

static void note_trouble(struct error_writer *writer, const struct fault *fault) {
  if (fault->status != MULLIGAN_BUSY) {
    error_database_close(writer->database);
    writer->database = NULL;
  }
  writer->broken = true;
  writer->retry_ns = clock_monotonic_ns() + tick_ns;
  if (strncmp(writer->told, fault->message, sizeof writer->told - 1) == 0)
    return;
  memcpy(writer->told, fault->message, sizeof writer->told - 1);
  log_error("errors cannot be stored and go to %s until they can: %s", spool_path(writer->spool), fault->message);
}

static void note_health(struct error_writer *writer) {
  writer->broken = false;
  if (writer->told[0] == '\0')
    return;
  writer->told[0] = '\0';
  log_info("errors are stored in errors.db again");
}

/**
 * Somebody who moves errors.db away may be about to put it, or its backup, back. A new file made in between would be
 * overwritten, and with it what was stored there; so one that has been there is only made anew by the next start.
 */
static enum mulligan_status open_database(struct error_writer *writer, int64_t wait_ns, struct fault *fault) {
  writer->seen = writer->seen || file_exists(writer->path);
  enum mulligan_status status = error_database_open(&writer->database, writer->folder, !writer->seen, wait_ns, fault);
  writer->seen = writer->seen || file_exists(writer->path);
  return status;
}

/** Opens the database if that is due. False while it is given up. */
static bool ready(struct error_writer *writer) {
  if (writer->broken && clock_monotonic_ns() < writer->retry_ns)
    return false;
  struct fault fault = {0};
  int64_t wait = writer->broken ? short_patience_ns : patience_ns;
  if (writer->database == NULL && open_database(writer, wait, &fault) != MULLIGAN_OK) {
    note_trouble(writer, &fault);
    return false;
  }
  store_set_write_wait(error_database_store(writer->database), wait);
  return true;
}

/* ---- storing ---- */

static enum mulligan_status store_losses(struct error_writer *writer, int64_t taken[ERROR_LOSS_COUNT],
                                         struct fault *fault) {
  enum mulligan_status status = MULLIGAN_OK;
  for (int i = 0; status == MULLIGAN_OK && i < ERROR_LOSS_COUNT; i++) {
    taken[i] = atomic_exchange(&writer->lost[i], 0);
    if (taken[i] > 0)
      status = error_database_count_dropped(writer->database, losses[i], taken[i], fault);
  }
  return status;
}

/** The rows and the counts of losses, as one transaction. */
static enum mulligan_status store_once(struct error_writer *writer, const struct error_row *rows, struct fault *fault) {
  int64_t taken[ERROR_LOSS_COUNT] = {0};
  enum mulligan_status status = error_database_begin(writer->database, fault);
  if (status != MULLIGAN_OK)
    return status;
  for (const struct error_row *row = rows; status == MULLIGAN_OK && row != NULL; row = row->next) {
    bool inserted;
    status = error_database_insert(writer->database, row, &inserted, fault);
  }
  if (status == MULLIGAN_OK)
    status = store_losses(writer, taken, fault);
  if (status == MULLIGAN_OK)
    status = error_database_commit(writer->database, fault);
  if (status != MULLIGAN_OK)
    error_database_rollback(writer->database);
  for (int i = 0; i < ERROR_LOSS_COUNT; i++) {
    if (status != MULLIGAN_OK)
      error_writer_lose(writer, (enum error_loss)i, taken[i]);
    else if (taken[i] > 0)
      log_warning("%lld errors were not kept: %s", (long long)taken[i], losses[i]);
  }
  return status;
}

static bool store_rows(struct error_writer *writer, const struct error_row *rows) {
  if (!ready(writer))
    return false;
  struct fault fault = {0};
  enum mulligan_status status = store_once(writer, rows, &fault);
  if (status == MULLIGAN_MISSING) {
    /* errors.db was removed or replaced under us: what was committed went with it. Once more, into what is there now.
     */
    log_warning("%s", fault.message);
    error_database_close(writer->database);
    writer->database = NULL;
    if (!ready(writer))
      return false;
    status = store_once(writer, rows, &fault);
  }
  if (status == MULLIGAN_OK)
    note_health(writer);
  else
    note_trouble(writer, &fault);
  return status == MULLIGAN_OK;
}

/* ---- the spool ---- */

static void log_row(const struct error_row *row, const char *reason) {
  const struct error_value *values = row->values;
  const char *method = values[ERROR_FIELD_METHOD].text, *path = values[ERROR_FIELD_PATH].text;
  const char *type = values[ERROR_FIELD_EXC_TYPE].text, *message = values[ERROR_FIELD_MESSAGE].text;
  log_error("%s could not be stored (%s): %lld %s %s %s: %s", error_row_reference(row), reason,
            (long long)values[ERROR_FIELD_STATUS].integer, method != NULL ? method : "-", path != NULL ? path : "-",
            type != NULL ? type : "-", message != NULL ? message : "-");
}

/** Appends the rows to the spool, all or none; what cannot be kept there is logged and counted. */
static enum mulligan_status spool_rows(struct error_writer *writer, const struct error_row *rows, bool all,
                                       struct fault *fault) {
  struct fault reason = {0};
  struct buf lines;
  buf_init(&lines, LINES_MOST);
  bool good = true;
  for (const struct error_row *row = rows; good && row != NULL; row = all ? row->next : NULL)
    good = error_row_write(row, &lines);
  enum mulligan_status status = good ? spool_append(writer->spool, lines.data, lines.length, &reason)
                                     : fault_set(&reason, MULLIGAN_NOMEM, "out of memory");
  buf_release(&lines);
  if (status == MULLIGAN_OK)
    return MULLIGAN_OK;
  for (const struct error_row *row = rows; row != NULL; row = all ? row->next : NULL) {
    log_row(row, reason.message);
    error_writer_lose(writer, ERROR_LOSS_DISK, 1);
  }
  return fault_set(fault, MULLIGAN_ERROR, "the error stands in the log only: %s", reason.message);
}

enum mulligan_status error_writer_spool(struct error_writer *writer, const struct error_row *row, struct fault *fault) {
  return spool_rows(writer, row, false, fault);
}

/** The spool being taken over: transactions of many lines. */
struct replay {
  struct error_writer *writer;
  int64_t lines, inserted;
  bool begun;
  struct fault fault;
};

static enum mulligan_status replay_commit(struct replay *replay, struct fault *fault) {
  if (!replay->begun)
    return MULLIGAN_OK;
  replay->begun = false;
  return error_database_commit(replay->writer->database, fault);
}

static enum mulligan_status replay_row(struct replay *replay, const struct error_row *row, struct fault *fault) {
  struct error_database *database = replay->writer->database;
  enum mulligan_status status = MULLIGAN_OK;
  bool inserted = false;
  if (!replay->begun)
    status = error_database_begin(database, fault);
  replay->begun = replay->begun || status == MULLIGAN_OK;
  /* A row that the table refuses must not take its neighbours with it. */
  if (status == MULLIGAN_OK)
    status = store_savepoint(error_database_store(database), 1, fault);
  if (status != MULLIGAN_OK)
    return status;
  status = error_database_insert(database, row, &inserted, fault);
  if (status == MULLIGAN_OK) {
    replay->inserted += inserted;
    return store_release_savepoint(error_database_store(database), 1, fault);
  }
  if (status != MULLIGAN_CONSTRAINT && status != MULLIGAN_INVALID)
    return status;
  enum mulligan_status undone = store_rollback_savepoint(error_database_store(database), 1, fault);
  return undone == MULLIGAN_OK ? MULLIGAN_INVALID : undone;
}

static enum mulligan_status replay_line(void *context, const char *line, size_t length, struct fault *fault) {
  struct replay *replay = context;
  if (line == NULL)
    return replay_commit(replay, fault);
  json_t *value = json_loadb(line, length, JSON_ALLOW_NUL, NULL);
  struct error_row *row = json_is_object(value) ? error_row_read(value, fault) : NULL;
  json_decref(value);
  if (row == NULL)
    return MULLIGAN_INVALID;
  enum mulligan_status status = replay_row(replay, row, fault);
  error_row_destroy(row);
  if (status == MULLIGAN_OK && ++replay->lines % REPLAY_ROWS == 0)
    status = replay_commit(replay, fault);
  return status;
}

/** Takes the spool over, if there is one and the database is there to take it. */
static void replay_spool(struct error_writer *writer) {
  if (spool_is_empty(writer->spool) || !ready(writer))
    return;
  struct replay replay = {.writer = writer};
  struct fault fault = {0};
  int64_t refused = 0;
  enum mulligan_status status = spool_drain(writer->spool, replay_line, &replay, &refused, &fault);
  if (status != MULLIGAN_OK) {
    if (writer->database != NULL)
      error_database_rollback(writer->database);
    note_trouble(writer, &fault);
    return;
  }
  note_health(writer);
  if (replay.inserted > 0)
    log_info("%lld errors were taken over from the spool", (long long)replay.inserted);
  if (refused > 0)
    log_warning("%lld lines of the spool were no errors, or torn by a crash, and are kept in %s.refused",
                (long long)refused, spool_path(writer->spool));
}

/* ---- the thread ---- */

static void settle(struct error_row *rows, enum mulligan_status status, const struct fault *fault) {
  while (rows != NULL) {
    struct error_row *next = rows->next;
    struct error_waiter *waiter = rows->waiter;
    error_row_destroy(rows);
    if (waiter != NULL) {
      waiter->status = status;
      if (status != MULLIGAN_OK)
        waiter->fault = *fault;
      sem_post(&waiter->done);
    }
    rows = next;
  }
}

static bool has_losses(struct error_writer *writer) {
  int64_t sum = 0;
  for (int i = 0; i < ERROR_LOSS_COUNT; i++)
    sum += atomic_load(&writer->lost[i]);
  return sum > 0;
}

static void *run(void *context) {
  struct error_writer *writer = context;
  for (;;) {
    bool over;
    struct error_row *rows = error_queue_take(writer->queue, BATCH_ROWS, clock_monotonic_ns() + tick_ns, &over);
    if (rows != NULL || has_losses(writer)) {
      struct fault fault = {0};
      enum mulligan_status status = MULLIGAN_OK;
      if (!store_rows(writer, rows) && rows != NULL)
        status = spool_rows(writer, rows, true, &fault);
      settle(rows, status, &fault);
    }
    if (over)
      writer->retry_ns = 0; /* a last attempt, so that a stop leaves no spool behind without need */
    replay_spool(writer);
    if (over)
      return NULL;
  }
}

static void destroy(struct error_writer *writer) {
  error_database_close(writer->database);
  spool_destroy(writer->spool);
  free(writer->folder);
  free(writer->path);
  free(writer);
}

enum mulligan_status error_writer_start(struct error_writer **out, const char *folder, struct error_queue *queue,
                                        struct fault *fault) {
  struct error_writer *writer = calloc(1, sizeof *writer);
  char *spool_folder = file_join(folder, "spool");
  if (writer != NULL && spool_folder != NULL) {
    writer->queue = queue;
    writer->folder = strdup(folder);
    writer->path = file_join(folder, "errors.db");
    writer->spool = spool_create(spool_folder, MULLIGAN_ERROR_SPOOL, MULLIGAN_ERROR_SPOOL_MOST);
  }
  free(spool_folder);
  if (writer == NULL || writer->folder == NULL || writer->path == NULL || writer->spool == NULL) {
    if (writer != NULL)
      destroy(writer);
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory while starting ErrorLog");
  }

  struct fault reason = {0};
  enum mulligan_status status = open_database(writer, patience_ns, &reason);
  if (status == MULLIGAN_DENIED) {
    destroy(writer);
    return fault_set(fault, MULLIGAN_DENIED, "%s", reason.message);
  }
  if (status != MULLIGAN_OK)
    note_trouble(writer, &reason);
  replay_spool(writer);

  /* Signals are for the main thread, which waits for them. */
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int result = pthread_create(&writer->thread, NULL, run, writer);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (result != 0) {
    destroy(writer);
    return fault_set(fault, MULLIGAN_ERROR, "cannot start ErrorLog's thread: %s", strerror(result));
  }
  *out = writer;
  return MULLIGAN_OK;
}

void error_writer_join(struct error_writer *writer) {
  pthread_join(writer->thread, NULL);
  destroy(writer);
}
