/**
 * repl_internal.h - the inside of the prompt, for the files that make it up.
 *
 * repl.c reads inputs and hands them on, repl_line.c is the line editor, repl_show.c shows messages, repl_command.c has
 * the commands that begin with a colon.
 */
#ifndef MULLIGAN_OPERATOR_REPL_INTERNAL_H
#define MULLIGAN_OPERATOR_REPL_INTERNAL_H

#include "base/buf.h"
#include "operator/console.h"
#include "operator/display.h"
#include "operator/repl.h"
#include "operator/repl_history.h"

#include <stdbool.h>

enum { REPL_INPUT_MOST = 16 << 20, REPL_TEXT_CAP = 64 << 20 };

struct repl {
  const struct repl_options *options;
  struct console *console;
  struct repl_history *history; /* NULL without a terminal */
  struct display display;       /* for bars */
  bool interactive, colour;
  bool shows_time;
  bool leaving;
  bool was_error; /* the last value shown was an error: for tests of what failed */
  enum repl_outcome outcome;
  struct buf last;    /* the last input, for :edit */
  struct buf prefill; /* what the next prompt begins with */
};

/* ---- repl.c ---- */

/** Hands a request to the console and returns the reply, which the caller owns. Takes `content`. */
json_t *repl_request(struct repl *repl, const char *type, json_t *content);
/** Runs code as an input and shows what it gives; false if it failed. */
bool repl_execute(struct repl *repl, json_t *content);
/** Notes that something failed or was refused, for the exit status. */
void repl_note(struct repl *repl, enum repl_outcome outcome);

/* ---- repl_show.c ---- */

enum repl_style { REPL_PLAIN, REPL_BOLD, REPL_DIM, REPL_RED, REPL_YELLOW };

/** The console's `publish`: `context` is the prompt. */
void repl_publish(void *context, const json_t *message);
/** A line for people: on standard output at the prompt, on standard error elsewhere. */
void repl_say(const struct repl *repl, enum repl_style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** What is wrong, on standard error. */
void repl_complain(const struct repl *repl, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** A long text: page by page where it is longer than the terminal. */
void repl_show_text(const struct repl *repl, const char *text, size_t length);
/** The same for a buffer, which it releases. */
void repl_show_buf(const struct repl *repl, struct buf *text);
/** The columns of the terminal, or 0; or `fallback`. */
int repl_width(void);
int repl_width_or(int fallback);

/* ---- repl_command.c ---- */

/** Does what a line says that begins with a colon. */
void repl_command(struct repl *repl, const char *line);
/** What may follow the beginning of such a line: a list of whole words for the last one, which begins at `*start`. */
json_t *repl_command_complete(struct repl *repl, const char *line, size_t cursor, size_t *start);

#endif
