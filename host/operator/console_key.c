/**
 * console_key.c - Ctrl-C while a console runs an input.
 *
 * Called by the prompt and by notebooks, on the main thread, and by the signal handler in the middle of anything.
 * Invariant: what the handler knows of is set before it can be called.
 */
#include "operator/console_key.h"

#include "operator/terminal.h"
#include "operator/words.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { PRESSES_MOST = 3, INTERRUPTED_STATUS = 130 };

static struct console *volatile watched;
static volatile sig_atomic_t presses;
static const char *press_words[PRESSES_MOST]; /* what each press is answered with */

static void on_interrupt(void) {
  struct console *console = watched;
  if (!console || !console_is_busy(console))
    return;
  console_interrupt(console);
  const char *said = press_words[presses];
  ssize_t written = write(STDERR_FILENO, said, strlen(said));
  (void)written;
  if (++presses < PRESSES_MOST)
    return;
  terminal_restore();
  _exit(INTERRUPTED_STATUS);
}

struct console *console_key_watch(struct console *console) {
  struct console *before = watched;
  press_words[0] = words(" stopping …\n");
  press_words[1] = words(" it is still running; Ctrl-C once more ends the program\n");
  press_words[2] = words(" this cannot be stopped otherwise: the program ends. Nothing has been saved.\n");
  watched = console;
  console_key_begin();
  terminal_note_interrupt(on_interrupt);
  return before;
}

void console_key_begin(void) {
  presses = 0;
}
