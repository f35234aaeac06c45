/**
 * run_record.h - one run of an operator's work, from its first entry in the audit to its last: the one way for scripts,
 * notebooks and the REPL.
 *
 * The order is: run_record_begin(), the work on a plan's copy (plan.h), plan_finish(), run_record_plan(), and, where it
 * is to be saved, run_record_apply(), which is the only way a plan gets into the live database; then run_record_end().
 * A run that ends early goes straight to run_record_end(). One that is merely closed, or whose process dies, is settled
 * later by whether app.db has it. One thread uses a record.
 */
#ifndef MULLIGAN_OPERATOR_RUN_RECORD_H
#define MULLIGAN_OPERATOR_RUN_RECORD_H

#include "base/fault.h"
#include "data/audit.h"
#include "operator/plan.h"
#include "vm/vm.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct run_record;

/** Who runs what; texts may be NULL where there is nothing to say, but for kind, name and operator_name. Copied. */
struct run_opening {
  const char *kind;          /* "script", "repl", "notebook", "undo" or "plan" */
  const char *name;          /* of the script or notebook; "repl"; of an undo the run that it takes back */
  const char *operator_name; /* what `--as` says, or the Unix account */
  const char *reason;
  const char *command_line; /* with secrets masked (command_line.h) */
  const char *script;       /* "scripts/operators/reverse_drop.lua" */
  const char *source;       /* the script's text, for its hash */
  size_t source_length;
  const char *undoes;       /* the run that it takes back */
  const json_t *parameters; /* object, secrets masked (arguments_masked()) */
};

/** Enters the beginning. A run that cannot be recorded must not go on. The caller ends it with run_record_close(). */
enum mulligan_status run_record_begin(struct run_record **out, const struct vm_services *services,
                                      const struct run_opening *opening, struct fault *fault);
/** NULL is fine. */
void run_record_close(struct run_record *record);
/** "RUN-7K3F-9QXA" */
const char *run_record_id(const struct run_record *record);
/** The newest hash of the audit, of this run's last entry. */
const char *run_record_hash(const struct run_record *record);

/**
 * Adds a cell (or the script, or an input of the REPL): its source (NULL for none) and the list of what it put out, as
 * struct display keeps it. What `vm` (may be NULL) knows to be secret is taken out. In all a megabyte is kept; what is
 * beyond is counted.
 */
enum mulligan_status run_record_add_cell(struct run_record *record, const char *source, const json_t *output,
                                         struct vm *vm, struct fault *fault);

/**
 * Enters the plan (after plan_finish(); one without rows is passed over). `values` are the parameters with their
 * secrets, NULL for none. With `keep` the plan is also written to DATA/plans, for `mulligan plan apply`, and
 * old ones are removed.
 */
enum mulligan_status run_record_plan(struct run_record *record, struct plan *plan, const json_t *values, bool keep,
                                     struct fault *fault);
/** What the operator answered to the script's questions (answers.h), for a plan that is kept; before run_record_plan().
 */
void run_record_note_answers(struct run_record *record, const json_t *answers);
/** Enters a plan that was kept and read back (plan_file.h). */
enum mulligan_status run_record_kept_plan(struct run_record *record, struct plan *plan, const char *sha,
                                          struct fault *fault);
/** The plan's SHA-256; "" before run_record_plan(). */
const char *run_record_sha(const struct run_record *record);

/**
 * How a plan is applied. A changeset guards the rows that it changes and not those that were only read (the last place
 * in a seminar), so if anything at all was committed since the copy was made, the work is done once more, on a fresh
 * copy with the same clock and random numbers, and must come out the same.
 */
struct run_application {
  /**
   * Does the same work on `fresh` (its clock is plan_made_at(), its random numbers plan_seed(), as those of the first
   * plan), asking and showing nothing. Any failure means that it would not be done now, and its message why. Not called
   * inside a transaction of `live`. NULL where the work cannot be repeated: then only the changed rows are guarded.
   */
  enum mulligan_status (*again)(void *context, struct plan *fresh, struct fault *fault);
  void *context;
  /** Called when the change is about to be committed: from now on nothing must interrupt. May be NULL. */
  void (*point_of_no_return)(void);
};

/**
 * Applies the plan as this run: exactly its rows, together with the run's id, or nothing. MULLIGAN_CONSTRAINT says, in
 * the operator's language, which row is in the way and who changed it; MULLIGAN_DENIED that the tables are others now
 * or that the work would come out differently, and why. `live` is the store that the plan was opened on.
 */
enum mulligan_status run_record_apply(struct run_record *record, const struct plan *plan, struct store *live,
                                      const struct run_application *how, int64_t *rows, struct fault *fault);

/**
 * Enters the end: `outcome` is one of AUDIT_…, `message` why (NULL for nothing). After a successful
 * run_record_apply() the outcome is AUDIT_APPLIED, and a failure here leaves the change saved.
 */
enum mulligan_status run_record_end(struct run_record *record, const char *outcome, const char *message,
                                    struct fault *fault);

/** Prints the run's id, how to take it back or to save it, and the audit's hash, in the operator's language. */
void run_record_print(const struct run_record *record, FILE *out);

#endif
