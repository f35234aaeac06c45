/**
 * repl_do.h - what the prompt's commands do; repl_command.c knows their names.
 *
 * `rest` is what stands behind the command's name, without blanks around it. What may follow is offered as a list,
 * which the caller owns.
 */
#ifndef MULLIGAN_OPERATOR_REPL_DO_H
#define MULLIGAN_OPERATOR_REPL_DO_H

#include "operator/repl_internal.h"

/* ---- repl_look.c ---- */

void repl_do_sql(struct repl *repl, const char *rest);
void repl_do_tables(struct repl *repl, const char *rest);
void repl_do_schema(struct repl *repl, const char *rest);
void repl_do_errors(struct repl *repl, const char *rest);
void repl_do_error(struct repl *repl, const char *rest);
json_t *repl_offer_tables(struct repl *repl);
json_t *repl_offer_errors(struct repl *repl);

/* ---- repl_work.c ---- */

void repl_do_run(struct repl *repl, const char *rest);
void repl_do_plan(struct repl *repl, const char *rest);
void repl_do_apply(struct repl *repl, const char *rest);
void repl_do_discard(struct repl *repl, const char *rest);
void repl_do_undo(struct repl *repl, const char *rest);
void repl_do_audit(struct repl *repl, const char *rest);
json_t *repl_offer_scripts(struct repl *repl);
json_t *repl_offer_runs(struct repl *repl);

enum { REPL_WORDS_MOST = 64 };
/** Divides a line into words as a shell does: blanks divide, quotes hold together. `line` is cut up. Returns how many
 * words `out`, of REPL_WORDS_MOST, got. */
size_t repl_divide(char *line, char **out);

/* ---- repl_notebook.c ---- */

void repl_do_notebook(struct repl *repl, const char *rest);
json_t *repl_offer_notebooks(struct repl *repl);

#endif
