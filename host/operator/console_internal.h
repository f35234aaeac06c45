/**
 * console_internal.h - the inside of a console, for the files that make one up.
 *
 * console.c has its life and takes requests, console_execute.c runs inputs, console_output.c carries what they show,
 * console_plan.c keeps the plan, console_failure.c explains what went wrong, console_complete.c and console_names.c
 * know what may be typed.
 */
#ifndef MULLIGAN_OPERATOR_CONSOLE_INTERNAL_H
#define MULLIGAN_OPERATOR_CONSOLE_INTERNAL_H

#include "operator/console.h"
#include "operator/run_record.h"
#include "vm/bind_op.h"
#include "vm/session.h"

#include <stdatomic.h>

enum { CONSOLE_SOURCES_KEPT = 500, CONSOLE_PENDING_MOST = 200 };

struct console {
  struct console_options options;
  struct vm_services vm_services; /* without app.db: the vm gets its stores from here */
  struct op_listener listener;
  struct vm *vm;
  struct session *session;
  atomic_bool busy;
  bool owns_plan; /* the plan is not the caller's */

  /* the database */
  struct store *live;   /* for reading; the vm has it while there is no plan */
  struct store *writer; /* that plans are made of and applied to; NULL until the first */
  struct plan *plan;
  struct run_record *record; /* of the plan under way */
  bool opened_now;           /* the plan was opened in the input under way */
  bool looked;               /* the plan's changes are those of its last input */
  json_t *pending;           /* cells since the last run, for the next one's record: {source, output} */

  /* messages */
  char name[40]; /* the session's */
  int64_t messages;
  json_t *parent;   /* the header of the request under way; lent */
  bool may_ask;     /* of the request under way */
  int count;        /* inputs ever numbered */
  int64_t displays; /* bars ever shown */

  /* the input under way */
  bool silent;
  json_t *output;             /* what it showed, for the audit */
  size_t shown;               /* bytes of text */
  size_t withheld;            /* bytes beyond CONSOLE_TEXT_MOST */
  bool inside_line;           /* the text shown last did not end its line */
  int64_t bar_started;        /* of the bar that `bar` names */
  json_t *sources;            /* of the last inputs: {name, line, code} */
  struct error_record *error; /* of console_take_error() */

  /* completion */
  json_t *tables; /* {table: [column, …]}; NULL until asked for */
  int64_t tables_version;
  const struct store *tables_of;
};

/* ---- console.c ---- */

/** Makes the vm and its session anew. */
enum mulligan_status console_make_vm(struct console *console, struct fault *fault);

/* ---- console_output.c ---- */

/** Publishes a message; takes the reference of `content`. */
void console_publish(struct console *console, const char *type, json_t *content);
/** A message of this type that answers the request under way; takes `content`. NULL when out of memory. */
json_t *console_message(struct console *console, const char *type, json_t *content);
/** Publishes text for `stream` ("stdout", "stderr"), up to the input's limit. */
void console_stream(struct console *console, const char *stream, const char *text, size_t length);
/** A remark of the host's own, on stderr. */
void console_remark(struct console *console, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** The listener of `op`. */
struct op_listener console_listener(struct console *console);
/** What the session prints. */
void console_print(void *context, const char *text, size_t length);
/** Says what was withheld, if anything. */
void console_end_output(struct console *console);
/** The mime bundle of a value of session_outcome. The caller owns it; NULL when out of memory. */
json_t *console_bundle(struct console *console, const json_t *value);
/** Adds {kind, …} to what the input showed. */
void console_keep(struct console *console, json_t *item);

/* ---- console_execute.c ---- */

json_t *console_execute(struct console *console, const json_t *content, json_t *metadata);

/* ---- console_failure.c ---- */

/** The content of an `error` message. The caller owns it; NULL when out of memory. */
json_t *console_explain(struct console *console, const struct session_outcome *outcome);
/** A sentence on what may have been meant, or "" if nothing comes to mind. */
void console_add_hint(struct console *console, const char *type, const char *message, const char *source,
                      struct buf *out);

/* ---- console_plan.c ---- */

/** The vm's write hook: `context` is the console. */
enum mulligan_status console_before_write(void *context, struct fault *fault);
/** Before and after an input: it is one step of the plan. `good` keeps what it did. False with the reason where it
 * cannot be kept. */
enum mulligan_status console_begin_step(struct console *console, struct fault *fault);
enum mulligan_status console_end_step(struct console *console, bool good, const char *reason, struct fault *fault);
/** Takes down the input for the audit. */
void console_record_cell(struct console *console, const char *source);
/** Gives the plan up; `outcome` is one of AUDIT_…. */
void console_drop_plan(struct console *console, const char *outcome, const char *reason);
json_t *console_show_plan(struct console *console);
json_t *console_apply_plan(struct console *console, const json_t *content);
json_t *console_discard_plan(struct console *console, const json_t *content);

/* ---- console_names.c ---- */

/** {table: [column, …]} of the database as inputs see it, lent; NULL if it cannot be read. */
const json_t *console_tables(struct console *console);
/** The name among `names` (a list, or an object's keys) that is nearest to a misspelt one; NULL if none is near. */
const char *console_nearest(const json_t *names, const char *name, size_t length);
/** SQLite's words, of those that people type. */
extern const char *const console_sql_words[];
/** Does the text begin as SQL does? */
bool console_is_sql(const char *text, size_t length);

/* ---- console_complete.c ---- */

json_t *console_complete(struct console *console, const json_t *content);
json_t *console_inspect(struct console *console, const json_t *content);

#endif
