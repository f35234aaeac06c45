/**
 * conflict_text.c - what stands in the way of a change, in words.
 *
 * Called when a plan or an undo was refused, on the run's thread.
 */
#include "operator/conflict_text.h"

#include "data/audit.h"
#include "operator/words.h"

enum { NAME_CAP = 512 };

/* "mina (RUN-7K3F-9QXA)", or "somebody". */
static void add_who(struct buf *out, const struct changeset_conflict *conflict, const char *data, int64_t since,
                    const char *except) {
  const char *column = conflict->kind == CHANGESET_ROW_CHANGED ? conflict->column : NULL;
  json_t *who = NULL;
  if (conflict->key)
    audit_who(data, conflict->table, conflict->key, column, since, except, &who, NULL);
  if (json_is_string(json_object_get(who, "by")))
    buf_addf(out, "%s (%s)", json_string_value(json_object_get(who, "by")),
             json_string_value(json_object_get(who, "id")));
  else
    buf_add_text(out, words("somebody"));
  json_decref(who);
}

void conflict_text_add(struct buf *out, const struct changeset_conflict *conflict, const char *data, int64_t since,
                       const char *except) {
  struct buf who;
  buf_init(&who, NAME_CAP);
  add_who(&who, conflict, data, since, except);
  switch (conflict->kind) {
  case CHANGESET_ROW_CHANGED:
    buf_addf(out, words("%s: %s has changed this row since: %s is now %s, not %s"), conflict->row, who.data,
             conflict->column, conflict->now, conflict->was);
    break;
  case CHANGESET_ROW_REMOVED:
    buf_addf(out, words("%s: %s has removed this row since"), conflict->row, who.data);
    break;
  case CHANGESET_ROW_ADDED:
    buf_addf(out, words("%s: %s has added this row since: %s"), conflict->row, who.data, conflict->detail);
    break;
  case CHANGESET_VALUE_TAKEN:
    buf_addf(out, words("%s: another row is in the way now: %s"), conflict->row, conflict->detail);
    break;
  default:
    buf_addf(out, words("%s would refer to a row of %s that is not there"), conflict->row, conflict->detail);
  }
  buf_release(&who);
}
