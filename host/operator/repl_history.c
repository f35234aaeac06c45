/**
 * repl_history.c - what was typed, with its time.
 *
 * Called by the prompt. Invariants: the file is only written under its lock; a line of it is whole or, after a crash,
 * passed over. The lock is a file of its own, since the history is replaced when it has grown too long.
 */
#include "operator/repl_history.h"

#include "base/clock.h"
#include "base/file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_CAP = 64 << 20, LINE_CAP = 16 << 20, LINES_MOST = 2 * REPL_HISTORY_KEPT };

struct repl_history {
  const struct scrub *scrub;
  char *path; /* NULL: not kept */
  char *lock_path;
  json_t *inputs;
  size_t lines; /* in the file, when it was read, and added since */
};

/* ---- the place ---- */

static char *find_folder(void) {
  const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
  if (state && *state == '/')
    return file_join(state, "mulligan");
  return home && *home == '/' ? file_join(home, ".local/state/mulligan") : NULL;
}

static int take_lock(const struct repl_history *history) {
  int fd = open(history->lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd >= 0 && flock(fd, LOCK_EX) != 0) {
    close(fd);
    fd = -1;
  }
  return fd;
}

static void give_lock(int fd) {
  if (fd >= 0)
    close(fd);
}

/* ---- reading ---- */

static void read_lines(struct repl_history *history, const struct buf *text) {
  for (const char *line = text->data; *line;) {
    size_t length = strcspn(line, "\n");
    json_t *entry = json_loadb(line, length, 0, NULL);
    if (json_is_string(json_object_get(entry, "input")) && json_is_string(json_object_get(entry, "at"))) {
      if (json_array_size(history->inputs) >= REPL_HISTORY_KEPT)
        json_array_remove(history->inputs, 0);
      json_array_append(history->inputs, entry);
    }
    json_decref(entry);
    history->lines++;
    line += length + (line[length] == '\n');
  }
}

static enum mulligan_status read_file(struct repl_history *history, struct fault *fault) {
  char *folder = find_folder();
  if (!folder)
    return fault_set(fault, MULLIGAN_MISSING, "neither XDG_STATE_HOME nor HOME names a folder");
  enum mulligan_status status = file_make_folder(folder, fault);
  if (status == MULLIGAN_OK) {
    history->path = file_join(folder, "history");
    history->lock_path = file_join(folder, "history.lock");
    if (!history->path || !history->lock_path)
      status = fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  }
  free(folder);
  if (status != MULLIGAN_OK)
    return status;
  struct buf text;
  buf_init(&text, FILE_CAP);
  int lock = take_lock(history);
  if (file_exists(history->path))
    status = file_read(history->path, &text, fault);
  give_lock(lock);
  if (status == MULLIGAN_OK)
    read_lines(history, &text);
  buf_release(&text);
  return status;
}

enum mulligan_status repl_history_open(struct repl_history **out, const struct scrub *scrub, struct fault *fault) {
  struct repl_history *history = *out = calloc(1, sizeof *history);
  if (!history)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  history->scrub = scrub;
  history->inputs = json_array();
  return read_file(history, fault);
}

void repl_history_close(struct repl_history *history) {
  if (!history)
    return;
  json_decref(history->inputs);
  free(history->path);
  free(history->lock_path);
  free(history);
}

const json_t *repl_history_inputs(const struct repl_history *history) {
  return history->inputs;
}

/* ---- adding ---- */

/* Under the lock: the last lines alone stay, those of other sessions among them. */
static void shorten(struct repl_history *history) {
  struct buf text;
  struct fault fault;
  buf_init(&text, FILE_CAP);
  if (file_read(history->path, &text, &fault) == MULLIGAN_OK) {
    const char *start = text.data + text.length;
    int kept = -1; /* the last line ends with a line break, which is none between lines */
    while (start > text.data && (start[-1] != '\n' || ++kept < REPL_HISTORY_KEPT))
      start--;
    file_replace(history->path, start, (size_t)(text.data + text.length - start), 0600, &fault);
    history->lines = REPL_HISTORY_KEPT;
  }
  buf_release(&text);
}

static void append_line(struct repl_history *history, const char *line, size_t length) {
  int lock = take_lock(history);
  int fd = lock >= 0 ? open(history->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
  if (fd >= 0) {
    /* A disk that is full costs the input its place in the history, and nothing else. */
    ssize_t written = write(fd, line, length);
    (void)written;
    close(fd);
  }
  if (++history->lines > LINES_MOST)
    shorten(history);
  give_lock(lock);
}

void repl_history_add(struct repl_history *history, const char *input) {
  char at[MULLIGAN_RFC3339_SIZE];
  if (*input == ' ' || !*input)
    return;
  struct buf clean;
  struct scrub_tally tally = {0};
  buf_init(&clean, LINE_CAP);
  json_t *entry = NULL;
  if (scrub_text(history->scrub, input, strlen(input), &clean, &tally))
    entry = json_pack("{s:s, s:s%}", "at", clock_rfc3339(clock_wall_us(), at), "input", clean.data, clean.length);
  char *line = entry ? json_dumps(entry, JSON_COMPACT) : NULL;
  if (line) {
    json_array_append(history->inputs, entry);
    if (json_array_size(history->inputs) > REPL_HISTORY_KEPT)
      json_array_remove(history->inputs, 0);
    buf_clear(&clean, LINE_CAP);
    buf_addf(&clean, "%s\n", line);
    if (history->path && history->lock_path)
      append_line(history, clean.data, clean.length);
  }
  free(line);
  json_decref(entry);
  buf_release(&clean);
}
