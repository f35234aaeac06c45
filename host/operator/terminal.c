/**
 * terminal.c - the operator's terminal.
 *
 * Called by one thread. Ending the process inside the signal handler is safe here: a plan lives in memory or in a file
 * that has no name any more, and an apply is not interrupted. Invariant: whatever ends the process, the terminal echoes
 * again.
 */
#include "operator/terminal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { INTERRUPTED_STATUS = 130 };

/* Written only while the signal is ignored or not yet caught. */
static const char *interrupt_words;
static struct sigaction interrupt_before;
static struct termios echoing;
static volatile sig_atomic_t echo_is_off;

bool terminal_is_there(void) {
  return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

int terminal_width(FILE *file) {
  struct winsize size;
  int fd = fileno(file);
  if (!isatty(fd))
    return 0;
  return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static void stop_echo(void) {
  struct termios silent;
  if (tcgetattr(STDIN_FILENO, &echoing) != 0)
    return;
  silent = echoing;
  silent.c_lflag &= ~(tcflag_t)ECHO;
  silent.c_lflag |= ECHONL;
  echo_is_off = tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
}

static void restore_echo(void) {
  if (echo_is_off)
    tcsetattr(STDIN_FILENO, TCSADRAIN, &echoing); /* what was typed ahead is for the next question */
  echo_is_off = 0;
}

bool terminal_ask(const char *prompt, bool secret, struct buf *line) {
  fflush(stdout);
  if (secret)
    stop_echo(); /* before the prompt: who answers at once is not seen either */
  fputs(prompt, stderr);
  fflush(stderr);
  bool complete = false;
  for (;;) {
    char c;
    ssize_t got = read(STDIN_FILENO, &c, 1); /* unbuffered: what follows the line is not ours */
    if (got < 0 && errno == EINTR)
      continue;
    if (got == 1 && c != '\n') {
      if (!buf_add_char(line, c))
        break;
      continue;
    }
    complete = got == 1 || line->length > 0;
    break;
  }
  restore_echo();
  if (!complete)
    fputc('\n', stderr);
  return complete;
}

static void on_interrupt(int signal_number) {
  (void)signal_number;
  restore_echo();
  /* Nothing can be done about a failed write here. */
  ssize_t written = write(STDERR_FILENO, "\n", 1);
  written = write(STDERR_FILENO, interrupt_words, strlen(interrupt_words));
  written = write(STDERR_FILENO, "\n", 1);
  (void)written;
  _exit(INTERRUPTED_STATUS);
}

void terminal_catch_interrupt(const char *last_words) {
  interrupt_words = last_words;
  sigaction(SIGINT, &(struct sigaction){.sa_handler = on_interrupt}, &interrupt_before);
}

void terminal_ignore_interrupt(void) {
  sigaction(SIGINT, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
}

void terminal_release_interrupt(void) {
  sigaction(SIGINT, &interrupt_before, NULL);
}
