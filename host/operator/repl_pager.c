/**
 * repl_pager.c - a long text, page by page.
 *
 * Called by the prompt on the main thread. Invariant: a pager that ends before it has read everything harms nobody:
 * SIGPIPE is ignored while one runs.
 */
#include "operator/repl_pager.h"

#include "operator/words.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void write_all(int fd, const char *text, size_t length) {
  while (length > 0) {
    ssize_t written = write(fd, text, length);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return;
    text += written;
    length -= (size_t)written;
  }
}

/* In the child, on the reading end. */
static void become_pager(const char *command, int input) {
  dup2(input, STDIN_FILENO);
  if (command) {
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
  } else {
    setenv("LESSCHARSET", "utf-8", 1);
    char prompt[128];
    snprintf(prompt, sizeof prompt, "-P%s", words("Space\\: on, b\\: back, q\\: back to the prompt"));
    execlp("less", "less", "-RS", prompt, (char *)NULL);
  }
  _exit(127);
}

static bool is_in_path(const char *program) {
  const char *path = getenv("PATH");
  char file[512];
  while (path && *path) {
    size_t length = strcspn(path, ":");
    snprintf(file, sizeof file, "%.*s/%s", (int)length, path, program);
    if (access(file, X_OK) == 0)
      return true;
    path += length + (path[length] == ':');
  }
  return false;
}

bool repl_pager_show(const char *text, size_t length) {
  const char *command = getenv("PAGER");
  int ends[2];
  if (command ? !*command : !is_in_path("less"))
    return false;
  if (pipe(ends) != 0)
    return false;
  fflush(NULL);
  struct sigaction interrupt, broken, ignored = {.sa_handler = SIG_IGN};
  sigaction(SIGINT, &ignored, &interrupt);
  sigaction(SIGPIPE, &ignored, &broken);
  pid_t child = fork();
  if (child == 0) {
    sigaction(SIGINT, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    close(ends[1]);
    become_pager(command, ends[0]);
  }
  close(ends[0]);
  if (child > 0)
    write_all(ends[1], text, length);
  close(ends[1]);
  int status = 127 << 8;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
    continue;
  sigaction(SIGINT, &interrupt, NULL);
  sigaction(SIGPIPE, &broken, NULL);
  return child > 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == 127);
}
