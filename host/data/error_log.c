/**
 * error_log.c - every error, once, for good: the way in.
 *
 * Called by everything that has an error, from any thread. The calling thread scrubs and writes out its record; the
 * queue and the writer thread do the rest.
 *
 * Invariants: what is pushed holds no secret; error_log_record() with `wait` returns MULLIGAN_OK only for a durable
 * row.
 */
#include "data/error_log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "data/error_queue.h"
#include "data/error_row.h"
#include "data/error_writer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { QUEUE_ROWS = 10000, QUEUE_BYTES = 64 * 1024 * 1024, LINE_MOST = 4096, SHOWN_MOST = 8 * 1024 * 1024 };
enum { PATH_MOST = 200, MESSAGE_MOST = 1000 }; /* bytes of them in a line of the log */

/* How long one who waits for the commit anyway may wait for room in the queue, before it spools its row itself. */
static const int64_t room_wait_ns = 2000000000;

struct error_log {
  struct error_queue *queue;
  struct error_writer *writer;
  struct error_origin origin;
  char *folder;
  char *release;
  char *host;
};

enum mulligan_status error_log_open(struct error_log **out, const struct error_log_options *options,
                                    struct fault *fault) {
  *out = NULL;
  struct error_log *log = calloc(1, sizeof *log);
  if (log != NULL) {
    log->queue = error_queue_create(options->queue_rows > 0 ? (size_t)options->queue_rows : QUEUE_ROWS, QUEUE_BYTES);
    log->folder = strdup(options->folder);
    log->release = strdup(options->release);
    log->host = strdup(options->host);
    log->origin = (struct error_origin){options->scrub, log->release, log->host, getpid()};
  }
  enum mulligan_status status = MULLIGAN_OK;
  if (log == NULL || log->queue == NULL || log->folder == NULL || log->release == NULL || log->host == NULL)
    status = fault_set(fault, MULLIGAN_NOMEM, "out of memory while opening ErrorLog");
  else
    status = error_writer_start(&log->writer, options, log->queue, fault);
  if (status != MULLIGAN_OK) {
    error_log_close(log);
    return status;
  }
  *out = log;
  return MULLIGAN_OK;
}

void error_log_close(struct error_log *log) {
  if (log == NULL)
    return;
  if (log->writer != NULL) {
    error_queue_close(log->queue);
    error_writer_join(log->writer);
  }
  error_queue_destroy(log->queue);
  free(log->folder);
  free(log->release);
  free(log->host);
  free(log);
}

const char *error_log_folder(const struct error_log *log) {
  return log->folder;
}

enum mulligan_status error_log_set_alerts(struct error_log *log, const json_t *alerts, unsigned channels,
                                          struct fault *fault) {
  return error_writer_set_alerts(log->writer, alerts, channels, fault);
}

void error_log_on_alert(struct error_log *log, void (*listener)(void *context), void *context) {
  error_writer_on_alert(log->writer, listener, context);
}

/** Sleeps until the writer has made the row durable, or has given it up. `reference` is the row's own, or becomes the
 * one that it shares. */
static enum mulligan_status push_and_wait(struct error_log *log, struct error_row *row,
                                          char reference[MULLIGAN_REFERENCE_SIZE], struct fault *fault) {
  struct error_waiter waiter = {.status = MULLIGAN_ERROR};
  sem_init(&waiter.done, 0, 0);
  row->waiter = &waiter;
  if (error_queue_push(log->queue, row, clock_monotonic_ns() + room_wait_ns)) {
    while (sem_wait(&waiter.done) != 0 && errno == EINTR)
      ;
    if (waiter.status == MULLIGAN_OK)
      memcpy(reference, waiter.reference, sizeof waiter.reference);
    else if (fault != NULL)
      *fault = waiter.fault;
  } else {
    waiter.status = error_writer_spool(log->writer, row, fault);
    error_row_destroy(row);
  }
  sem_destroy(&waiter.done);
  return waiter.status;
}

/* A line for whoever watches the console: what broke, and where its row is. A refusal on purpose is no news there, and
 * leaves `line` empty. */
static void describe(const struct error_row *row, struct buf *line) {
  const struct error_value *values = row->values;
  int64_t status = values[ERROR_FIELD_STATUS].integer;
  if (values[ERROR_FIELD_HANDLED].integer != 0 && status < 500)
    return;
  const char *method = values[ERROR_FIELD_METHOD].text, *path = values[ERROR_FIELD_PATH].text;
  const char *type = values[ERROR_FIELD_EXC_TYPE].text, *message = values[ERROR_FIELD_MESSAGE].text;
  if (status > 0)
    buf_addf(line, " %lld", (long long)status);
  if (method != NULL && path != NULL) {
    buf_addf(line, " %.16s ", method);
    buf_add(line, path, utf8_cut(path, values[ERROR_FIELD_PATH].length, PATH_MOST));
  }
  buf_addf(line, " %.100s: ", type != NULL ? type : "error");
  if (message != NULL)
    buf_add(line, message, utf8_cut(message, values[ERROR_FIELD_MESSAGE].length, MESSAGE_MOST));
}

static void announce(const char *reference, const struct buf *line, const char *request_id) {
  char whole[LINE_MOST + MULLIGAN_REFERENCE_SIZE];
  if (line->length == 0)
    return;
  snprintf(whole, sizeof whole, "%s%s", reference, line->data);
  log_line(LOG_LEVEL_ERROR, NULL, 0, request_id, whole);
}

/** The record as a row; NULL after counting its loss. */
static struct error_row *take_down(struct error_log *log, struct error_record *record, struct fault *fault) {
  char reference[MULLIGAN_REFERENCE_SIZE];
  memcpy(reference, record->reference, sizeof reference);
  struct error_row *row = error_row_create(record, &log->origin);
  if (row == NULL) {
    /* What it said may hold secrets that could not be taken out, so only the reference is left of it. */
    error_writer_lose(log->writer, ERROR_LOSS_MEMORY, 1);
    log_error("%s could not be recorded: out of memory", reference);
    fault_set(fault, MULLIGAN_ERROR, "%s could not be recorded: out of memory", reference);
  }
  return row;
}

/** The row as an object; NULL when out of memory. */
static json_t *show(const struct error_row *row) {
  struct buf line;
  buf_init(&line, SHOWN_MOST);
  json_t *shown = error_row_write(row, &line) ? json_loadb(line.data, line.length, JSON_ALLOW_NUL, NULL) : NULL;
  buf_release(&line);
  return shown;
}

/** `shown` may be NULL: nobody asks. */
static enum mulligan_status refer(struct error_log *log, struct error_record *record,
                                  char reference[MULLIGAN_REFERENCE_SIZE], json_t **shown, struct fault *fault) {
  memcpy(reference, record->reference, MULLIGAN_REFERENCE_SIZE);
  struct error_row *row = take_down(log, record, fault);
  if (row == NULL)
    return MULLIGAN_ERROR;
  if (shown != NULL)
    *shown = show(row);
  /* The row is gone when the wait is over, and its reference known only then. */
  const char *request_id = row->values[ERROR_FIELD_REQUEST_ID].text;
  char *request = request_id != NULL ? strdup(request_id) : NULL;
  struct buf line;
  buf_init(&line, LINE_MOST);
  describe(row, &line);
  enum mulligan_status status = push_and_wait(log, row, reference, fault);
  announce(reference, &line, request);
  buf_release(&line);
  free(request);
  return status;
}

enum mulligan_status error_log_refer(struct error_log *log, struct error_record *record,
                                     char reference[MULLIGAN_REFERENCE_SIZE], struct fault *fault) {
  return refer(log, record, reference, NULL, fault);
}

enum mulligan_status error_log_refer_and_show(struct error_log *log, struct error_record *record,
                                              char reference[MULLIGAN_REFERENCE_SIZE], json_t **shown,
                                              struct fault *fault) {
  return refer(log, record, reference, shown, fault);
}

/** Queues it without waiting. */
static enum mulligan_status drop_off(struct error_log *log, struct error_record *record, struct fault *fault) {
  struct error_row *row = take_down(log, record, fault);
  if (row == NULL)
    return MULLIGAN_ERROR;
  struct buf line;
  buf_init(&line, LINE_MOST);
  describe(row, &line);
  announce(error_row_reference(row), &line, row->values[ERROR_FIELD_REQUEST_ID].text);
  buf_release(&line);
  if (error_queue_push(log->queue, row, 0))
    return MULLIGAN_OK;
  char reference[MULLIGAN_REFERENCE_SIZE];
  memcpy(reference, error_row_reference(row), sizeof reference);
  error_row_destroy(row);
  error_writer_lose(log->writer, ERROR_LOSS_QUEUE, 1);
  return fault_set(fault, MULLIGAN_FULL, "%s was dropped: the queue of errors is full", reference);
}

enum mulligan_status error_log_record(struct error_log *log, struct error_record *record, bool wait,
                                      struct fault *fault) {
  char reference[MULLIGAN_REFERENCE_SIZE];
  return wait ? error_log_refer(log, record, reference, fault) : drop_off(log, record, fault);
}
