/**
 * plan_file.c - plans on the disk.
 *
 * Called by runs, and by `mulligan plan`, on one thread. Files appear whole (file_replace()) and are never changed, so
 * that readers need no lock.
 */
#include "operator/plan_file.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json_list.h"
#include "operator/words.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT = 1, FILE_CAP = 1 << 30, BASE64 = sodium_base64_VARIANT_ORIGINAL };

static const char suffix[] = ".json";

/* ---- writing ---- */

static void hash_text(const char *text, size_t length, char sha[PLAN_FILE_SHA_SIZE]) {
  unsigned char digest[crypto_hash_sha256_BYTES];
  crypto_hash_sha256(digest, (const unsigned char *)text, length);
  sodium_bin2hex(sha, PLAN_FILE_SHA_SIZE, digest, sizeof digest);
}

static int append(const char *bytes, size_t length, void *out) {
  return buf_add(out, bytes, length) ? 0 : -1;
}

/* Appends `,"name":"…"` with the bytes in base64, which no quotation mark or backslash is in. */
static void add_bytes(struct buf *out, const char *name, const void *bytes, size_t length) {
  size_t size = sodium_base64_encoded_len(length, BASE64);
  buf_addf(out, ",\"%s\":\"", name);
  if (buf_reserve(out, size)) {
    sodium_bin2base64(out->data + out->length, size, bytes, length, BASE64);
    out->length += size - 1; /* its NUL is the buffer's */
  }
  buf_add_char(out, '"');
}

/* The short members by jansson, the two long ones by themselves: it looks at each of their characters. */
enum mulligan_status plan_file_compose(struct plan *plan, const json_t *origin, struct buf *out,
                                       char sha[PLAN_FILE_SHA_SIZE], struct fault *fault) {
  char made_at[MULLIGAN_RFC3339_SIZE];
  const struct changeset *changes = plan_changeset(plan);
  const char *described = plan_changes_text(plan);
  json_t *file = json_pack("{s:i, s:O, s:s, s:I, s:I, s:s}", "format", FORMAT, "origin", origin, "made_at",
                           clock_rfc3339(plan_made_at(plan), made_at), "made_at_us", (json_int_t)plan_made_at(plan),
                           "rows", (json_int_t)plan_row_count(plan), "schema", plan_schema(plan));
  bool whole = file && described && json_dump_callback(file, append, out, JSON_COMPACT) == 0;
  json_decref(file);
  if (whole) {
    out->length--; /* the closing brace */
    add_bytes(out, "seed", plan_seed(plan), RANDOM_SOURCE_SEED_BYTES);
    add_bytes(out, "changeset", changes->bytes, changes->length);
    buf_add_text(out, ",\"changes\":");
    buf_add_text(out, described);
    buf_add_char(out, '}');
  }
  if (!whole || out->failed)
    return fault_set(fault, MULLIGAN_FULL, "the plan is too large to be kept");
  hash_text(out->data, out->length, sha);
  return MULLIGAN_OK;
}

static char *plan_path(const char *data, const char *sha) {
  char name[PLAN_FILE_SHA_SIZE + sizeof "plans/" + sizeof suffix];
  snprintf(name, sizeof name, "plans/%s%s", sha, suffix);
  return file_join(data, name);
}

enum mulligan_status plan_file_write(const char *data, const char *sha, const struct buf *text, struct fault *fault) {
  char *folder = file_join(data, "plans"), *path = plan_path(data, sha);
  enum mulligan_status status =
      folder && path ? file_make_folder(folder, fault) : fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  if (status == MULLIGAN_OK)
    status = file_replace(path, text->data, text->length, 0600, fault);
  free(folder);
  free(path);
  return status;
}

/* ---- finding ---- */

/* The files' names without their end. */
static enum mulligan_status list_shas(const char *data, struct file_list *list, struct fault *fault) {
  char *folder = file_join(data, "plans");
  *list = (struct file_list){0};
  if (!folder)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  enum mulligan_status status = file_walk(folder, suffix, list, fault);
  free(folder);
  for (size_t i = 0; i < list->count; i++)
    list->paths[i][strlen(list->paths[i]) - strlen(suffix)] = '\0';
  return status == MULLIGAN_MISSING ? MULLIGAN_OK : status;
}

void plan_file_prune(const char *data, int64_t before) {
  char *folder = file_join(data, "plans");
  if (folder)
    file_prune(folder, suffix, before);
  free(folder);
}

enum mulligan_status plan_file_find(const char *data, const char *prefix, char sha[PLAN_FILE_SHA_SIZE],
                                    struct fault *fault) {
  struct file_list list;
  size_t length = strlen(prefix), found = 0;
  char wanted[PLAN_FILE_SHA_SIZE] = "";
  if (length < PLAN_FILE_LEAST_PREFIX || length >= sizeof wanted || strspn(prefix, "0123456789abcdefABCDEF") != length)
    return fault_set(fault, MULLIGAN_INVALID,
                     words("\"%.80s\" names no plan: it takes the first %d or more digits of its SHA"), prefix,
                     PLAN_FILE_LEAST_PREFIX);
  for (size_t i = 0; i < length; i++)
    wanted[i] = (char)tolower((unsigned char)prefix[i]);
  enum mulligan_status status = list_shas(data, &list, fault);
  for (size_t i = 0; i < list.count; i++) {
    if (strncmp(list.paths[i], wanted, length) != 0 || strlen(list.paths[i]) >= PLAN_FILE_SHA_SIZE)
      continue;
    memcpy(sha, list.paths[i], strlen(list.paths[i]) + 1);
    found++;
  }
  file_list_release(&list);
  if (status == MULLIGAN_OK && found == 0)
    status = fault_set(fault, MULLIGAN_MISSING,
                       words("there is no plan %s; `mulligan plan list` shows those there are"), wanted);
  else if (status == MULLIGAN_OK && found > 1)
    status =
        fault_set(fault, MULLIGAN_INVALID, words("%s is the beginning of %zu plans: give more digits"), wanted, found);
  return status;
}

/* ---- reading ---- */

static bool decode(const json_t *json, void *out, size_t size, size_t *length) {
  const char *text = json_string_value(json);
  return text && sodium_base642bin(out, size, text, json_string_length(json), NULL, length, NULL, BASE64) == 0;
}

static enum mulligan_status corrupt(const char *sha, struct fault *fault) {
  return fault_set(fault, MULLIGAN_CORRUPT, words("the plan %.12s was changed or damaged, and is not used"), sha);
}

/* The file's content, checked against its name. */
static enum mulligan_status read_file(const char *data, const char *sha, json_t **out, struct fault *fault) {
  struct buf text;
  char hash[PLAN_FILE_SHA_SIZE], *path = plan_path(data, sha);
  *out = NULL;
  buf_init(&text, FILE_CAP);
  enum mulligan_status status =
      path ? file_read(path, &text, fault) : fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  free(path);
  if (status == MULLIGAN_OK) {
    hash_text(text.data, text.length, hash);
    *out = strcmp(hash, sha) == 0 ? json_loadb(text.data, text.length, JSON_ALLOW_NUL, NULL) : NULL;
    if (!*out)
      status = corrupt(sha, fault);
  }
  buf_release(&text);
  return status;
}

static enum mulligan_status restore(const json_t *file, const char *sha, struct plan **plan, struct fault *fault) {
  const json_t *changeset = json_object_get(file, "changeset");
  size_t size = json_string_length(changeset), length = 0;
  struct plan_parts parts = {.made_at = json_integer_value(json_object_get(file, "made_at_us")),
                             .schema = json_string_value(json_object_get(file, "schema")),
                             .described = json_incref(json_object_get(file, "changes"))};
  void *bytes = malloc(size + 1);
  enum mulligan_status status = MULLIGAN_OK;
  if (!bytes || !parts.schema || !json_is_array(parts.described) ||
      !decode(json_object_get(file, "seed"), parts.seed, sizeof parts.seed, &length) || length != sizeof parts.seed ||
      !decode(changeset, bytes, size + 1, &length))
    status = corrupt(sha, fault);
  if (status == MULLIGAN_OK)
    status = changeset_load(&parts.changes, bytes, length, fault);
  free(bytes);
  if (status != MULLIGAN_OK) {
    json_decref(parts.described);
    return status;
  }
  return plan_restore(plan, &parts, fault);
}

enum mulligan_status plan_file_read(const char *data, const char *sha, struct plan **plan, json_t **origin,
                                    struct fault *fault) {
  json_t *file;
  *plan = NULL;
  *origin = NULL;
  enum mulligan_status status = read_file(data, sha, &file, fault);
  if (status == MULLIGAN_OK && json_integer_value(json_object_get(file, "format")) != FORMAT)
    status =
        fault_set(fault, MULLIGAN_DENIED, words("the plan %.12s was made by another version of this program"), sha);
  if (status == MULLIGAN_OK)
    status = restore(file, sha, plan, fault);
  if (status == MULLIGAN_OK) {
    *origin = json_incref(json_object_get(file, "origin"));
    json_object_set(*origin, "made_at", json_object_get(file, "made_at"));
    json_object_set(*origin, "rows", json_object_get(file, "rows"));
  }
  json_decref(file);
  return status;
}

/* ---- listing ---- */

static json_t *list_entry(const char *data, const char *sha) {
  static const char *const kept[] = {"run", "kind", "name", "operator", "reason"};
  struct fault why;
  json_t *file, *entry = json_pack("{s:s}", "sha", sha);
  if (read_file(data, sha, &file, &why) != MULLIGAN_OK) {
    json_object_set_new(entry, "problem", json_string(why.message));
    return entry;
  }
  const json_t *origin = json_object_get(file, "origin");
  json_object_set(entry, "made_at", json_object_get(file, "made_at"));
  for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
    json_object_set(entry, kept[i], json_object_get(origin, kept[i]));
  json_object_set(entry, "rows", json_object_get(file, "rows"));
  json_decref(file);
  return entry;
}

static const char *made_at(const json_t *entry) {
  const char *text = json_string_value(json_object_get(entry, "made_at"));
  return text ? text : "";
}

static int newest_first(const void *a, const void *b) {
  return strcmp(made_at(*(json_t *const *)b), made_at(*(json_t *const *)a));
}

enum mulligan_status plan_file_list(const char *data, json_t **out, struct fault *fault) {
  struct file_list list;
  *out = NULL;
  enum mulligan_status status = list_shas(data, &list, fault);
  json_t *entries = status == MULLIGAN_OK ? json_array() : NULL;
  for (size_t i = 0; entries && i < list.count; i++)
    json_array_append_new(entries, list_entry(data, list.paths[i]));
  if (entries && json_list_sort(entries, newest_first))
    *out = entries;
  else if (status == MULLIGAN_OK)
    status = fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  if (!*out)
    json_decref(entries);
  file_list_release(&list);
  return status;
}
