/**
 * error_log.h - every error, once, for good.
 *
 * One writer thread takes a queue and commits in groups; error_log_record() waits for that commit where asked. When the
 * database cannot take a record, it goes to a spool file (fsynced; replayed idempotently by reference when the database
 * is back), then to the log, then it is counted. All functions may be called from any thread.
 *
 * A storm collapses: of the same error in the same minute the first are stored whole, more of them without payload, and
 * the rest are counted with the first one, whose reference their clients are told (error_storm.h). So a reference is
 * known only when its row is: who tells one to somebody asks error_log_refer() for it.
 *
 * The table definitions in error_log_schema.c say of every field who needs it and for what.
 */
#ifndef MULLIGAN_DATA_ERROR_LOG_H
#define MULLIGAN_DATA_ERROR_LOG_H

#include "base/fault.h"
#include "base/reference.h"
#include "base/scrub.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct error_log;
struct taint;

struct error_log_options {
  const char *folder;        /* the data folder: errors.db, errors.lock and spool/ live in it */
  const struct scrub *scrub; /* outlives the log */
  const char *release;       /* the program's version */
  const char *host;          /* this machine's name */
  int64_t storm_limit;       /* occurrences of one group and minute that are stored whole (error_storm.h); 0: all */
  int64_t keep_us;           /* how long occurrences are kept (error_retention.h); 0: for ever */
  int64_t queue_rows;        /* how many wait for the writer before one is dropped; 0: ten thousand */
  const json_t *alerts; /* which of them people are told of (alert_rules.h; a setting that was checked); NULL: none */
  unsigned alert_channels; /* the ways to reach people that are set up, as bits */
};

/** What is kept of an occurrence's longer texts, in bytes; capturers need not carry more than this to
 * error_record_set(). */
enum { MULLIGAN_ERROR_MESSAGE_MOST = 8 * 1024, MULLIGAN_ERROR_BODY_MOST = 16 * 1024 };

/** Where an error came from. */
enum error_source {
  ERROR_SOURCE_REQUEST,
  ERROR_SOURCE_OPERATOR,
  ERROR_SOURCE_NOTEBOOK,
  ERROR_SOURCE_RELOAD,
  ERROR_SOURCE_ALERT,
  ERROR_SOURCE_WARNING,
  ERROR_SOURCE_HOST
};

/**
 * One occurrence, as its capturer fills it. All text is the record's own (error_record_set() copies); json_t members
 * are references it owns. Scrubbing by key, by value and by taint happens in error_log_record(), before anything is
 * written anywhere.
 */
struct error_record {
  char reference[MULLIGAN_REFERENCE_SIZE]; /* made by error_record_create() */
  int64_t occurred_at;                     /* wall clock, microseconds */
  enum error_source source;
  const char *level; /* "error", "warning"; static text */
  bool handled;      /* an exception that the application raised on purpose */
  int status;        /* HTTP status, 0 for none */
  int64_t app_code;  /* 0 for none */
  int64_t user_id;   /* 0 for none */
  int64_t generation;
  int64_t duration_us;
  int64_t lua_bytes;
  int64_t body_length;
  char *code;     /* "not_found" */
  char *exc_type; /* "NotFound", "LuaError", "DeadlineExceeded", … */
  char *message;
  char *value; /* of a non-string error, written out */
  char *method, *route, *path, *query, *body, *user_email, *remote_addr, *user_agent, *request_id;
  char *script, *operator_name;
  char *fingerprint;          /* an explicit one from the script, or NULL */
  json_t *frames;             /* list of {file, line, function, in_app, source, locals} */
  json_t *breadcrumbs;        /* list of {at_us, kind, text} */
  json_t *headers;            /* object */
  json_t *args;               /* object: an operator script's parameters */
  struct error_record *cause; /* recorded first; its row's id becomes cause_id; owned */
  struct taint *taint;        /* secrets known when it was captured, to be taken out of it wherever they are; owned */
  int scrubbed;               /* how many values were replaced: set by error_log_record() */
  bool truncated;
};

/** A record with its reference, time, pid and defaults; NULL when out of memory. */
struct error_record *error_record_create(enum error_source source);
void error_record_destroy(struct error_record *record);
/** Replaces one of the text members by a copy of `length` bytes (repaired to UTF-8 without NUL, cut at `most` bytes);
 * NULL text clears it. */
void error_record_set(struct error_record *record, char **member, const char *text, size_t length, size_t most);

/** Puts `cause` (taken over) at the end of what `record` came of. */
void error_record_add_cause(struct error_record *record, struct error_record *cause);
/**
 * Tells of each cause that says nothing of its own circumstances those of the record: where it comes from, request,
 * script and user.
 */
void error_record_inherit(struct error_record *record);

/** Opens errors.db (creating and migrating it), replays the spool and starts the writer thread. A broken database is
 * not a failure: the log then works on its spool and says so. */
enum mulligan_status error_log_open(struct error_log **out, const struct error_log_options *options,
                                    struct fault *fault);
/** Writes what is queued, stops the thread and closes. NULL is fine. */
void error_log_close(struct error_log *log);
/** The data folder it was opened with, for error_log_list() and its like. */
const char *error_log_folder(const struct error_log *log);
/** Replaces the options' `alerts` and `alert_channels`: settings were reloaded. */
enum mulligan_status error_log_set_alerts(struct error_log *log, const json_t *alerts, unsigned channels,
                                          struct fault *fault);
/**
 * `listener` is called after each commit that entered messages into the outbox, on the writer's thread, which it must
 * not keep, and after error_log_set_alerts(), on its caller's. NULL takes it away; it is not called any more when this
 * returns.
 */
void error_log_on_alert(struct error_log *log, void (*listener)(void *context), void *context);

/**
 * Takes ownership of `record`, scrubs it and queues it. With `wait` it returns only when the record is durable
 * (committed, or fsynced in the spool); MULLIGAN_ERROR then means that neither could be done and it stands in the log
 * file only. Without `wait` it never blocks on a disk: when the queue is full the record is dropped and counted
 * (MULLIGAN_FULL).
 */
enum mulligan_status error_log_record(struct error_log *log, struct error_record *record, bool wait,
                                      struct fault *fault);
/**
 * Records and waits, and writes into `reference` the one under which people will find it: the record's own, or in a
 * storm that of the row which counts it. After a failure it is the record's own, which stands in the log file.
 */
enum mulligan_status error_log_refer(struct error_log *log, struct error_record *record,
                                     char reference[MULLIGAN_REFERENCE_SIZE], struct fault *fault);

/**
 * The same, and sets `*shown` (unless `shown` is NULL) to what was recorded, free of secrets: an object whose keys are
 * the columns, and `cause`, another such object. The caller owns it. It stays as it was when out of memory.
 */
enum mulligan_status error_log_refer_and_show(struct error_log *log, struct error_record *record,
                                              char reference[MULLIGAN_REFERENCE_SIZE], json_t **shown,
                                              struct fault *fault);

/* ---- reading: any process, without the writer ---- */

struct error_log_filter {
  int64_t since;           /* wall clock, microseconds; 0 for all */
  int status;              /* 0 for all */
  const char *path, *user; /* exact path; e-mail or id; NULL for all */
  int64_t group;           /* 0 for all */
  int64_t after;           /* only ids below this one (the next page); 0 for the first */
  int limit;               /* at most so many, newest first */
};

/**
 * A list of objects whose keys are the columns of `error_log`, and `cause_ref`, the reference of the row that cause_id
 * names. Records that are still in the spool are among them, before the others, with NULL for what the database would
 * give them (id, recorded_at, group_id, cause_id, repeats). If errors.db cannot be read they are all there is, and the
 * log says why. The caller owns `*out`.
 */
enum mulligan_status error_log_list(const char *folder, const struct error_log_filter *filter, json_t **out,
                                    struct fault *fault);
/** How many the filter lets through, whatever its limit. */
enum mulligan_status error_log_count(const char *folder, const struct error_log_filter *filter, int64_t *count,
                                     struct fault *fault);
/**
 * One object, as in a list, by a reference as a person types it. MULLIGAN_MISSING for an unknown one, MULLIGAN_INVALID
 * for what is none, both naming it; when errors.db cannot be read and the spool does not have it, the reason.
 */
enum mulligan_status error_log_get(const char *folder, const char *reference, json_t **out, struct fault *fault);

/** What whoever was told of an error knows anyway. */
struct error_brief {
  char reference[MULLIGAN_REFERENCE_SIZE];
  int64_t occurred_at; /* wall clock, microseconds */
  int status;          /* 0 for none */
  int64_t app_code;    /* 0 for none */
};

/**
 * Looks up that much, by one indexed read; the spool is looked at only where errors.db does not have it, or cannot be
 * read. Waits at most 2 s for whoever has locked errors.db. MULLIGAN_MISSING and MULLIGAN_INVALID as error_log_get();
 * any other failure means that it could not be found out.
 */
enum mulligan_status error_log_brief(const char *folder, const char *reference, struct error_brief *out,
                                     struct fault *fault);

#endif
