/**
 * console.h - the engine behind the REPL and the notebooks: code comes in, what it shows and gives goes out, as
 * messages shaped like Jupyter's.
 *
 * A console has a vm of its own and database handles of its own. It reads the live database until code is about to
 * write for the first time; at that moment it opens a plan (plan.h), and from then on works on the plan's private copy,
 * until the plan is applied or discarded. Each input is one step of the plan: one that fails, is aborted or interrupted
 * leaves the plan as it was before it.
 *
 * A message is a JSON object {header: {msg_id, msg_type, session, username, date, version}, parent_header, metadata,
 * content}, as in Jupyter's protocol 5.3. A request is handed to console_handle(), which returns the reply; what is
 * shown meanwhile goes to `publish`, one message at a time, and questions to `ask`. A server or a kernel is to be a
 * bridge that carries these messages over its own wires, and nothing else.
 *
 * Requests, their content, and what the reply's content has beside `status` ("ok", "error", "aborted"):
 *
 *   execute_request      code; silent, store_history, allow_stdin as in Jupyter. Of our own: source_name and
 * source_line (the file and the line where the code stands, for errors; else the input is called `[3]`), variables (an
 * object of scalars that become variables first), script and parameters instead of code (runs an operator script inside
 * the session), secrets (texts never to be shown or kept). execute_reply      execution_count, user_expressions,
 * payload; metadata: duration_us, plan_rows (null without a plan). With status "error": ename, evalue, traceback;
 * "aborted" for op.abort(): evalue is_complete_request  code is_complete_reply  status: "complete", "incomplete"
 * (indent) or "invalid" complete_request     code, cursor_pos (both count characters, not bytes) complete_reply
 * matches, cursor_start, cursor_end inspect_request      code, cursor_pos, detail_level inspect_reply      found, data
 * ({text/plain}) interrupt_request    console_interrupt() as a message, for a bridge; interrupt_reply
 *   kernel_info_request  implementation, language_info, banner
 * and of our own:
 *   plan_request         what would be saved so far
 *     plan_reply         open, rows, changes (of plan_changes()), text (of plan_text_add())
 *   apply_request        rows: how many the operator was shown and has confirmed; refused if it is another number now
 *     apply_reply        rows, run (its id), text (how to undo it). "error": ename "Refused" or "Failed", evalue
 *   discard_request      reason
 *     discard_reply      rows: how many were given up
 *
 * Published: status (execution_state: busy, idle), execute_input, stream (name: stdout, or stderr for the host's own
 * remarks), display_data, update_display_data (progress: by transient.display_id), execute_result, error (ename,
 * evalue, traceback, and of our own: file, line, source, hint). A mime bundle always has text/plain, made for a
 * terminal of the console's width; beside it `application/vnd.mulligan.table+json` {columns, rows, total},
 * `…chart+json` {title, bars:
 * [{label, value}]} and `…progress+json` {label, done, total, finished, seconds}; whoever shows a bundle elsewhere
 * makes text/html or image/svg+xml of those.
 *
 * Asked: input_request (prompt, password; of our own: expected); the answer is a text.
 *
 * All functions run on one thread, but for console_interrupt().
 */
#ifndef MULLIGAN_OPERATOR_CONSOLE_H
#define MULLIGAN_OPERATOR_CONSOLE_H

#include "base/buf.h"
#include "base/fault.h"
#include "operator/plan.h"
#include "vm/generation.h"
#include "vm/vm.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct console;

/** What is shown and kept of one input at most: bytes of text, and rows of a table. */
enum { CONSOLE_TEXT_MOST = 1 << 20, CONSOLE_ROWS_MOST = 1000 };

/** Who a console works for. Everything outlives it; texts are borrowed. */
struct console_options {
  const struct vm_services *services; /* with app_path and app_lock */
  struct generation *generation;
  const char *kind;          /* "repl" or "notebook": what its runs are called in the audit */
  const char *name;          /* their name there */
  const char *operator_name; /* who works here */
  const char *command_line;  /* for the audit, with secrets masked; may be NULL */
  /**
   * A plan to work on from the start, which stays the caller's: the caller finishes, shows, records and applies it.
   * NULL: the console opens its own at the first write, enters a run in the audit and applies it.
   */
  struct plan *plan;
  int width; /* columns for text/plain; 0 for as many as it takes */
  /** Takes what is shown; the message is lent. */
  void (*publish)(void *context, const json_t *message);
  /** Puts a question: an input_request, lent. True with the answer in `answer`; false at the end of the input or where
   * nobody can be asked. NULL: nobody can, and op.confirm() is true, as without a terminal. */
  bool (*ask)(void *context, const json_t *message, struct buf *answer);
  void *context;
};

/** Makes a console. The caller ends it with console_close(). */
enum mulligan_status console_open(struct console **out, const struct console_options *options, struct fault *fault);
/** A plan of its own that is still open is given up, and the audit says so. NULL is fine. */
void console_close(struct console *console);

/** Does what a request asks and returns the reply, which the caller owns; NULL only when out of memory. A request that
 * is none gets an error_reply that says what is wrong with it. */
json_t *console_handle(struct console *console, const json_t *request);
/** A request of this type, with `content`, of which it takes the reference. NULL when out of memory. */
json_t *console_request(const struct console *console, const char *type, json_t *content);
/** The content of a message, lent; never NULL for one of ours. */
json_t *console_content(const json_t *message);

/**
 * Stops what is running: the input ends with the error "Interrupted", whatever `pcall` or SQL it is in; the variables
 * stay. Without effect between inputs. Any thread, any signal handler.
 */
void console_interrupt(struct console *console);
/** Is an input being run? */
bool console_is_busy(const struct console *console);

/**
 * What ErrorLog is to have of the input that was run last, if that failed (and was not given up by its script, or by
 * the operator): with its stack and its secrets known, without who ran what. The caller's; NULL for none.
 */
struct error_record *console_take_error(struct console *console);

/** The rows that the open plan changes so far; -1 while there is none. */
int64_t console_plan_rows(const struct console *console);
/** The number of the input to come. */
int console_next_count(const struct console *console);
void console_set_width(struct console *console, int width);
/** The database as inputs see it now, to read: the plan's copy, or the live one. Lent until the next request. */
struct store *console_store(struct console *console);
/** The vm, to load a script's description in (script.h) between requests. Lent until the next request. */
struct vm *console_vm(struct console *console);

#endif
