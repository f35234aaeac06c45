/**
 * repl.c - the operators' prompt, and what runs without one.
 *
 * Called by `mulligan repl`, on the main thread. Invariant: Ctrl-C never ends the prompt: it clears the line, ends a
 * question, or stops the input under way; one that cannot be stopped is left to itself at the third press, and the
 * program with it, before anything is saved.
 */
#include "operator/repl.h"

#include "base/file.h"
#include "operator/console_key.h"
#include "operator/printable.h"
#include "operator/repl_internal.h"
#include "operator/repl_line.h"
#include "operator/terminal.h"
#include "operator/words.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROMPT_SIZE = 80, CHUNK = 64 * 1024 };

/* ---- requests ---- */

json_t *repl_request(struct repl *repl, const char *type, json_t *content) {
  json_t *request = console_request(repl->console, type, content);
  json_t *reply = request ? console_handle(repl->console, request) : NULL;
  json_decref(request);
  return reply;
}

void repl_note(struct repl *repl, enum repl_outcome outcome) {
  repl->was_error = true;
  if (repl->outcome == REPL_DONE)
    repl->outcome = outcome;
}

static void show_time(const struct repl *repl, const json_t *reply) {
  json_int_t us = json_integer_value(json_object_get(json_object_get(reply, "metadata"), "duration_us"));
  if (!repl->interactive || !repl->shows_time)
    return;
  if (us < 1000000)
    repl_say(repl, REPL_DIM, words("(%.1f ms)"), (double)us / 1e3);
  else
    repl_say(repl, REPL_DIM, words("(%.2f s)"), (double)us / 1e6);
}

bool repl_execute(struct repl *repl, json_t *content) {
  if (repl->interactive)
    console_set_width(repl->console, repl_width());
  console_key_begin();
  json_t *reply = repl_request(repl, "execute_request", content);
  const char *status = json_string_value(json_object_get(console_content(reply), "status"));
  const char *name = json_string_value(json_object_get(console_content(reply), "ename"));
  bool good = status && strcmp(status, "ok") == 0;
  if (!good)
    repl_note(repl, status && strcmp(status, "aborted") == 0   ? REPL_REFUSED
                    : name && strcmp(name, "Interrupted") == 0 ? REPL_INTERRUPTED
                                                               : REPL_FAILED);
  show_time(repl, reply);
  json_decref(reply);
  return good;
}

static bool is_whole(void *context, const char *text) {
  struct repl *repl = context;
  if (*text == ':')
    return true;
  json_t *reply = repl_request(repl, "is_complete_request", json_pack("{s:s}", "code", text));
  const char *status = json_string_value(json_object_get(console_content(reply), "status"));
  bool whole = !status || strcmp(status, "incomplete") != 0;
  json_decref(reply);
  return whole;
}

static size_t byte_at(const char *text, size_t characters) {
  size_t at = 0;
  for (; characters > 0 && text[at]; characters--)
    do
      at++;
    while (((unsigned char)text[at] & 0xC0) == 0x80);
  return at;
}

static json_t *complete(void *context, const char *text, size_t cursor, size_t *start) {
  struct repl *repl = context;
  if (*text == ':')
    return repl_command_complete(repl, text, cursor, start);
  json_int_t characters = 0;
  for (size_t i = 0; i < cursor; i++)
    characters += ((unsigned char)text[i] & 0xC0) != 0x80;
  json_t *reply =
      repl_request(repl, "complete_request", json_pack("{s:s, s:I}", "code", text, "cursor_pos", characters));
  const json_t *content = console_content(reply);
  *start = byte_at(text, (size_t)json_integer_value(json_object_get(content, "cursor_start")));
  json_t *matches = json_incref(json_object_get(content, "matches"));
  json_decref(reply);
  return matches;
}

/* The console's `ask`: a question of a script's. */
static bool ask(void *context, const json_t *message, struct buf *answer) {
  const struct repl *repl = context;
  const char *prompt = json_string_value(json_object_get(console_content(message), "prompt"));
  bool secret = json_is_true(json_object_get(console_content(message), "password"));
  return repl->interactive && terminal_ask(prompt, secret, answer);
}

/* ---- inputs ---- */

static bool is_word(const char *text, const char *word) {
  size_t length = strlen(word);
  return strncmp(text, word, length) == 0 && text[length + strspn(text + length, " ()\n\t")] == '\0';
}

/* One input as it was typed or read. */
static void take(struct repl *repl, const char *text) {
  repl->was_error = false;
  terminal_was_interrupted(); /* what came before this input is over */
  text += strspn(text, " \t\n");
  if (!*text)
    return;
  if (*text == ':')
    repl_command(repl, text);
  else if (repl->interactive && is_word(text, "help"))
    repl_command(repl, ":help");
  else if (repl->interactive && (is_word(text, "exit") || is_word(text, "quit")))
    repl->leaving = true;
  else
    repl_execute(repl, json_pack("{s:s}", "code", text));
}

/* ---- on a terminal ---- */

static void greet(struct repl *repl) {
  static const char *const tips[] = {
      "Tip: Tab completes names, tables and columns; :help NAME tells what stands under a name.",
      "Tip: :run lists the operator scripts; :run NAME asks what it needs.",
      "Tip: the last value is _; op.table(_) and op.chart(_) show it once more.",
      "Tip: :schema TABLE shows a table's columns, :sql SELECT … runs SQL as it is.",
      "Tip: :undo takes back the newest saved run, :audit shows them all.",
  };
  const char *data = repl->options->services->settings->data;
  repl_say(repl, REPL_BOLD, words("Mulligan %s, the operations desk: %s/app.db, as %s."), MULLIGAN_VERSION, data,
           repl->options->operator_name);
  repl_say(repl, REPL_PLAIN, "%s", words("Nothing is saved before :apply. :help lists the commands, Ctrl-D leaves."));
  repl_say(repl, REPL_DIM, "%s", words(tips[(size_t)getpid() % (sizeof tips / sizeof *tips)]));
}

/* May it be left? A plan that is not applied is lost. */
static bool may_leave(struct repl *repl) {
  int64_t rows = console_plan_rows(repl->console);
  if (rows < 0)
    return true;
  terminal_was_interrupted(); /* at an earlier question */
  char prompt[400];
  struct buf line;
  buf_init(&line, PROMPT_SIZE);
  snprintf(prompt, sizeof prompt,
           words("The plan (%" PRId64
                 " rows) has not been saved and would be lost. Type \"discard\" to leave; anything "
                 "else goes back: "),
           rows);
  bool answered = terminal_ask(prompt, false, &line);
  /* The input's end instead of an answer leaves too: the terminal may be gone. */
  bool leaves = (answered && strcmp(line.data, "discard") == 0) || (!answered && !terminal_was_interrupted());
  buf_release(&line);
  if (leaves)
    repl_say(repl, REPL_PLAIN, words("The plan is given up (%lld rows). Nothing has been saved."), (long long)rows);
  return leaves;
}

static void make_prompt(const struct repl *repl, char out[PROMPT_SIZE]) {
  int64_t rows = console_plan_rows(repl->console);
  if (rows < 0)
    snprintf(out, PROMPT_SIZE, "ops> ");
  else
    snprintf(out, PROMPT_SIZE,
             rows == 1 ? words("ops(plan: %" PRId64 " row)> ") : words("ops(plan: %" PRId64 " rows)> "), rows);
}

static void keep_input(struct repl *repl, const struct buf *line) {
  if (line->length == 0)
    return;
  repl_line_remember(line->data);
  if (line->data[0] != ':') {
    buf_clear(&repl->last, REPL_INPUT_MOST);
    buf_add(&repl->last, line->data, line->length);
  }
}

/* After the input has run: by then it is known which of its words were secret. */
static void keep_history(struct repl *repl, const struct buf *line) {
  struct buf clean;
  buf_init(&clean, 2 * REPL_INPUT_MOST);
  if (vm_scrub_text(console_vm(repl->console), line->data, line->length, &clean))
    repl_history_add(repl->history, clean.data);
  buf_release(&clean);
}

static void open_history(struct repl *repl) {
  struct fault fault;
  size_t index;
  json_t *entry;
  if (repl_history_open(&repl->history, repl->options->services->scrub, &fault) != MULLIGAN_OK)
    repl_say(repl, REPL_DIM, words("(what is typed is not kept: %s)"), fault.message);
  if (!repl->history)
    return;
  json_array_foreach((json_t *)(uintptr_t)repl_history_inputs(repl->history), index, entry)
      repl_line_remember(json_string_value(json_object_get(entry, "input")));
}

static void converse(struct repl *repl) {
  const struct repl_line_listener listener = {.context = repl, .is_whole = is_whole, .complete = complete};
  struct buf line;
  buf_init(&line, REPL_INPUT_MOST);
  repl_line_open(&listener);
  greet(repl);
  open_history(repl);
  while (!repl->leaving) {
    char prompt[PROMPT_SIZE];
    make_prompt(repl, prompt);
    const char *style = !repl->colour ? NULL : console_plan_rows(repl->console) >= 0 ? "\x1b[1;33m" : "\x1b[1;32m";
    buf_clear(&line, REPL_INPUT_MOST);
    enum repl_line_end end = repl_line_read(prompt, style, repl->prefill.data, &line);
    buf_clear(&repl->prefill, REPL_INPUT_MOST);
    if (end == REPL_LINE_TEXT) {
      keep_input(repl, &line);
      take(repl, line.data);
      keep_history(repl, &line);
    } else if (end == REPL_LINE_CLOSED) {
      fputc('\n', stdout);
      repl->leaving = true;
    }
    repl->leaving = repl->leaving && may_leave(repl);
    repl->outcome = REPL_DONE; /* at the prompt, a failure is a part of the conversation */
  }
  repl_history_close(repl->history);
  buf_release(&line);
}

/* ---- without one ---- */

static bool run_file(struct repl *repl, const char *path) {
  struct buf text;
  struct fault fault;
  char name[512];
  buf_init(&text, REPL_INPUT_MOST);
  if (file_read(path, &text, &fault) != MULLIGAN_OK) {
    repl_complain(repl, "mulligan repl: %s", fault.message);
    repl_note(repl, REPL_FAILED);
    buf_release(&text);
    return false;
  }
  if (text.length > 1 && memcmp(text.data, "#!", 2) == 0)
    memcpy(text.data, "--", 2); /* what a shell reads is a comment here */
  snprintf(name, sizeof name, "@%s", path);
  bool good = repl_execute(
      repl, json_pack("{s:s%, s:s, s:i}", "code", text.data, text.length, "source_name", name, "source_line", 1));
  buf_release(&text);
  return good;
}

/* Line after line, each input as soon as it is whole, up to the first that fails. */
static void run_pipe(struct repl *repl) {
  struct buf input;
  char *line = NULL;
  size_t room = 0;
  ssize_t length;
  buf_init(&input, REPL_INPUT_MOST);
  while (!repl->leaving && repl->outcome == REPL_DONE && (length = getline(&line, &room, stdin)) >= 0) {
    if (!buf_add(&input, line, (size_t)length)) {
      repl_complain(repl, "%s", words("An input is too long."));
      repl_note(repl, REPL_FAILED);
    } else if (is_whole(repl, input.data)) {
      take(repl, input.data);
      buf_clear(&input, CHUNK);
    }
  }
  if (repl->outcome == REPL_DONE && input.length > 0)
    take(repl, input.data); /* says what is missing at the end */
  free(line);
  buf_release(&input);
}

static void tell_unsaved(struct repl *repl) {
  int64_t rows = console_plan_rows(repl->console);
  if (rows >= 0)
    repl_say(repl, REPL_PLAIN,
             words("Rows that would change: %lld. Nothing has been saved: the plan ends without :apply."),
             (long long)rows);
}

/* ---- the whole ---- */

static void run(struct repl *repl) {
  const struct repl_options *options = repl->options;
  if (repl->interactive) {
    converse(repl);
    return;
  }
  if (options->code)
    take(repl, options->code);
  if (options->file && repl->outcome == REPL_DONE && strcmp(options->file, "-") != 0)
    run_file(repl, options->file);
  else if (repl->outcome == REPL_DONE && (!options->code || options->file))
    run_pipe(repl);
  tell_unsaved(repl);
}

enum repl_outcome repl_run(const struct repl_options *options) {
  bool interactive = !options->code && !options->file && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
  struct repl repl = {.options = options, .interactive = interactive, .shows_time = interactive};
  const char *no_colour = getenv("NO_COLOR");
  struct fault fault;
  buf_init(&repl.last, REPL_INPUT_MOST);
  buf_init(&repl.prefill, REPL_INPUT_MOST);
  repl.colour = isatty(STDOUT_FILENO) && isatty(STDERR_FILENO) && !(no_colour && *no_colour);
  display_init(&repl.display, stdout, false);
  const struct console_options wanted = {.services = options->services,
                                         .generation = options->generation,
                                         .kind = "repl",
                                         .name = "repl",
                                         .operator_name = options->operator_name,
                                         .command_line = options->command_line,
                                         .width = repl_width(),
                                         .publish = repl_publish,
                                         .ask = interactive ? ask : NULL,
                                         .context = &repl};
  if (console_open(&repl.console, &wanted, &fault) != MULLIGAN_OK) {
    repl_complain(&repl, "mulligan repl: %s", fault.message);
    repl_note(&repl, REPL_FAILED);
  } else {
    console_key_watch(repl.console);
    run(&repl);
  }
  console_key_watch(NULL);
  console_close(repl.console);
  display_release(&repl.display);
  buf_release(&repl.last);
  buf_release(&repl.prefill);
  return repl.outcome;
}
