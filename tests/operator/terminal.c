/**
 * terminal.c - runs a program on a terminal of its own, and plays the person in front of it.
 *
 *   mulligan-terminal STEPS COLUMNS PROGRAM [ARGUMENT…]
 *
 * STEPS is a file of lines: `expect TEXT` waits until the terminal has shown TEXT since the last step, `type TEXT`
 * types it and Enter, `keys TEXT` types it alone (\e is Escape, \t Tab, \b Backspace, \n a line break), `interrupt`
 * presses Ctrl-C, `end` presses Ctrl-D, `meanwhile COMMAND` has the shell run something else. What the terminal showed
 * goes to standard output, and the program's exit status is this one's (128 and the signal's number for a killed one;
 * 99 when an expected text never came). A test's own time limit ends what hangs.
 */
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SHOWN_MOST = 4 << 20, LINE_MOST = 4096, NEVER_CAME = 99 };

static char shown[SHOWN_MOST + 1];
static size_t shown_length, seen;

/* Reads what the terminal shows next; false once the program is gone. */
static int read_more(int terminal) {
  ssize_t got = read(terminal, shown + shown_length, SHOWN_MOST - shown_length);
  if (got <= 0)
    return 0;
  fwrite(shown + shown_length, 1, (size_t)got, stdout);
  fflush(stdout); /* whoever has to kill a hanging test wants to see how far it came */
  shown_length += (size_t)got;
  shown[shown_length] = '\0';
  return 1;
}

static int expect(int terminal, const char *text) {
  for (;;) {
    const char *found = strstr(shown + seen, text);
    if (found) {
      seen = (size_t)(found - shown) + strlen(text);
      return 1;
    }
    if (!read_more(terminal))
      return 0;
  }
}

static int press(int terminal, const char *keys, size_t count) {
  return write(terminal, keys, count) == (ssize_t)count;
}

/* Types a text with its escapes; the text is changed. */
static int press_keys(int terminal, char *text) {
  char *write_at = text;
  for (const char *c = text; *c; c++) {
    if (*c == '\\' && c[1])
      c++, *write_at++ = *c == 'e' ? '\x1b' : *c == 't' ? '\t' : *c == 'b' ? '\x7f' : *c == 'n' ? '\n' : *c;
    else
      *write_at++ = *c;
  }
  return press(terminal, text, (size_t)(write_at - text));
}

static int play(int terminal, FILE *steps) {
  char line[LINE_MOST];
  while (fgets(line, sizeof line, steps)) {
    line[strcspn(line, "\n")] = '\0';
    int done = 0;
    if (strncmp(line, "expect ", 7) == 0)
      done = expect(terminal, line + 7);
    else if (strncmp(line, "type ", 5) == 0)
      done = press(terminal, line + 5, strlen(line + 5)) && press(terminal, "\n", 1);
    else if (strncmp(line, "keys ", 5) == 0)
      done = press_keys(terminal, line + 5);
    else if (strncmp(line, "meanwhile ", 10) == 0)
      done = system(line + 10) == 0;
    else if (strcmp(line, "interrupt") == 0)
      done = press(terminal, "\x03", 1);
    else if (strcmp(line, "end") == 0)
      done = press(terminal, "\x04", 1);
    if (!done) {
      fprintf(stderr, "mulligan-terminal: this never worked: %s\n", line);
      return 0;
    }
  }
  return 1;
}

int main(int argc, char **argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: mulligan-terminal STEPS COLUMNS PROGRAM [ARGUMENT…]\n");
    return 2;
  }
  FILE *steps = fopen(argv[1], "r");
  if (!steps) {
    perror(argv[1]);
    return 2;
  }
  struct winsize size = {.ws_row = 24, .ws_col = (unsigned short)strtoul(argv[2], NULL, 10)};
  int terminal;
  pid_t pid = forkpty(&terminal, NULL, NULL, &size);
  if (pid < 0) {
    perror("forkpty");
    return 2;
  }
  if (pid == 0) {
    execv(argv[3], argv + 3);
    _exit(127);
  }
  int played = play(terminal, steps);
  while (played && read_more(terminal))
    ;
  close(terminal); /* hangs up on a program that still waits */
  int status;
  waitpid(pid, &status, 0);
  if (!played)
    return NEVER_CAME;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
