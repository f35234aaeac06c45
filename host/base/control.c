/**
 * control.c - a Unix socket in the data folder, at both its ends.
 *
 * The host's end is one thread: it accepts, reads a line, answers, closes. A lock on a file beside the socket says that
 * a host is alive: a socket without it was left by one that was killed. Invariants: a client that says nothing holds
 * the thread for no longer than MOST_SILENCE; a question and an answer have a cap.
 */
#include "base/control.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_NAME "control.sock"
#define LOCK_NAME   "control.lock"

enum { MOST_QUESTION = 64 * 1024, MOST_ANSWER = 4 << 20, MOST_SILENCE = 5, BACKLOG = 16 };

struct control {
  int folder;   /* the data folder */
  int lock;     /* held for as long as this host is alive */
  int listener; /* the socket */
  int stop;     /* an eventfd: written to once */
  const struct control_command *commands;
  pthread_t thread;
  bool started;
};

/* The socket's address: through the folder's descriptor, because an address holds no more than 107 characters. */
static struct sockaddr_un address_of(int folder) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/" SOCKET_NAME, folder);
  return address;
}

static enum mulligan_status system_fault(struct fault *fault, const char *folder, const char *what) {
  return fault_set(fault, MULLIGAN_ERROR, "cannot %s %s/" SOCKET_NAME ": %s", what, folder, strerror(errno));
}

/* ---- lines ---- */

/* Waits until a descriptor is ready; false at `until_ns`. */
static bool await(int fd, short events, int64_t until_ns) {
  for (;;) {
    int64_t rest_ms = (until_ns - clock_monotonic_ns()) / 1000000;
    struct pollfd ready = {.fd = fd, .events = events};
    int count = poll(&ready, 1, rest_ms < 0 ? 0 : (int)rest_ms + 1);
    if (count > 0)
      return true;
    if (count == 0 || errno != EINTR)
      return false;
  }
}

/* Reads up to a line break, which is not kept, or to the end; false if it does not come whole. */
static bool read_line(int fd, struct buf *line, int64_t until_ns) {
  while (await(fd, POLLIN, until_ns)) {
    char bytes[4096];
    ssize_t length = recv(fd, bytes, sizeof bytes, 0);
    if (length < 0 && (errno == EINTR || errno == EAGAIN))
      continue;
    if (length <= 0)
      return length == 0 && line->length > 0;
    const char *end = memchr(bytes, '\n', (size_t)length);
    if (!buf_add(line, bytes, end ? (size_t)(end - bytes) : (size_t)length))
      return false;
    if (end)
      return true;
  }
  return false;
}

/* Writes a value and a line break. */
static bool write_line(int fd, const json_t *value, int64_t until_ns) {
  char *text = json_dumps(value, JSON_COMPACT);
  size_t length = text ? strlen(text) : 0, at = 0;
  if (text)
    text[length++] = '\n'; /* in place of the NUL */
  while (at < length && await(fd, POLLOUT, until_ns)) {
    ssize_t written = send(fd, text + at, length - at, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (written > 0)
      at += (size_t)written;
    else if (errno != EINTR && errno != EAGAIN)
      break;
  }
  free(text);
  return length > 0 && at == length;
}

/* ---- the host's end ---- */

static json_t *answer_question(const struct control *control, const char *text) {
  json_t *question = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
  const char *name = json_string_value(json_object_get(question, "command"));
  json_t *answer = NULL;
  const struct control_command *command = control->commands;
  while (command->name && (!name || strcmp(command->name, name) != 0))
    command++;
  if (command->name)
    answer = command->answer(command->context, question);
  else if (name)
    answer = json_pack("{s:o}", "error", json_sprintf("this host knows no command \"%s\"", name));
  else
    answer = json_pack("{s:s}", "error", "a question is an object with a \"command\"");
  json_decref(question);
  return answer ? answer : json_pack("{s:s}", "error", "out of memory");
}

static void serve_one(const struct control *control, int fd) {
  struct buf line;
  buf_init(&line, MOST_QUESTION);
  if (read_line(fd, &line, clock_monotonic_ns() + MOST_SILENCE * INT64_C(1000000000))) {
    json_t *answer = answer_question(control, line.data);
    write_line(fd, answer, clock_monotonic_ns() + MOST_SILENCE * INT64_C(1000000000));
    json_decref(answer);
  }
  buf_release(&line);
}

static void *serve(void *context) {
  const struct control *control = context;
  for (;;) {
    struct pollfd ready[] = {{.fd = control->stop, .events = POLLIN}, {.fd = control->listener, .events = POLLIN}};
    if (poll(ready, 2, -1) < 0 && errno != EINTR)
      return NULL;
    if (ready[0].revents)
      return NULL;
    int fd = ready[1].revents ? accept4(control->listener, NULL, NULL, SOCK_CLOEXEC) : -1;
    if (fd >= 0) {
      serve_one(control, fd);
      close(fd);
    }
  }
}

static enum mulligan_status listen_in(struct control *control, const char *folder, struct fault *fault) {
  control->folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (control->folder < 0)
    return system_fault(fault, folder, "listen on");
  control->lock = openat(control->folder, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (control->lock < 0)
    return system_fault(fault, folder, "listen on");
  if (flock(control->lock, LOCK_EX | LOCK_NB) != 0)
    return fault_set(fault, MULLIGAN_BUSY, "another host serves from %s already", folder);
  unlinkat(control->folder, SOCKET_NAME, 0); /* of a host that was killed */
  control->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  struct sockaddr_un address = address_of(control->folder);
  if (control->listener < 0 || bind(control->listener, (struct sockaddr *)&address, sizeof address) != 0 ||
      fchmodat(control->folder, SOCKET_NAME, 0600, 0) != 0 || listen(control->listener, BACKLOG) != 0)
    return system_fault(fault, folder, "listen on");
  control->stop = eventfd(0, EFD_CLOEXEC);
  if (control->stop < 0 || (errno = pthread_create(&control->thread, NULL, serve, control)) != 0)
    return system_fault(fault, folder, "listen on");
  control->started = true;
  return MULLIGAN_OK;
}

enum mulligan_status control_open(struct control **out, const char *folder, const struct control_command *commands,
                                  struct fault *fault) {
  *out = NULL;
  struct control *control = malloc(sizeof *control);
  if (!control)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  *control = (struct control){.folder = -1, .lock = -1, .listener = -1, .stop = -1, .commands = commands};
  enum mulligan_status status = listen_in(control, folder, fault);
  if (status != MULLIGAN_OK)
    control_close(control);
  else
    *out = control;
  return status;
}

void control_close(struct control *control) {
  if (!control)
    return;
  if (control->started) {
    eventfd_write(control->stop, 1);
    pthread_join(control->thread, NULL);
    unlinkat(control->folder, SOCKET_NAME, 0);
  }
  const int descriptors[] = {control->stop, control->listener, control->lock, control->folder};
  for (size_t i = 0; i < sizeof descriptors / sizeof *descriptors; i++)
    if (descriptors[i] >= 0)
      close(descriptors[i]);
  free(control);
}

/* ---- the asking end ---- */

static enum mulligan_status connect_to(int *out, const char *folder, struct fault *fault) {
  int directory = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0)
    return fault_set(fault, MULLIGAN_MISSING, "no host is running on the data folder %s: %s", folder, strerror(errno));
  struct sockaddr_un address = address_of(directory);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  enum mulligan_status status = MULLIGAN_OK;
  if (fd < 0)
    status = system_fault(fault, folder, "reach");
  else if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
    status = errno == ENOENT || errno == ECONNREFUSED
                 ? fault_set(fault, MULLIGAN_MISSING, "no host is running on the data folder %s", folder)
                 : system_fault(fault, folder, "reach");
  close(directory);
  if (status != MULLIGAN_OK && fd >= 0)
    close(fd);
  *out = fd;
  return status;
}

enum mulligan_status control_ask(const char *folder, const json_t *question, double seconds, json_t **answer,
                                 struct fault *fault) {
  *answer = NULL;
  int fd = -1;
  enum mulligan_status status = connect_to(&fd, folder, fault);
  if (status != MULLIGAN_OK)
    return status;
  int64_t until_ns = clock_monotonic_ns() + (int64_t)(seconds * 1e9);
  struct buf line;
  buf_init(&line, MOST_ANSWER);
  if (!write_line(fd, question, until_ns) || !read_line(fd, &line, until_ns) ||
      !(*answer = json_loads(line.data, JSON_REJECT_DUPLICATES, NULL)))
    status = fault_set(fault, MULLIGAN_BUSY, "the host that serves from %s gave no answer", folder);
  buf_release(&line);
  close(fd);
  const char *error = json_string_value(json_object_get(*answer, "error"));
  if (error) {
    status = fault_set(fault, MULLIGAN_INVALID, "%s", error);
    json_decref(*answer);
    *answer = NULL;
  }
  return status;
}
