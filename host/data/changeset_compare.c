/**
 * changeset_compare.c - a changeset turned round, and two of them compared.
 *
 * Called when a plan is recorded and when it is made again, on any thread. A session keeps its changes in the order of
 * a hash, so two are compared as sets: by the sorted digests of their changes.
 */
#include "base/buf.h"
#include "data/changeset.h"

#include <sodium.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { CHANGE_CAP = 1 << 30 };

enum mulligan_status changeset_invert(const struct changeset *changeset, struct changeset *out, struct fault *fault) {
  int length = 0;
  *out = (struct changeset){0};
  int rc = sqlite3changeset_invert((int)changeset->length, changeset->bytes, &length, &out->bytes);
  out->length = (size_t)length;
  return rc == SQLITE_OK ? MULLIGAN_OK
                         : fault_set(fault, rc == SQLITE_NOMEM ? MULLIGAN_NOMEM : MULLIGAN_CORRUPT,
                                     "the changes cannot be turned round: %s", sqlite3_errstr(rc));
}

/* ---- comparing ---- */

struct digest {
  unsigned char bytes[crypto_hash_sha256_BYTES];
};

struct digests {
  struct digest *items;
  size_t count, capacity;
};

/* Type, length and bytes, so that no two rows of values run into each other. */
static void add_value(struct buf *out, struct sqlite3_value *value) {
  int type = value ? sqlite3_value_type(value) : 0;
  buf_add_char(out, (char)type);
  if (type == SQLITE_INTEGER) {
    sqlite3_int64 integer = sqlite3_value_int64(value);
    buf_add(out, &integer, sizeof integer);
  } else if (type == SQLITE_FLOAT) {
    double real = sqlite3_value_double(value);
    buf_add(out, &real, sizeof real);
  } else if (type == SQLITE_TEXT || type == SQLITE_BLOB) {
    const void *bytes = sqlite3_value_blob(value);
    int length = sqlite3_value_bytes(value);
    buf_add(out, &length, sizeof length);
    if (length > 0)
      buf_add(out, bytes, (size_t)length);
  }
}

static bool add_digest(struct digests *list, const struct buf *change) {
  if (list->count == list->capacity) {
    size_t capacity = list->capacity ? list->capacity * 2 : 64;
    struct digest *items = realloc(list->items, capacity * sizeof *items);
    if (!items)
      return false;
    list->items = items;
    list->capacity = capacity;
  }
  crypto_hash_sha256(list->items[list->count++].bytes, (const unsigned char *)change->data, change->length);
  return true;
}

static bool add_change(struct digests *list, struct sqlite3_changeset_iter *changes) {
  const char *table;
  int columns, operation, indirect;
  struct buf change;
  sqlite3changeset_op(changes, &table, &columns, &operation, &indirect);
  buf_init(&change, CHANGE_CAP);
  buf_add(&change, table, strlen(table) + 1);
  buf_add_char(&change, (char)operation);
  for (int i = 0; i < columns; i++) {
    struct sqlite3_value *old = NULL, *new = NULL;
    if (operation != SQLITE_INSERT)
      sqlite3changeset_old(changes, i, &old);
    if (operation != SQLITE_DELETE)
      sqlite3changeset_new(changes, i, &new);
    add_value(&change, old);
    add_value(&change, new);
  }
  bool whole = !change.failed && add_digest(list, &change);
  buf_release(&change);
  return whole;
}

static int by_bytes(const void *a, const void *b) {
  return memcmp(a, b, sizeof(struct digest));
}

static enum mulligan_status digest_changes(struct digests *list, const struct changeset *changeset,
                                           struct fault *fault) {
  struct sqlite3_changeset_iter *changes = NULL;
  bool whole = true;
  int rc = sqlite3changeset_start(&changes, (int)changeset->length, changeset->bytes);
  while (rc == SQLITE_OK && whole && (rc = sqlite3changeset_next(changes)) == SQLITE_ROW) {
    whole = add_change(list, changes);
    rc = SQLITE_OK;
  }
  sqlite3changeset_finalize(changes);
  if (!whole)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  if (rc != SQLITE_DONE)
    return fault_set(fault, MULLIGAN_CORRUPT, "the changeset cannot be read: %s", sqlite3_errstr(rc));
  if (list->count > 1)
    qsort(list->items, list->count, sizeof *list->items, by_bytes);
  return MULLIGAN_OK;
}

enum mulligan_status changeset_same(const struct changeset *a, const struct changeset *b, bool *same,
                                    struct fault *fault) {
  struct digests left = {0}, right = {0};
  enum mulligan_status status = digest_changes(&left, a, fault);
  if (status == MULLIGAN_OK)
    status = digest_changes(&right, b, fault);
  if (status == MULLIGAN_OK)
    *same = left.count == right.count &&
            (left.count == 0 || memcmp(left.items, right.items, left.count * sizeof *left.items) == 0);
  free(left.items);
  free(right.items);
  return status;
}
