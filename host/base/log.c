/**
 * log.c - writing the log's lines to standard error and, once it is open, to the log file.
 *
 * Called from every floor and any thread, also when memory is out: a line is put together on the stack. Invariants: a
 * line is handed over by one write(2) under one lock for each of the two; what becomes of one of them does not keep a
 * line from the other.
 */
#include "base/log.h"

#include "base/clock.h"
#include "base/rotating_file.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define FILE_NAME "mulligan.log"

static _Atomic int threshold = LOG_LEVEL_INFO;
static _Atomic int64_t serving;      /* the generation that serves; 0: none */
static _Thread_local int64_t pinned; /* the one that this thread works for; 0: the one that serves */

/* Pipes split writes above PIPE_BUF; the lock keeps long lines of this process whole too. */
static pthread_mutex_t write_lock = PTHREAD_MUTEX_INITIALIZER;

static _Atomic int form = LOG_FORMAT_PLAIN;
static struct rotating_file *_Atomic log_file; /* NULL: standard error alone */
static _Atomic bool failing;                   /* the file could not be written lately, and that has been said */

void log_set_level(enum log_level level) {
  atomic_store(&threshold, (int)level);
}

bool log_parse_level(const char *text, enum log_level *level) {
  for (enum log_level i = LOG_LEVEL_DEBUG; i <= LOG_LEVEL_ERROR; i++) {
    if (strcasecmp(text, log_level_name(i)) == 0) {
      *level = i;
      return true;
    }
  }
  return false;
}

void log_set_generation(int64_t number) {
  atomic_store(&serving, number);
}

void log_pin_generation(int64_t number) {
  pinned = number;
}

void log_set_format(enum log_format format) {
  atomic_store(&form, (int)format);
}

bool log_enabled(enum log_level level) {
  return (int)level >= atomic_load(&threshold);
}

/** Writes it all. A log that cannot be written has nowhere to complain to, so an error ends the attempt silently. */
static void write_whole(const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = write(STDERR_FILENO, bytes, length);
    if (written >= 0) {
      bytes += written;
      length -= (size_t)written;
    } else if (errno == EAGAIN) {
      struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
      if (poll(&ready, 1, 1000) == 0)
        return; /* nobody reads it: losing a line beats stopping the service */
    } else if (errno != EINTR) {
      return;
    }
  }
}

static void write_stderr(const char *bytes, size_t length) {
  pthread_mutex_lock(&write_lock);
  write_whole(bytes, length);
  pthread_mutex_unlock(&write_lock);
}

/** Composes a line of this process, as of now; its length. */
static size_t compose(struct log_event *event, char *out, size_t size) {
  enum log_format format = (enum log_format)atomic_load_explicit(&form, memory_order_relaxed);
  event->time_us = clock_wall_us();
  event->generation = pinned != 0 ? pinned : atomic_load_explicit(&serving, memory_order_relaxed);
  event->pid = format == LOG_FORMAT_JSON ? getpid() : 0;
  return log_line_write(event, format, out, size);
}

/* ---- the file ---- */

/** The file's own word about what it lacks. */
static size_t note_lost(int64_t lost, char *out, size_t size) {
  char message[128];
  snprintf(message, sizeof message, "%" PRId64 " line%s of the log could not be written here", lost,
           lost == 1 ? "" : "s");
  struct log_event event = {.level = LOG_LEVEL_WARNING, .message = message};
  return compose(&event, out, size);
}

/** Says on standard error, once each time, that the file cannot be written or can be again. */
static void tell_of_file(const struct rotating_file *file, bool written) {
  char message[1024], line[LOG_LINE_LEAST_SIZE];
  if (written)
    snprintf(message, sizeof message, "%s can be written again; it says how many lines it lacks",
             rotating_file_path(file));
  else
    snprintf(message, sizeof message, "cannot write %s: %s; its lines are counted until it can be written",
             rotating_file_path(file), strerror(rotating_file_error(file)));
  struct log_event event = {.level = written ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, .message = message};
  write_stderr(line, compose(&event, line, sizeof line));
}

static void write_file(const char *line, size_t length) {
  struct rotating_file *file = atomic_load_explicit(&log_file, memory_order_acquire);
  if (file == NULL)
    return;
  bool written = rotating_file_append(file, line, length, 1);
  if (written == atomic_load_explicit(&failing, memory_order_relaxed) && atomic_exchange(&failing, !written) == written)
    tell_of_file(file, written);
}

enum mulligan_status log_open(const char *folder, int64_t most, int old, struct fault *fault) {
  struct rotating_file *file;
  enum mulligan_status status = rotating_file_open(&file, folder, FILE_NAME, most, old, note_lost, fault);
  if (status == MULLIGAN_OK)
    atomic_store(&log_file, file);
  return status;
}

void log_reopen(void) {
  struct rotating_file *file = atomic_load(&log_file);
  if (file != NULL)
    rotating_file_reopen(file);
}

void log_close(void) {
  rotating_file_close(atomic_exchange(&log_file, NULL));
}

/* ---- lines ---- */

void log_line(enum log_level level, const char *file, int line_number, const char *request_id, const char *message) {
  if (!log_enabled(level))
    return;
  int kept = errno; /* logging must not disturb the caller's own error handling */
  char line[LOG_LINE_SIZE];
  struct log_event event = {
      .level = level, .message = message, .file = file, .line = line_number, .request_id = request_id};
  size_t length = compose(&event, line, sizeof line);
  write_file(line, length);
  write_stderr(line, length);
  errno = kept;
}

__attribute__((format(printf, 2, 0))) static void log_vformat(enum log_level level, const char *format, va_list args) {
  if (!log_enabled(level))
    return;
  char message[LOG_LINE_SIZE];
  if (vsnprintf(message, sizeof message, format, args) >= 0)
    log_line(level, NULL, 0, NULL, message);
}

void log_debug(const char *format, ...) {
  va_list args;
  va_start(args, format);
  log_vformat(LOG_LEVEL_DEBUG, format, args);
  va_end(args);
}

void log_info(const char *format, ...) {
  va_list args;
  va_start(args, format);
  log_vformat(LOG_LEVEL_INFO, format, args);
  va_end(args);
}

void log_warning(const char *format, ...) {
  va_list args;
  va_start(args, format);
  log_vformat(LOG_LEVEL_WARNING, format, args);
  va_end(args);
}

void log_error(const char *format, ...) {
  va_list args;
  va_start(args, format);
  log_vformat(LOG_LEVEL_ERROR, format, args);
  va_end(args);
}
