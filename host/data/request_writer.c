/**
 * request_writer.c - the thread that writes requests down.
 *
 * Started and joined by request_log.c. It takes a batch about ten times a second, or sooner when much has come; makes
 * the lines and hands them to the file; then stores the rows. Only this thread touches the database, and the file
 * comes first, so that whatever happens to requests.db, the access log goes on.
 *
 * Invariants: `rows`, `counts` and `losses` are what requests.db does not have yet; rows wait for it up to a bound, and
 * what is beyond is counted; no failure ends the thread.
 */
#include "data/request_writer.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/rotating_file.h"
#include "base/taint.h"
#include "base/thread.h"
#include "data/request_cleaner.h"
#include "data/request_counts.h"
#include "data/request_database.h"
#include "data/request_line.h"
#include "data/request_sampler.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
  LINES_CAP = 1024 * 1024,
  PIECE_MOST = 64 * 1024, /* of lines, for one write */
  PIECES_A_FILE = 16,     /* at least, so that a small file is not passed by far */
  ROWS_CAP = 4 * 1024 * 1024,
  KEPT = 256 * 1024
};

static const int64_t tick_ns = 100000000;            /* between two batches */
static const int64_t retry_ns = 1000000000;          /* between two attempts at what is broken */
static const int64_t news_ns = INT64_C(10000000000); /* between two lines of the log about losses */

struct request_writer {
  pthread_t thread;
  struct request_queue *queue;
  struct request_log_options options;
  char *folder, *logs;
  atomic_bool reopen;

  /* the thread's own */
  struct request_cleaner *cleaner;
  struct request_line_clock clock;
  struct rotating_file *file; /* NULL while it cannot be opened, or is not wanted */
  int64_t file_at_ns;         /* when to try again */
  bool file_told;
  int64_t file_lost; /* lines that it has lost, as far as they are counted */
  struct buf lines;
  int64_t line_count;
  size_t piece;
  struct request_sampler sampler;
  struct request_counts counts;
  struct buf rows; /* clean entries */
  int64_t row_count;
  int64_t losses[REQUEST_LOSS_COUNT];
  struct request_database *database; /* NULL while it cannot be opened, or is not wanted */
  int64_t database_at_ns;            /* when to try again */
  bool more;                         /* there are rows to remove */
  char told[256];                    /* the beginning of the trouble last logged, so that it is logged once */
  int64_t untold[REQUEST_LOSS_COUNT];
  int64_t told_at_ns;
};

static void lose(struct request_writer *writer, enum request_loss loss, int64_t count) {
  writer->losses[loss] += count;
  writer->untold[loss] += count;
}

/* ---- the access log ---- */

static void open_file(struct request_writer *writer) {
  struct fault fault;
  const struct request_log_options *options = &writer->options;
  if (!options->lines || writer->file != NULL || clock_monotonic_ns() < writer->file_at_ns)
    return;
  if (rotating_file_open(&writer->file, writer->logs, "access.log", options->file_bytes, options->old_files, NULL,
                         &fault) == MULLIGAN_OK) {
    if (writer->file_told)
      log_info("requests are written to %s/access.log again", writer->logs);
    writer->file_told = false;
    writer->file_lost = 0;
    return;
  }
  writer->file = NULL;
  writer->file_at_ns = clock_monotonic_ns() + retry_ns;
  if (!writer->file_told)
    log_error("requests cannot be written to the access log: %s", fault.message);
  writer->file_told = true;
}

static void write_lines(struct request_writer *writer) {
  if (writer->line_count == 0)
    return;
  if (writer->file == NULL) {
    lose(writer, REQUEST_LOSS_FILE, writer->line_count);
  } else {
    rotating_file_append(writer->file, writer->lines.data, writer->lines.length, writer->line_count);
    int64_t lost = rotating_file_lost(writer->file);
    lose(writer, REQUEST_LOSS_FILE, lost - writer->file_lost);
    writer->file_lost = lost;
  }
  writer->line_count = 0;
  buf_clear(&writer->lines, KEPT);
}

static void add_line(struct request_writer *writer, const struct request_entry *entry) {
  if (request_line_add(&writer->lines, entry, &writer->clock))
    writer->line_count++;
  else
    lose(writer, REQUEST_LOSS_FILE, 1);
  if (writer->lines.length >= writer->piece)
    write_lines(writer);
}

/* ---- rows ---- */

static void add_row(struct request_writer *writer, struct request_entry *entry) {
  entry->weight = request_sampler_weigh(&writer->sampler, entry);
  if (!request_counts_add(&writer->counts, entry, entry->weight == 0))
    lose(writer, REQUEST_LOSS_COUNTS, 1);
  if (entry->weight == 0)
    return;
  static const enum request_field others[] = {REQUEST_FIELD_TARGET, REQUEST_FIELD_REFERER, REQUEST_FIELD_VERSION};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    entry->texts[others[i]] = (struct request_span){0};
  if (request_entry_write(&writer->rows, entry, NULL, 0)) {
    writer->row_count++;
  } else {
    writer->rows.failed = false;
    lose(writer, REQUEST_LOSS_DATABASE, 1);
  }
}

static void take_down(struct request_writer *writer, const struct request_batch *batch) {
  for (size_t at = 0; at < batch->length;) {
    struct request_entry raw, clean;
    at += request_entry_read(batch->bytes + at, &raw);
    request_cleaner_clean(writer->cleaner, &raw, &clean);
    if (writer->options.lines)
      add_line(writer, &clean);
    if (writer->options.rows)
      add_row(writer, &clean);
    taint_destroy(raw.taint);
  }
  write_lines(writer);
}

/* ---- the database's health ---- */

static void note_trouble(struct request_writer *writer, const struct fault *fault) {
  if (fault->status != MULLIGAN_BUSY) {
    request_database_close(writer->database);
    writer->database = NULL;
  }
  writer->database_at_ns = clock_monotonic_ns() + retry_ns;
  if (writer->told[0] == '\0')
    log_error("requests cannot be stored in requests.db, and are missing there until they can: %s", fault->message);
  strncpy(writer->told, fault->message, sizeof writer->told - 1);
  struct fault reason;
  if (fault->status != MULLIGAN_CORRUPT)
    return;
  if (request_database_set_aside(writer->folder, &reason) == MULLIGAN_OK) {
    log_warning("requests.db is kept as requests.db.broken, and made anew");
    writer->database_at_ns = 0;
  }
}

static void note_health(struct request_writer *writer) {
  if (writer->told[0] != '\0')
    log_info("requests are stored in requests.db again");
  writer->told[0] = '\0';
}

static bool is_pending(const struct request_writer *writer) {
  for (int i = 0; i < REQUEST_LOSS_COUNT; i++)
    if (writer->losses[i] > 0)
      return true;
  return writer->row_count > 0 || writer->counts.count > 0 || writer->more;
}

static void forget_stored(struct request_writer *writer) {
  buf_clear(&writer->rows, KEPT);
  writer->row_count = 0;
  request_counts_clear(&writer->counts);
  memset(writer->losses, 0, sizeof writer->losses);
}

/** One attempt. Rows that had no room by its end are lost; the others wait. */
static enum mulligan_status store_once(struct request_writer *writer, struct fault *fault) {
  enum mulligan_status status = MULLIGAN_OK;
  if (writer->database == NULL)
    status = request_database_open(&writer->database, writer->folder, fault);
  const struct request_news news = {&writer->rows, &writer->counts, writer->losses};
  const struct request_retention retention = {writer->options.most_rows, writer->options.keep_us};
  if (status == MULLIGAN_OK)
    status = request_database_store(writer->database, &news, &retention, &writer->more, fault);
  return status;
}

static void store_rows(struct request_writer *writer, bool last) {
  if (!writer->options.rows || (clock_monotonic_ns() < writer->database_at_ns && !last))
    return;
  struct fault fault = {0};
  enum mulligan_status status = store_once(writer, &fault);
  if (status == MULLIGAN_MISSING && writer->database != NULL) {
    /* It was removed or replaced under us. Once more, into what is there now, or is made now. */
    log_warning("%s", fault.message);
    request_database_close(writer->database);
    writer->database = NULL;
    status = store_once(writer, &fault);
  }
  if (status != MULLIGAN_OK) {
    note_trouble(writer, &fault);
    return;
  }
  note_health(writer);
  forget_stored(writer);
}

/* ---- the thread ---- */

static void tell_losses(struct request_writer *writer, bool last) {
  int64_t now = clock_monotonic_ns();
  if (!last && now < writer->told_at_ns + news_ns)
    return;
  for (int i = 0; i < REQUEST_LOSS_COUNT; i++) {
    if (writer->untold[i] == 0)
      continue;
    log_warning("%lld requests are not in the request log: %s", (long long)writer->untold[i],
                request_loss_reason((enum request_loss)i));
    writer->untold[i] = 0;
    writer->told_at_ns = now;
  }
}

static void *run(void *context) {
  struct request_writer *writer = context;
  struct request_batch batch = {0};
  bool goes_on = true;
  int64_t retained_ns = 0;
  while (goes_on) {
    goes_on = request_queue_take(writer->queue, &batch, clock_monotonic_ns() + tick_ns);
    lose(writer, REQUEST_LOSS_QUEUE, request_queue_take_dropped(writer->queue));
    if (atomic_exchange(&writer->reopen, false) && writer->file != NULL)
      rotating_file_reopen(writer->file);
    open_file(writer);
    take_down(writer, &batch);
    int64_t now = clock_monotonic_ns();
    if (is_pending(writer) || now >= retained_ns) {
      store_rows(writer, !goes_on);
      retained_ns = now + retry_ns;
    }
    if (!goes_on)
      lose(writer, REQUEST_LOSS_DATABASE, writer->row_count);
    tell_losses(writer, !goes_on);
    request_queue_settle(writer->queue);
  }
  request_batch_release(&batch);
  return NULL;
}

static void destroy(struct request_writer *writer) {
  request_database_close(writer->database);
  rotating_file_close(writer->file);
  request_cleaner_destroy(writer->cleaner);
  request_counts_release(&writer->counts);
  buf_release(&writer->lines);
  buf_release(&writer->rows);
  free(writer->folder);
  free(writer->logs);
  free(writer);
}

static bool prepare(struct request_writer *writer, const struct request_log_options *options) {
  int64_t piece = options->file_bytes / PIECES_A_FILE;
  writer->options = *options;
  writer->piece = piece < PIECE_MOST ? (size_t)piece : PIECE_MOST;
  buf_init(&writer->lines, LINES_CAP);
  buf_init(&writer->rows, ROWS_CAP);
  request_counts_init(&writer->counts);
  request_sampler_init(&writer->sampler, options->rate);
  writer->folder = strdup(options->folder);
  writer->logs = file_join(options->folder, "logs");
  writer->cleaner = request_cleaner_create(options->scrub);
  return writer->folder != NULL && writer->logs != NULL && writer->cleaner != NULL;
}

enum mulligan_status request_writer_start(struct request_writer **out, const struct request_log_options *options,
                                          struct request_queue *queue, struct fault *fault) {
  struct request_writer *writer = calloc(1, sizeof *writer);
  if (writer == NULL || !prepare(writer, options)) {
    if (writer != NULL)
      destroy(writer);
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory for the request log");
  }
  writer->queue = queue;
  writer->told_at_ns = clock_monotonic_ns() - news_ns;

  struct fault reason = {0};
  enum mulligan_status status = MULLIGAN_OK;
  if (options->rows)
    status = request_database_open(&writer->database, writer->folder, &reason);
  if (status == MULLIGAN_DENIED) {
    destroy(writer);
    return fault_set(fault, MULLIGAN_DENIED, "%s", reason.message);
  }
  if (status != MULLIGAN_OK)
    note_trouble(writer, &reason);
  open_file(writer);

  int result = thread_start_masked(&writer->thread, run, writer);
  if (result != 0) {
    destroy(writer);
    return fault_set(fault, MULLIGAN_ERROR, "cannot start the request log's thread: %s", strerror(result));
  }
  *out = writer;
  return MULLIGAN_OK;
}

void request_writer_join(struct request_writer *writer) {
  pthread_join(writer->thread, NULL);
  destroy(writer);
}

void request_writer_reopen(struct request_writer *writer) {
  atomic_store(&writer->reopen, true);
  request_queue_wake(writer->queue);
}
