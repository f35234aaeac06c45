/**
 * terminal.c - the operator's terminal.
 *
 * Called by one thread. Ending the process inside the signal handler is safe here: a plan lives in memory or in a file
 * that has no name any more, and an apply is not interrupted. Invariant: however the process ends by itself, the
 * terminal is as it was found.
 */
#include "operator/terminal.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { INTERRUPTED_STATUS = 130 };

/* Written only while the signal is ignored or not yet caught. */
static const char *interrupt_words;
static struct sigaction interrupt_before;
static void (*interrupt_also)(void);
static bool is_noting;
static pthread_t noting_thread;
static volatile sig_atomic_t interrupt_noted;
static struct termios echoing;
static volatile sig_atomic_t echo_is_off;
static volatile sig_atomic_t output_is_kept;

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

/* At Ctrl-C a terminal throws away what it has not shown yet, and may take so long over it that what is written about
 * the key goes, too. It is told not to; what was typed ahead is thrown away by the handlers. */
static void keep_output(void) {
  struct termios keeping;
  if (output_is_kept || tcgetattr(STDIN_FILENO, &keeping) != 0 || keeping.c_lflag & NOFLSH)
    return;
  keeping.c_lflag |= NOFLSH;
  if (tcsetattr(STDIN_FILENO, TCSANOW, &keeping) != 0)
    return;
  output_is_kept = 1;
  static bool at_exit;
  if (!at_exit)
    at_exit = atexit(terminal_restore) == 0;
}

static void discard_input(void) {
  if (output_is_kept)
    tcflush(STDIN_FILENO, TCIFLUSH);
}

void terminal_restore(void) {
  struct termios found;
  restore_echo();
  if (output_is_kept && tcgetpgrp(STDIN_FILENO) == getpgrp() && tcgetattr(STDIN_FILENO, &found) == 0) {
    found.c_lflag &= ~(tcflag_t)NOFLSH;
    tcsetattr(STDIN_FILENO, TCSANOW, &found);
  }
  output_is_kept = 0;
}

/* Reads one byte, unbuffered: what follows the line is not ours. Ctrl-C, where it is noted, is let in only while there
 * is nothing to read, so that none falls between a look and a wait. */
static ssize_t read_byte(char *out, const sigset_t *open) {
  struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
  if (is_noting && interrupt_noted)
    errno = EINTR;
  if (is_noting && (interrupt_noted || ppoll(&input, 1, NULL, open) < 0))
    return -1;
  return read(STDIN_FILENO, out, 1);
}

bool terminal_ask(const char *prompt, bool secret, struct buf *line) {
  sigset_t interrupt, before;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  pthread_sigmask(is_noting ? SIG_BLOCK : SIG_UNBLOCK, &interrupt, &before);
  fflush(stdout);
  if (secret)
    stop_echo(); /* before the prompt: who answers at once is not seen either */
  fputs(prompt, stderr);
  fflush(stderr);
  bool complete = false;
  for (;;) {
    char c;
    ssize_t got = read_byte(&c, &before);
    if (got < 0 && errno == EINTR && !interrupt_noted)
      continue;
    if (got < 0)
      break;
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
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return complete;
}

static void on_interrupt(int signal_number) {
  (void)signal_number;
  discard_input();
  terminal_restore();
  /* Nothing can be done about a failed write here. */
  ssize_t written = write(STDERR_FILENO, "\n", 1);
  written = write(STDERR_FILENO, interrupt_words, strlen(interrupt_words));
  written = write(STDERR_FILENO, "\n", 1);
  (void)written;
  _exit(INTERRUPTED_STATUS);
}

static void on_noted_interrupt(int signal_number) {
  if (!pthread_equal(pthread_self(), noting_thread)) { /* who waits for input is to hear of it */
    pthread_kill(noting_thread, signal_number);
    return;
  }
  discard_input();
  interrupt_noted = 1;
  if (interrupt_also)
    interrupt_also();
}

/* Without SA_RESTART, so that whoever waits for input hears of it. */
void terminal_note_interrupt(void (*also)(void)) {
  keep_output();
  interrupt_also = also;
  is_noting = true;
  noting_thread = pthread_self();
  sigaction(SIGINT, &(struct sigaction){.sa_handler = on_noted_interrupt}, &interrupt_before);
}

bool terminal_was_interrupted(void) {
  bool was = interrupt_noted;
  interrupt_noted = 0;
  return was;
}

void terminal_catch_interrupt(const char *last_words) {
  keep_output();
  interrupt_words = last_words;
  if (!is_noting)
    sigaction(SIGINT, &(struct sigaction){.sa_handler = on_interrupt}, &interrupt_before);
}

void terminal_ignore_interrupt(void) {
  sigaction(SIGINT, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
}

void terminal_release_interrupt(void) {
  if (is_noting)
    sigaction(SIGINT, &(struct sigaction){.sa_handler = on_noted_interrupt}, NULL);
  else
    sigaction(SIGINT, &interrupt_before, NULL);
}
