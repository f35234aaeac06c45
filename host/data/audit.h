/**
 * audit.h - audit.db: who ran what, when and why, what it changed and what came of it; a record that is only added to.
 *
 * A run leaves up to three entries: "begin" before anything of it runs, "plan" once it is known what it would change,
 * "end" with what came of it. Each entry's hash covers the hash of the one before it and every value of its own. The
 * newest hash and the count are kept in app.db as well (run_table.h), so that a tail that was cut off shows. An entry
 * is never changed.
 *
 * Two files cannot commit together, so the run's id is written into app.db in the transaction of its change. A run
 * whose process died before its "end" is settled by that: audit_open() does it for every run that nobody is running any
 * more. Processes take turns by DATA/audit.lock, which is held while an entry is added and app.db told of it.
 *
 * No store over audit.db is ever handed to Lua, and ATTACH is refused on those that are. An audit belongs to one
 * thread.
 */
#ifndef MULLIGAN_DATA_AUDIT_H
#define MULLIGAN_DATA_AUDIT_H

#include "base/fault.h"
#include "base/reference.h"
#include "data/changeset.h"
#include "data/run_table.h"
#include "data/write_lock.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct audit;

struct audit_options {
  const char *folder;          /* the data folder: audit.db and audit.lock live in it */
  const char *app_path;        /* app.db */
  struct write_lock *app_lock; /* its write lock; outlives the audit */
};

/** The outcomes of runs, as audit.db has them. */
#define AUDIT_PLANNED       "planned"       /* shown, and not to be applied, or there was nothing to apply */
#define AUDIT_APPLIED       "applied"       /* saved */
#define AUDIT_ABORTED       "aborted"       /* the script declined */
#define AUDIT_NOT_CONFIRMED "not_confirmed" /* the operator did not type what was asked for */
#define AUDIT_REFUSED       "refused"       /* the database would not have it */
#define AUDIT_FAILED        "failed"        /* the script or the host failed */
#define AUDIT_NOT_APPLIED   "not_applied"   /* its process died, or was interrupted, before anything was saved */

/**
 * Opens audit.db, creating and migrating it, and settles the runs that ended without a word. MULLIGAN_DENIED if it is
 * newer than this program. The caller ends it with audit_close().
 */
enum mulligan_status audit_open(struct audit **out, const struct audit_options *options, struct fault *fault);
/** A run that was begun and not ended is then settled by the next audit_open(), of any process. NULL is fine. */
void audit_close(struct audit *audit);
/** Settles what there is to settle, where there is an audit.db; for the start of commands that add nothing. */
enum mulligan_status audit_settle(const struct audit_options *options, struct fault *fault);

/* ---- adding ---- */

/** Who runs what. Texts may be NULL where there is nothing to say, but for kind, name and user. */
struct audit_opening {
  const char *kind; /* "script", "repl", "notebook", "undo", "plan" */
  const char *name; /* of the script or notebook; of an undo the run that it takes back */
  const char *user; /* the Unix account */
  const char *as;   /* who says to be at work, where that is another name */
  const char *reason;
  const char *command_line; /* with secrets masked */
  const char *script;       /* its file */
  const char *script_hash;  /* SHA-256 of its text */
  const char *undoes;       /* the run that it takes back */
  const json_t *parameters; /* object, with secrets masked */
};

/** What a run would change. */
struct audit_plan {
  const char *sha;    /* of the plan (plan_file.h) */
  const char *schema; /* changeset_schema_hash() */
  const struct changeset *changes, *inverse;
  const char *described; /* changeset_describe() as JSON text, with secrets masked */
  int64_t rows;
};

/** What came of it. */
struct audit_ending {
  const char *outcome;  /* AUDIT_… */
  int64_t rows;         /* saved; of a run that was only planned, those it would change */
  const char *message;  /* why it ended so; NULL for nothing */
  const json_t *output; /* a list of {source, output} for each cell or script, without secrets; NULL for none */
};

/** Enters the beginning of a run and gives it an id, under which it counts as alive until audit_end() or the process's
 * end. */
enum mulligan_status audit_begin(struct audit *audit, const struct audit_opening *opening,
                                 char run[MULLIGAN_REFERENCE_SIZE], struct fault *fault);
/** Enters its plan. */
enum mulligan_status audit_plan(struct audit *audit, const char *run, const struct audit_plan *plan,
                                struct fault *fault);
/** Enters its end and tells app.db the newest hash. If app.db cannot be told, the entry stands all the same, and the
 * fault says so. */
enum mulligan_status audit_end(struct audit *audit, const char *run, const struct audit_ending *ending,
                               struct fault *fault);
/** How many entries there were after the last that this audit added, and the hash of that one. */
struct run_table_head audit_head(const struct audit *audit);

/* ---- reading: any process, without the lock ---- */

/**
 * The runs, newest first, at most `limit` (0: all), as objects {id, started_at, finished_at, user, as, kind, name,
 * reason, outcome, rows}; the times are RFC 3339, a run under way has outcome "running". The caller owns `*out`.
 */
enum mulligan_status audit_list(const char *folder, int limit, json_t **out, struct fault *fault);
/**
 * One run: as in the list, and command_line, script, script_hash, parameters, undoes, undone_by (the run that took it
 * back and stands), plan, schema_hash, changes, output, message, hash (of its last entry). MULLIGAN_MISSING for an
 * unknown one, MULLIGAN_INVALID for what is no run's id.
 */
enum mulligan_status audit_get(const char *folder, const char *run, json_t **out, struct fault *fault);
/** The changes of a run, or the inverse; released by the caller. MULLIGAN_MISSING if it has none. */
enum mulligan_status audit_changes(const char *folder, const char *run, bool inverse, struct changeset *out,
                                   struct fault *fault);
/** The applied run of the plan with this SHA, written to `run`; MULLIGAN_MISSING if there is none. */
enum mulligan_status audit_find_plan(const char *folder, const char *sha, char run[MULLIGAN_REFERENCE_SIZE],
                                     struct fault *fault);
/**
 * The newest applied run since `since` (microseconds), but for `except` (NULL for none), that changed this row, in this
 * column unless `column` is NULL: {id, by, at}, by being the name it was run as. NULL in `*out` if there is none: then
 * it was the service itself, or somebody past this program.
 */
enum mulligan_status audit_who(const char *folder, const char *table, const json_t *key, const char *column,
                               int64_t since, const char *except, json_t **out, struct fault *fault);

/**
 * Goes over the whole chain. `*out`, the caller's, is {sound, entries, hash, problems}, the last a list of sentences:
 * a value that was changed, an entry that was removed or put in, a tail that was cut off.
 */
enum mulligan_status audit_verify(const struct audit_options *options, json_t **out, struct fault *fault);

#endif
