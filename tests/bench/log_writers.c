/**
 * log_writers.c - many threads that log at once, as one program, for the scenario `log`.
 *
 *    bench_log FOLDER THREADS LINES MOST KEPT plain|json
 *
 * THREADS threads log LINES lines in all to FOLDER/mulligan.log, MOST bytes a file and KEPT old ones, standard error
 * being /dev/null. Then every file is read: each line must be whole, each thread's lines in order, none missing. Prints
 * one line, `rate cost files bare`: lines a second, microseconds of processor time a line, the files that there are,
 * and the lines a second of the same threads that write(2) a line of the same length each, to one file, and do nothing
 * else. A line that is wrong or missing is named on standard error, with status 1.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MOST_THREADS = 64 };

#define REQUEST "6f1d2c3b4a59"

struct writer {
  int number;
  long lines;
  int bare; /* -1: through the log */
};

static char bare_line[256];
static size_t bare_length;

static void *write_lines(void *argument) {
  const struct writer *writer = argument;
  char message[64];
  for (long i = 0; i < writer->lines; i++) {
    if (writer->bare >= 0) {
      if (write(writer->bare, bare_line, bare_length) != (ssize_t)bare_length)
        abort();
      continue;
    }
    snprintf(message, sizeof message, "writer %d line %ld of a benchmark", writer->number, i);
    log_line(LOG_LEVEL_INFO, "scripts/routes/seminars.lua", 42, REQUEST, message);
  }
  return NULL;
}

/** Seconds that the threads take to write all lines. */
static double run(int threads, long lines, int bare) {
  pthread_t ids[MOST_THREADS];
  struct writer writers[MOST_THREADS];
  int64_t began = clock_monotonic_ns();
  for (int i = 0; i < threads; i++) {
    writers[i] = (struct writer){i, lines / threads, bare};
    if (pthread_create(&ids[i], NULL, write_lines, &writers[i]) != 0)
      abort();
  }
  for (int i = 0; i < threads; i++)
    pthread_join(ids[i], NULL);
  return (double)(clock_monotonic_ns() - began) / 1e9;
}

static double processor_seconds(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/** Holds a file's lines against what each writer must have written next; false if one is wrong. */
static bool check_file(const char *path, const char *text, bool json, int threads, long *next) {
  static const char *const ends[] = {" of a benchmark [in scripts/routes/seminars.lua:42] (" REQUEST ")\n",
                                     " of a benchmark\",\"file\":\"scripts/routes/seminars.lua\",\"line\":42,"
                                     "\"request_id\":\"" REQUEST "\",\"pid\":"};
  for (const char *line = text; *line;) {
    const char *end = strchr(line, '\n'), *message = strstr(line, "writer ");
    int writer = -1, read = 0;
    long count = -1;
    bool whole = end != NULL && message != NULL && message < end &&
                 sscanf(message, "writer %d line %ld%n", &writer, &count, &read) == 2 &&
                 strncmp(message + read, ends[json], strlen(ends[json])) == 0 &&
                 (json ? line[0] == '{' && end[-1] == '}' : line[0] == '2' && message - line == 30);
    if (!whole || writer < 0 || writer >= threads || count != next[writer]) {
      fprintf(stderr, "bench_log: in %s, a line is not what writer %d wrote next: %.*s\n", path, writer,
              end ? (int)(end - line) : 200, line);
      return false;
    }
    next[writer]++;
    line = end + 1;
  }
  return true;
}

/** Checks all files, the oldest first, and counts them. */
static bool check_all(const char *folder, bool json, int threads, long lines, int kept, int *files) {
  long next[MOST_THREADS] = {0};
  *files = 0;
  for (int number = kept; number >= 0; number--) {
    char path[512];
    snprintf(path, sizeof path, number > 0 ? "%s/mulligan.log.%d" : "%s/mulligan.log", folder, number);
    if (!file_exists(path))
      continue;
    struct buf text;
    struct fault fault;
    buf_init(&text, (size_t)1 << 32);
    if (file_read(path, &text, &fault) != MULLIGAN_OK) {
      fprintf(stderr, "bench_log: %s\n", fault.message);
      return false;
    }
    bool good = text.length == 0 || check_file(path, text.data, json, threads, next);
    buf_release(&text);
    if (!good)
      return false;
    ++*files;
  }
  for (int i = 0; i < threads; i++)
    if (next[i] != lines / threads) {
      fprintf(stderr, "bench_log: writer %d wrote %ld lines, of which %ld are there\n", i, lines / threads, next[i]);
      return false;
    }
  return true;
}

/** Lines a second of the least that any log must do. */
static double run_bare(const char *folder, int threads, long lines, bool json) {
  char path[512];
  memset(bare_line, '~', sizeof bare_line);
  bare_length = json ? 189 : 117; /* as long as the log's own */
  bare_line[bare_length - 1] = '\n';
  snprintf(path, sizeof path, "%s/bare", folder);
  int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0)
    abort();
  double seconds = run(threads, lines, fd);
  close(fd);
  unlink(path);
  return (double)lines / seconds;
}

int main(int argc, char **argv) {
  if (argc != 7)
    return 2;
  const char *folder = argv[1];
  int threads = (int)strtol(argv[2], NULL, 10), kept = (int)strtol(argv[5], NULL, 10), files;
  long lines = strtol(argv[3], NULL, 10);
  bool json = strcmp(argv[6], "json") == 0;
  struct fault fault;
  if (threads < 1 || threads > MOST_THREADS ||
      log_open(folder, strtoll(argv[4], NULL, 10), kept, &fault) != MULLIGAN_OK)
    return 2;
  int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC), kept_stderr = dup(STDERR_FILENO);
  dup2(nowhere, STDERR_FILENO);
  log_set_format(json ? LOG_FORMAT_JSON : LOG_FORMAT_PLAIN);
  double used = processor_seconds(), seconds = run(threads, lines, -1);
  used = processor_seconds() - used;
  log_close();
  dup2(kept_stderr, STDERR_FILENO);
  if (!check_all(folder, json, threads, lines, kept, &files))
    return 1;
  double bare = run_bare(folder, threads, lines, json);
  printf("%.0f %.3f %d %.0f\n", (double)lines / seconds, used / (double)lines * 1e6, files, bare);
  return 0;
}
