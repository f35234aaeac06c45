/**
 * store_fault.c - what SQLite's result codes mean here, and the particulars of a violated constraint.
 *
 * Called by the store's files on their way out of a failure, on the thread that has the store.
 *
 * SQLite says which constraint was violated in its message only; the wording read here is the same in all versions
 * since 3.8.2, and a message in another wording costs the particulars, not the error.
 */
#include "base/utf8.h"
#include "data/store_internal.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

enum {
  EXCERPT_LENGTH = 200,
  WORDS_LENGTH = 400 /* of SQLite's: some repeat the whole text */
};

enum mulligan_status store_status_of(int code) {
  switch (code) {
  case SQLITE_IOERR_NOMEM:
    return MULLIGAN_NOMEM;
  case SQLITE_ABORT_ROLLBACK:
    return MULLIGAN_ERROR;
  }
  switch (code & 0xff) {
  case SQLITE_OK:
  case SQLITE_ROW:
  case SQLITE_DONE:
    return MULLIGAN_OK;
  case SQLITE_FULL:
  case SQLITE_TOOBIG:
    return MULLIGAN_FULL;
  case SQLITE_READONLY:
  case SQLITE_PERM:
    return MULLIGAN_READONLY;
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
  case SQLITE_FORMAT:
    return MULLIGAN_CORRUPT;
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
  case SQLITE_PROTOCOL:
    return MULLIGAN_BUSY;
  case SQLITE_INTERRUPT:
    return MULLIGAN_INTERRUPTED;
  case SQLITE_NOMEM:
    return MULLIGAN_NOMEM;
  case SQLITE_CONSTRAINT:
    return MULLIGAN_CONSTRAINT;
  case SQLITE_AUTH:
    return MULLIGAN_DENIED;
  case SQLITE_MISMATCH:
  case SQLITE_RANGE:
    return MULLIGAN_INVALID;
  default:
    return MULLIGAN_ERROR;
  }
}

const char *store_excerpt(char out[STORE_EXCERPT_SIZE], const char *sql, size_t length) {
  size_t used = 0, read = 0;
  while (read < length && used < EXCERPT_LENGTH) {
    bool blank = strchr(" \t\r\n", sql[read]) != NULL;
    if (!blank)
      out[used++] = sql[read];
    else if (used > 0 && out[used - 1] != ' ')
      out[used++] = ' ';
    read++;
  }
  if (read < length) {
    used = utf8_valid_prefix(out, used);
    memcpy(out + used, "…", sizeof "…");
  } else {
    while (used > 0 && (out[used - 1] == ' ' || out[used - 1] == ';'))
      used--;
    out[used] = '\0';
  }
  return out;
}

/* ---- constraints ---- */

static const char *kind_of(int code) {
  switch (code) {
  case SQLITE_CONSTRAINT_UNIQUE:
    return "unique";
  case SQLITE_CONSTRAINT_PRIMARYKEY:
  case SQLITE_CONSTRAINT_ROWID:
    return "primary_key";
  case SQLITE_CONSTRAINT_NOTNULL:
    return "not_null";
  case SQLITE_CONSTRAINT_CHECK:
    return "check";
  case SQLITE_CONSTRAINT_FOREIGNKEY:
    return "foreign_key";
  default:
    return "other";
  }
}

static void copy_name(char out[64], const char *name, size_t length) {
  length = utf8_cut(name, length, 63);
  memcpy(out, name, length);
  out[length] = '\0';
}

/* "t.a, t.b" */
static void read_columns(struct store_constraint *constraint, const char *list) {
  const int most = sizeof constraint->columns / sizeof constraint->columns[0];
  while (*list && constraint->column_count < most) {
    const char *end = strstr(list, ", ");
    if (!end)
      end = list + strlen(list);
    const char *dot = memchr(list, '.', (size_t)(end - list));
    if (!dot)
      return;
    copy_name(constraint->table, list, (size_t)(dot - list));
    copy_name(constraint->columns[constraint->column_count++], dot + 1, (size_t)(end - dot - 1));
    list = *end ? end + 2 : end;
  }
}

/* A CHECK without a name is reported by its expression; a bare word is taken for a name. */
static bool is_word(const char *text) {
  for (; *text; text++)
    if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", *text))
      return false;
  return true;
}

static void read_constraint(struct store_constraint *constraint, int code, const char *message) {
  *constraint = (struct store_constraint){0};
  snprintf(constraint->kind, sizeof constraint->kind, "%s", kind_of(code));
  static const char marker[] = "constraint failed: ";
  const char *subject = strstr(message, marker);
  if (!subject)
    return;
  subject += sizeof marker - 1;
  if (strncmp(subject, "index '", 7) == 0) /* over an expression: SQLite names the index */
    copy_name(constraint->name, subject + 7, strcspn(subject + 7, "'"));
  else if (code != SQLITE_CONSTRAINT_CHECK)
    read_columns(constraint, subject);
  else if (is_word(subject))
    copy_name(constraint->name, subject, strlen(subject));
}

const struct store_constraint *store_constraint(const struct store *store) {
  return &store->constraint;
}

/* ---- the sentence ---- */

/* Is it about the file as a whole, so that its path helps? */
static bool concerns_file(int code, enum mulligan_status status) {
  return (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_FULL || status == MULLIGAN_READONLY ||
         status == MULLIGAN_CORRUPT;
}

enum mulligan_status store_fail(struct store *store, int code, const char *sql, size_t length, struct fault *fault) {
  enum mulligan_status status = store_status_of(code);
  const char *words = sqlite3_errmsg(store->db);
  if (status == MULLIGAN_CONSTRAINT)
    read_constraint(&store->constraint, code, words);
  if (store->refusal) {
    status = MULLIGAN_DENIED; /* which SQLite calls a plain error where a function is concerned */
    words = store->refusal;
    store->refusal = NULL;
  }
  if (!fault)
    return status;

  char excerpt[STORE_EXCERPT_SIZE];
  bool file = concerns_file(code, status);
  int reason = file ? sqlite3_system_errno(store->db) : 0;
  int shown = (int)utf8_cut(words, strlen(words), WORDS_LENGTH);
  return fault_set(fault, status, "%s%s%.*s%s%s%s%s%s", file ? store->path : "", file ? ": " : "", shown, words,
                   reason ? ": " : "", reason ? strerror(reason) : "", sql ? ", in \"" : "",
                   sql ? store_excerpt(excerpt, sql, length) : "", sql ? "\"" : "");
}
