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
#include "base/thread.h"
#include "data/alert_judge.h"
#include "data/error_database.h"
#include "data/error_replay.h"
#include "data/error_retention.h"
#include "data/error_storm.h"
#include "data/spool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
  BATCH_ROWS = 1000, /* of one transaction: the first waiter's wait has a bound */
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
  pthread_mutex_t listening;              /* guards the next two; held while the listener is called */
  void (*listener)(void *context);        /* told of messages in the outbox; NULL: nobody is */
  void *listener_context;

  /* the thread's own */
  struct error_storm *storm;
  struct error_retention retention;
  struct error_database *database; /* NULL while it cannot be opened */
  struct alert_judge *judge;
  char *path;    /* of errors.db */
  bool seen;     /* errors.db was there: it is not made anew, see open_database() */
  bool spooling; /* the last batch went to the spool */
  bool broken;   /* the last attempt failed: the spool is used until `retry_ns` */
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
  if (status == MULLIGAN_OK)
    error_database_set_judge(writer->database, writer->judge);
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

/* ---- alerts ---- */

void error_writer_on_alert(struct error_writer *writer, void (*listener)(void *context), void *context) {
  pthread_mutex_lock(&writer->listening);
  writer->listener = listener;
  writer->listener_context = context;
  pthread_mutex_unlock(&writer->listening);
}

static void tell_listener(struct error_writer *writer, bool has_alerts) {
  if (!has_alerts)
    return;
  pthread_mutex_lock(&writer->listening);
  if (writer->listener != NULL)
    writer->listener(writer->listener_context);
  pthread_mutex_unlock(&writer->listening);
}

enum mulligan_status error_writer_set_alerts(struct error_writer *writer, const json_t *alerts, unsigned channels,
                                             struct fault *fault) {
  enum mulligan_status status = alert_judge_set_rules(writer->judge, alerts, channels, fault);
  tell_listener(writer, status == MULLIGAN_OK);
  return status;
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

static void judge(struct error_writer *writer, struct error_row *rows) {
  for (struct error_row *row = rows; row != NULL; row = row->next)
    error_storm_judge(writer->storm, row);
}

/** The same once more, since the rows that storms are counted with are no longer where the next are stored. */
static void judge_anew(struct error_writer *writer, struct error_row *rows) {
  error_storm_forget(writer->storm);
  judge(writer, rows);
}

/** Somebody removed a row that others were to be counted with; these were stored, and the next may count with them. */
static void note_strays(struct error_writer *writer, const struct error_row *rows) {
  for (const struct error_row *row = rows; row != NULL; row = row->next)
    for (const struct error_row *at = row; at != NULL; at = at->cause)
      if (at->repeats > 0 && at->shared[0] == '\0') {
        error_storm_forget(writer->storm);
        return;
      }
}

/** The rows and the counts of losses, as one transaction. */
static enum mulligan_status store_once(struct error_writer *writer, struct error_row *rows, struct fault *fault) {
  int64_t taken[ERROR_LOSS_COUNT] = {0};
  enum mulligan_status status = error_database_begin(writer->database, fault);
  if (status != MULLIGAN_OK)
    return status;
  for (struct error_row *row = rows; status == MULLIGAN_OK && row != NULL; row = row->next) {
    bool inserted;
    status = error_database_insert(writer->database, row, &inserted, fault);
  }
  if (status == MULLIGAN_OK)
    status = store_losses(writer, taken, fault);
  if (status == MULLIGAN_OK)
    status = error_database_commit(writer->database, fault);
  if (status != MULLIGAN_OK)
    error_database_rollback(writer->database);
  tell_listener(writer, status == MULLIGAN_OK && error_database_has_alerts(writer->database));
  for (int i = 0; i < ERROR_LOSS_COUNT; i++) {
    if (status != MULLIGAN_OK)
      error_writer_lose(writer, (enum error_loss)i, taken[i]);
    else if (taken[i] > 0)
      log_warning("%lld errors were not kept: %s", (long long)taken[i], losses[i]);
  }
  return status;
}

static bool store_rows(struct error_writer *writer, struct error_row *rows) {
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
    judge_anew(writer, rows);
    status = store_once(writer, rows, &fault);
  }
  if (status == MULLIGAN_OK) {
    note_health(writer);
    note_strays(writer, rows);
  } else {
    note_trouble(writer, &fault);
  }
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

/** Takes the spool over, if there is one and the database is there to take it. */
static void replay_spool(struct error_writer *writer) {
  if (spool_is_empty(writer->spool) || !ready(writer))
    return;
  struct error_replay replay;
  struct fault fault = {0};
  if (error_replay_run(&replay, writer->spool, writer->database, &fault) != MULLIGAN_OK) {
    note_trouble(writer, &fault);
    return;
  }
  note_health(writer);
  tell_listener(writer, replay.has_alerts);
  if (replay.inserted > 0)
    log_info("%lld errors were taken over from the spool", (long long)replay.inserted);
  if (replay.refused > 0)
    log_warning("%lld lines of the spool were no errors, or torn by a crash, and are kept in %s.refused",
                (long long)replay.refused, spool_path(writer->spool));
}

/* ---- the thread ---- */

static void settle(struct error_row *rows, enum mulligan_status status, const struct fault *fault) {
  while (rows != NULL) {
    struct error_row *next = rows->next;
    struct error_waiter *waiter = rows->waiter;
    if (waiter != NULL)
      memcpy(waiter->reference, rows->shared[0] != '\0' ? rows->shared : error_row_reference(rows),
             sizeof waiter->reference);
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

/** Makes a batch durable where that can be done, and lets those who wait for it go on. */
static void keep(struct error_writer *writer, struct error_row *rows) {
  struct fault fault = {0};
  enum mulligan_status status = MULLIGAN_OK;
  judge(writer, rows);
  if (store_rows(writer, rows)) {
    writer->spooling = false;
  } else if (rows != NULL) {
    if (!writer->spooling)
      judge_anew(writer, rows);
    writer->spooling = true;
    status = spool_rows(writer, rows, true, &fault);
    if (status != MULLIGAN_OK)
      error_storm_forget(writer->storm);
  }
  settle(rows, status, &fault);
}

/** Are there old errors to remove now, and a sound database to remove them from? */
static bool can_retain(const struct error_writer *writer) {
  return !writer->broken && writer->database != NULL && error_retention_due(&writer->retention, clock_wall_us());
}

static void retain(struct error_writer *writer) {
  struct fault fault = {0};
  if (error_retention_step(&writer->retention, writer->database, clock_wall_us(), &fault) != MULLIGAN_OK)
    log_warning("old errors could not be removed, and are tried again in a minute: %s", fault.message);
}

static void *run(void *context) {
  struct error_writer *writer = context;
  for (;;) {
    bool over;
    int64_t until_ns = clock_monotonic_ns() + (can_retain(writer) ? 0 : tick_ns);
    struct error_row *rows = error_queue_take(writer->queue, BATCH_ROWS, until_ns, &over);
    if (over)
      writer->retry_ns = 0; /* a last attempt, so that a stop leaves no spool behind without need */
    /* First, so that what is counted with a row of the spool finds it in the database. */
    replay_spool(writer);
    if (rows != NULL || has_losses(writer))
      keep(writer, rows);
    if (over)
      return NULL;
    if (can_retain(writer))
      retain(writer);
  }
}

static void destroy(struct error_writer *writer) {
  error_database_close(writer->database);
  error_storm_destroy(writer->storm);
  alert_judge_destroy(writer->judge);
  pthread_mutex_destroy(&writer->listening);
  spool_destroy(writer->spool);
  free(writer->folder);
  free(writer->path);
  free(writer);
}

enum mulligan_status error_writer_start(struct error_writer **out, const struct error_log_options *options,
                                        struct error_queue *queue, struct fault *fault) {
  struct error_writer *writer = calloc(1, sizeof *writer);
  char *spool_folder = file_join(options->folder, "spool");
  if (writer != NULL)
    pthread_mutex_init(&writer->listening, NULL);
  if (writer != NULL && spool_folder != NULL) {
    writer->queue = queue;
    writer->folder = strdup(options->folder);
    writer->path = file_join(options->folder, "errors.db");
    writer->spool = spool_create(spool_folder, MULLIGAN_ERROR_SPOOL, MULLIGAN_ERROR_SPOOL_MOST);
    writer->storm = error_storm_create(options->storm_limit);
    writer->judge = alert_judge_create();
    writer->retention.keep_us = options->keep_us;
  }
  free(spool_folder);
  if (writer == NULL || writer->folder == NULL || writer->path == NULL || writer->spool == NULL ||
      writer->storm == NULL || writer->judge == NULL) {
    if (writer != NULL)
      destroy(writer);
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory while starting ErrorLog");
  }

  struct fault reason = {0};
  enum mulligan_status status = alert_judge_set_rules(writer->judge, options->alerts, options->alert_channels, fault);
  if (status != MULLIGAN_OK) {
    destroy(writer);
    return status;
  }
  status = open_database(writer, patience_ns, &reason);
  if (status == MULLIGAN_DENIED) {
    destroy(writer);
    return fault_set(fault, MULLIGAN_DENIED, "%s", reason.message);
  }
  if (status != MULLIGAN_OK)
    note_trouble(writer, &reason);
  replay_spool(writer);

  int result = thread_start_masked(&writer->thread, run, writer);
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
