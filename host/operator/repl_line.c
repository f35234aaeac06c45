/**
 * repl_line.c - the line editor, on readline.
 *
 * Called by the prompt, on the main thread. readline's callback interface is used, so that waiting for a key is this
 * file's own: signals are let in only there, and Ctrl-C never jumps out of readline's middle. An input of several lines
 * is one text with line breaks in it, so it comes back from the history as it was, and is edited as a whole.
 *
 * Invariant: the terminal is in readline's hands only inside repl_line_read().
 */
#include "operator/repl_line.h"

#include "operator/terminal.h"
#include "operator/words.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

enum { LISTED_MOST = 200, PROMPT_SIZE = 256 };

static struct repl_line_listener listener;
static bool line_done, line_closed;
static char *line_text;
static volatile sig_atomic_t resized;

static void on_resize(int number) {
  (void)number;
  resized = 1;
}

static void on_line(char *text) {
  line_done = true;
  line_closed = !text;
  line_text = text;
  rl_callback_handler_remove();
}

/* ---- keys ---- */

static int press_enter(int count, int key) {
  if (listener.is_whole(listener.context, rl_line_buffer))
    return rl_newline(count, key);
  rl_insert_text("\n");
  return 0;
}

static size_t common_length(const json_t *matches) {
  const char *first = json_string_value(json_array_get(matches, 0));
  size_t length = strlen(first), index;
  json_t *match;
  json_array_foreach((json_t *)matches, index, match) {
    const char *text = json_string_value(match);
    size_t same = 0;
    while (same < length && text[same] == first[same])
      same++;
    length = same;
  }
  while (length > 0 && ((unsigned char)first[length] & 0xC0) == 0x80)
    length--; /* no character is cut in two */
  return length;
}

/* readline lists what stands behind the array's first item. */
static void list_matches(const json_t *matches) {
  size_t count = json_array_size(matches), shown = count < LISTED_MOST ? count : LISTED_MOST;
  char **items = calloc(shown + 2, sizeof *items);
  int widest = 0;
  if (!items)
    return;
  items[0] = strdup("");
  for (size_t i = 0; i < shown; i++) {
    items[i + 1] = strdup(json_string_value(json_array_get(matches, i)));
    int length = items[i + 1] ? (int)strlen(items[i + 1]) : 0;
    widest = length > widest ? length : widest;
  }
  rl_display_match_list(items, (int)shown, widest);
  if (shown < count)
    fprintf(rl_outstream, words("… and %zu more\n"), count - shown);
  rl_forced_update_display();
  for (size_t i = 0; i <= shown; i++)
    free(items[i]);
  free(items);
}

static int press_tab(int count, int key) {
  (void)count;
  (void)key;
  size_t start = (size_t)rl_point, cursor = (size_t)rl_point;
  json_t *matches = listener.complete(listener.context, rl_line_buffer, cursor, &start);
  if (json_array_size(matches) == 0) {
    rl_ding();
    json_decref(matches);
    return 0;
  }
  char *common = strndup(json_string_value(json_array_get(matches, 0)), common_length(matches));
  bool moves = common && strlen(common) >= cursor - start &&
               (strlen(common) != cursor - start || memcmp(common, rl_line_buffer + start, cursor - start) != 0);
  if (moves) {
    rl_begin_undo_group();
    rl_delete_text((int)start, (int)cursor);
    rl_point = (int)start;
    rl_insert_text(common);
    rl_end_undo_group();
  }
  if (!moves && json_array_size(matches) > 1)
    list_matches(matches);
  free(common);
  json_decref(matches);
  return 0;
}

/* ---- life ---- */

static void use_utf8(void) {
  setlocale(LC_CTYPE, "");
  if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
    setlocale(LC_CTYPE, "C.UTF-8");
}

void repl_line_open(const struct repl_line_listener *asked) {
  listener = *asked;
  use_utf8();
  rl_readline_name = "mulligan";
  rl_catch_signals = 0;
  rl_catch_sigwinch = 0;
  rl_initialize();
  rl_variable_bind("enable-bracketed-paste", "on");
  rl_variable_bind("horizontal-scroll-mode", "off");
  rl_bind_key('\r', press_enter);
  rl_bind_key('\n', press_enter);
  rl_bind_key('\t', press_tab);
  using_history();
  sigaction(SIGWINCH, &(struct sigaction){.sa_handler = on_resize}, NULL);
}

void repl_line_remember(const char *text) {
  const HIST_ENTRY *last = history_length > 0 ? history_get(history_base + history_length - 1) : NULL;
  if (!last || strcmp(last->line, text) != 0)
    add_history(text);
}

/* ---- reading ---- */

/* Waits for a key; false when Ctrl-C came instead, or the terminal is gone (`*gone`). */
static bool wait_for_key(const sigset_t *open, bool *gone) {
  for (;;) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    int ready = ppoll(&input, 1, NULL, open);
    if (ready > 0)
      return true;
    if (errno != EINTR) {
      *gone = true;
      return false;
    }
    if (resized) {
      resized = 0;
      rl_resize_terminal();
    }
    if (terminal_was_interrupted())
      return false;
  }
}

/* Leaves the text standing, with the cursor on a fresh line. */
static void abandon(void) {
  rl_callback_sigcleanup();
  rl_point = rl_end;
  rl_redisplay();
  fputs("^C\n", rl_outstream);
  fflush(rl_outstream);
  rl_free_line_state();
  rl_replace_line("", 0);
  rl_callback_handler_remove();
}

enum repl_line_end repl_line_read(const char *prompt, const char *style, const char *prefill, struct buf *out) {
  char shown[PROMPT_SIZE];
  sigset_t blocked, before;
  bool gone = false, interrupted = false;
  /* \001 and \002 stand around what takes no column. */
  snprintf(shown, sizeof shown, style ? "\001%s\002%s\001\x1b[0m\002" : "%s%s", style ? style : "", prompt);
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGINT);
  sigaddset(&blocked, SIGWINCH);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  line_done = false;
  rl_callback_handler_install(shown, on_line);
  if (prefill && *prefill) {
    rl_insert_text(prefill);
    rl_redisplay();
  }
  while (!line_done && !gone && !interrupted) {
    if (wait_for_key(&before, &gone))
      rl_callback_read_char();
    else
      interrupted = !gone;
  }
  if (interrupted)
    abandon();
  else if (gone)
    rl_callback_handler_remove();
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (interrupted)
    return REPL_LINE_INTERRUPTED;
  if (gone || line_closed)
    return REPL_LINE_CLOSED;
  buf_add_text(out, line_text);
  free(line_text);
  return REPL_LINE_TEXT;
}
