/**
 * request_cleaner.c - a request's texts without its secrets.
 *
 * Used by the request log's thread, for every request, so the common one must cost little: its texts were seen before
 * and found clean, no header of it is secret, and nothing is copied. A request with a secret header (a token) has its
 * texts searched for that, by a search that is kept for the next request with the same token. Only where something
 * was found in the texts themselves is all done that ErrorLog does: everything is scrubbed by name and by looks into
 * one taint, then everything is searched for what that remembers.
 */
#include "data/request_cleaner.h"

#include "base/form.h"
#include "base/taint.h"
#include "base/utf8.h"
#include "data/body_scrub.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
  SEEN_TEXTS = 512,
  SEEN_MOST = 512, /* bytes of a text that is remembered */
  SEEN_NAMES = 128,
  NAME_MOST = 64,
  KNOWN_TAINTS = 64,
  COMMON_METHOD = 5,     /* bytes of the longest common method: too few for a secret */
  TEXT_CAP = 256 * 1024, /* what a header or a path may grow to */
  BODY_CAP = 16 * REQUEST_BODY_MOST,
  KEPT = 16 * 1024
};

/** How a text is scrubbed. */
enum scrubbing { BY_LOOKS, AS_FORM, AS_URL, AS_BODY, AS_PATH, AS_ROUTE };

/** The texts of an entry that may hold a secret. */
enum slot { SLOT_METHOD, SLOT_PATH, SLOT_QUERY, SLOT_REFERER, SLOT_AGENT, SLOT_INPUT, SLOT_OUTPUT, SLOT_COUNT };

static const struct {
  enum request_field field;
  enum scrubbing how;
} slots[SLOT_COUNT] = {
    [SLOT_METHOD] = {REQUEST_FIELD_METHOD, BY_LOOKS}, [SLOT_PATH] = {REQUEST_FIELD_PATH, BY_LOOKS},
    [SLOT_QUERY] = {REQUEST_FIELD_QUERY, AS_FORM},    [SLOT_REFERER] = {REQUEST_FIELD_REFERER, AS_URL},
    [SLOT_AGENT] = {REQUEST_FIELD_AGENT, BY_LOOKS},   [SLOT_INPUT] = {REQUEST_FIELD_INPUT, AS_BODY},
    [SLOT_OUTPUT] = {REQUEST_FIELD_OUTPUT, AS_BODY},
};

/** What a header is to the request log. */
enum header_kind { HEADER_PLAIN, HEADER_SECRET, HEADER_AGENT, HEADER_REFERER, HEADER_TYPE };

/** A text that was found clean when scrubbed like this. */
struct seen_text {
  struct buf text;
  enum scrubbing how;
};

struct seen_name {
  char name[NAME_MOST]; /* "" for a free place */
  enum header_kind kind;
};

/** Secrets of a request, and the search for them. */
struct known_taint {
  struct buf secrets; /* "value\0value\0…" */
  struct taint *taint;
};

struct request_cleaner {
  const struct scrub *scrub;
  struct seen_text texts[SEEN_TEXTS];
  struct seen_name names[SEEN_NAMES];
  struct known_taint taints[KNOWN_TAINTS];

  /* of the request under way */
  struct buf secrets;              /* those of its headers and its path's parameters, as in known_taint */
  struct buf path;                 /* decoded */
  struct buf target;               /* encoded again */
  struct buf bodies[2];            /* made presentable */
  struct buf scrubbed[SLOT_COUNT]; /* by name and by looks */
  struct buf searched[SLOT_COUNT]; /* and then for what is known */
  struct request_span input_type;
  bool parameter_replaced; /* in the path */
};

static const struct request_span nothing = {"", 0};
static const struct request_span replaced = {MULLIGAN_SCRUBBED, sizeof MULLIGAN_SCRUBBED - 1};

/* ---- life ---- */

struct request_cleaner *request_cleaner_create(const struct scrub *scrub) {
  struct request_cleaner *cleaner = calloc(1, sizeof *cleaner);
  if (cleaner == NULL)
    return NULL;
  cleaner->scrub = scrub;
  for (size_t i = 0; i < SEEN_TEXTS; i++)
    buf_init(&cleaner->texts[i].text, SEEN_MOST);
  for (size_t i = 0; i < KNOWN_TAINTS; i++)
    buf_init(&cleaner->taints[i].secrets, TEXT_CAP);
  buf_init(&cleaner->secrets, TEXT_CAP);
  buf_init(&cleaner->path, TEXT_CAP);
  buf_init(&cleaner->target, TEXT_CAP);
  for (size_t i = 0; i < 2; i++)
    buf_init(&cleaner->bodies[i], BODY_CAP);
  for (size_t i = 0; i < SLOT_COUNT; i++) {
    buf_init(&cleaner->scrubbed[i], BODY_CAP);
    buf_init(&cleaner->searched[i], BODY_CAP);
  }
  return cleaner;
}

void request_cleaner_destroy(struct request_cleaner *cleaner) {
  if (cleaner == NULL)
    return;
  for (size_t i = 0; i < SEEN_TEXTS; i++)
    buf_release(&cleaner->texts[i].text);
  for (size_t i = 0; i < KNOWN_TAINTS; i++) {
    buf_release(&cleaner->taints[i].secrets);
    taint_destroy(cleaner->taints[i].taint);
  }
  buf_release(&cleaner->secrets);
  buf_release(&cleaner->path);
  buf_release(&cleaner->target);
  for (size_t i = 0; i < 2; i++)
    buf_release(&cleaner->bodies[i]);
  for (size_t i = 0; i < SLOT_COUNT; i++) {
    buf_release(&cleaner->scrubbed[i]);
    buf_release(&cleaner->searched[i]);
  }
  free(cleaner);
}

/* ---- what was seen before ---- */

/** Eight bytes at a time; a place in a table is all that it is for. */
static uint64_t hash_of(struct request_span text) {
  uint64_t hash = text.length * UINT64_C(0x9e3779b97f4a7c15);
  size_t at = 0;
  for (; at + sizeof hash <= text.length; at += sizeof hash) {
    uint64_t word;
    memcpy(&word, text.bytes + at, sizeof word);
    hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
    hash ^= hash >> 32;
  }
  for (; at < text.length; at++)
    hash = (hash ^ (unsigned char)text.bytes[at]) * UINT64_C(0xff51afd7ed558ccd);
  return hash ^ hash >> 32;
}

static bool is_same(const struct buf *kept, struct request_span text) {
  return kept->length == text.length && memcmp(kept->data, text.bytes, text.length) == 0;
}

/** The place of a text; NULL for one that is not worth remembering. */
static struct seen_text *place_of(struct request_cleaner *cleaner, struct request_span text, enum scrubbing how) {
  if (how == AS_BODY || text.length > SEEN_MOST)
    return NULL;
  return &cleaner->texts[(hash_of(text) + how) % SEEN_TEXTS];
}

static bool was_clean(const struct seen_text *seen, struct request_span text, enum scrubbing how) {
  return seen != NULL && seen->how == how && is_same(&seen->text, text);
}

static void remember(struct seen_text *seen, struct request_span text, enum scrubbing how) {
  if (seen == NULL)
    return;
  buf_clear(&seen->text, SEEN_MOST);
  buf_add(&seen->text, text.bytes, text.length);
  seen->how = how;
}

/* ---- headers ---- */

static enum header_kind judge_name(const struct scrub *scrub, const char *name, size_t length) {
  if (strcasecmp(name, "user-agent") == 0)
    return HEADER_AGENT;
  if (strcasecmp(name, "referer") == 0)
    return HEADER_REFERER;
  if (strcasecmp(name, "content-type") == 0)
    return HEADER_TYPE;
  return scrub_is_secret_name(scrub, name, length) ? HEADER_SECRET : HEADER_PLAIN;
}

static enum header_kind kind_of(struct request_cleaner *cleaner, const char *name, size_t length) {
  if (length == 0 || length >= NAME_MOST)
    return judge_name(cleaner->scrub, name, length);
  struct seen_name *seen = &cleaner->names[hash_of((struct request_span){name, length}) % SEEN_NAMES];
  if (strcmp(seen->name, name) != 0) {
    memcpy(seen->name, name, length + 1);
    seen->kind = judge_name(cleaner->scrub, name, length);
  }
  return seen->kind;
}

static void add_secret(struct request_cleaner *cleaner, const char *value, size_t length) {
  buf_add(&cleaner->secrets, value, length);
  buf_add_char(&cleaner->secrets, '\0');
}

/** Of what is sent several times, the first counts. */
static void keep_first(struct request_span *place, const char *value, size_t length) {
  if (place->length == 0)
    *place = (struct request_span){value, length};
}

static void read_headers(struct request_cleaner *cleaner, struct request_span headers, struct request_entry *clean) {
  const char *at = headers.bytes, *end = headers.bytes + headers.length;
  while (at < end) {
    size_t name_length = strlen(at);
    const char *value = at + name_length + 1;
    size_t length = strlen(value);
    switch (kind_of(cleaner, at, name_length)) {
    case HEADER_SECRET:
      add_secret(cleaner, value, length);
      break;
    case HEADER_AGENT:
      keep_first(&clean->texts[REQUEST_FIELD_AGENT], value, length);
      break;
    case HEADER_REFERER:
      keep_first(&clean->texts[REQUEST_FIELD_REFERER], value, length);
      break;
    case HEADER_TYPE:
      keep_first(&cleaner->input_type, value, length);
      break;
    case HEADER_PLAIN:
      break;
    }
    at = value + length + 1;
  }
}

/* ---- the path ---- */

static const char *segment_end(const char *at, const char *end) {
  const char *slash = memchr(at, '/', (size_t)(end - at));
  return slash != NULL ? slash : end;
}

/** Does a segment of a pattern stand for a secret, as `{token}` does? */
static bool is_secret_parameter(const struct scrub *scrub, const char *segment, const char *end) {
  if (end - segment < 3 || *segment != '{' || memchr(segment, ':', (size_t)(end - segment)) != NULL)
    return false; /* a fixed text, or a number */
  return scrub_is_secret_name(scrub, segment + 1, (size_t)(end - segment) - 2);
}

static bool has_secret_parameter(struct request_cleaner *cleaner, struct request_span route) {
  if (route.length == 0 || memchr(route.bytes, '{', route.length) == NULL)
    return false;
  struct seen_text *seen = place_of(cleaner, route, AS_ROUTE);
  if (was_clean(seen, route, AS_ROUTE))
    return false;
  const char *end = route.bytes + route.length;
  for (const char *at = route.bytes; at < end; at = segment_end(at, end) + 1)
    if (is_secret_parameter(cleaner->scrub, at, segment_end(at, end)))
      return true;
  remember(seen, route, AS_ROUTE);
  return false;
}

static bool is_readable(const char *text, size_t length) {
  for (size_t i = 0; i < length; i++)
    if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
      return false;
  return utf8_valid(text, length);
}

/** Appends a segment, decoded where that makes a text. */
static void add_decoded(struct buf *out, const char *text, size_t length) {
  size_t start = out->length;
  if (form_percent_decode(text, length, false, out) && is_readable(out->data + start, out->length - start))
    return;
  out->length = start;
  utf8_add_repaired(out, text, length);
}

/**
 * The path as people say it. Segments of path and pattern go side by side, for an encoded slash parts no segments;
 * those that stand for a secret are taken out and remembered.
 */
static struct request_span decode_path(struct request_cleaner *cleaner, struct request_span raw,
                                       struct request_span route) {
  bool secret = has_secret_parameter(cleaner, route);
  struct seen_text *seen = place_of(cleaner, raw, AS_PATH);
  if (!secret && was_clean(seen, raw, AS_PATH))
    return raw;
  if (!secret && memchr(raw.bytes, '%', raw.length) == NULL && is_readable(raw.bytes, raw.length)) {
    remember(seen, raw, AS_PATH);
    return raw;
  }
  struct buf *path = &cleaner->path;
  const char *at = raw.bytes, *end = at + raw.length, *pattern = route.bytes, *pattern_end = pattern + route.length;
  for (;;) {
    const char *next = segment_end(at, end);
    size_t start = path->length;
    add_decoded(path, at, (size_t)(next - at));
    if (secret && pattern < pattern_end) {
      const char *pattern_next = segment_end(pattern, pattern_end);
      if (is_secret_parameter(cleaner->scrub, pattern, pattern_next)) {
        add_secret(cleaner, path->data + start, path->length - start);
        path->length = start;
        buf_add(path, replaced.bytes, replaced.length);
        cleaner->parameter_replaced = true;
      }
      pattern = pattern_next + 1;
    }
    if (next == end)
      break;
    buf_add_char(path, '/');
    at = next + 1;
  }
  return path->failed ? replaced : (struct request_span){path->data, path->length};
}

/** What of a path stands in a request line as it is. */
static bool is_path_char(unsigned char c) {
  return c > ' ' && c < 0x7f && strchr("%\"\\?#", c) == NULL;
}

static struct request_span encode_path(struct request_cleaner *cleaner, struct request_span path) {
  static const char digits[] = "0123456789ABCDEF";
  for (size_t i = 0; i < path.length; i++) {
    unsigned char c = (unsigned char)path.bytes[i];
    const char escape[] = {'%', digits[c >> 4], digits[c & 15]};
    if (is_path_char(c))
      buf_add_char(&cleaner->target, path.bytes[i]);
    else
      buf_add(&cleaner->target, escape, sizeof escape);
  }
  return (struct request_span){cleaner->target.data, cleaner->target.length};
}

/* ---- bodies ---- */

static bool begins_with(struct request_span text, const char *word) {
  size_t length = strlen(word);
  return text.length >= length && strncasecmp(text.bytes, word, length) == 0;
}

/** Is it nothing to read? */
static bool is_binary(struct request_span body, struct request_span type) {
  static const char *const types[] = {
      "image/",          "audio/",           "video/",         "font/", "application/octet-stream",
      "application/zip", "application/gzip", "application/pdf"};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (begins_with(type, types[i]))
      return true;
  return memchr(body.bytes, '\0', body.length) != NULL;
}

/** The body as a text; where it is none, what it is. */
static struct request_span present_body(struct buf *out, struct request_span body, struct request_span type,
                                        int64_t bytes) {
  if (body.length == 0)
    return body;
  if (is_binary(body, type)) {
    size_t word = 0;
    while (word < type.length && word < NAME_MOST && type.bytes[word] > ' ' && type.bytes[word] < 0x7f &&
           type.bytes[word] != ';')
      word++;
    buf_addf(out, "(%" PRId64 " bytes", bytes);
    if (word > 0)
      buf_addf(out, " of %.*s", (int)word, type.bytes);
    buf_add_char(out, ')');
  } else if (utf8_valid(body.bytes, body.length)) {
    return body;
  } else {
    utf8_add_repaired(out, body.bytes, body.length);
  }
  return out->failed ? replaced : (struct request_span){out->data, out->length};
}

/* ---- by name and by looks ---- */

static bool scrub_url(const struct scrub *scrub, struct request_span url, struct buf *out, struct scrub_tally *tally) {
  const char *mark = memchr(url.bytes, '?', url.length);
  size_t head = mark != NULL ? (size_t)(mark - url.bytes) + 1 : url.length;
  return scrub_text(scrub, url.bytes, head, out, tally) &&
         (mark == NULL || scrub_form(scrub, url.bytes + head, url.length - head, out, tally));
}

static bool scrub_as(const struct scrub *scrub, enum scrubbing how, struct request_span text, struct buf *out,
                     struct scrub_tally *tally) {
  switch (how) {
  case AS_FORM:
    return scrub_form(scrub, text.bytes, text.length, out, tally);
  case AS_URL:
    return scrub_url(scrub, text, out, tally);
  case AS_BODY:
    return body_scrub(scrub, text.bytes, text.length, out, tally);
  default:
    return scrub_text(scrub, text.bytes, text.length, out, tally);
  }
}

static enum scrubbing way_of(const struct request_cleaner *cleaner, enum slot slot) {
  if (slot == SLOT_INPUT && begins_with(cleaner->input_type, "application/x-www-form-urlencoded"))
    return AS_FORM;
  return slots[slot].how;
}

static struct request_span scrub_slot(struct request_cleaner *cleaner, enum slot slot, struct request_span text,
                                      struct scrub_tally *tally) {
  if (text.length == 0 || (slot == SLOT_METHOD && text.length <= COMMON_METHOD))
    return text;
  enum scrubbing how = way_of(cleaner, slot);
  struct seen_text *seen = place_of(cleaner, text, how);
  if (was_clean(seen, text, how))
    return text;
  struct buf *out = &cleaner->scrubbed[slot];
  int before = tally->count;
  buf_clear(out, KEPT);
  if (!scrub_as(cleaner->scrub, how, text, out, tally))
    return replaced;
  if (tally->count > before || how == AS_BODY)
    return (struct request_span){out->data, out->length};
  remember(seen, text, how);
  return text;
}

static void scrub_all(struct request_cleaner *cleaner, const struct request_span *texts, struct request_span *out,
                      struct scrub_tally *tally) {
  for (int i = 0; i < SLOT_COUNT; i++)
    out[i] = scrub_slot(cleaner, (enum slot)i, texts[i], tally);
}

/* ---- by what is known ---- */

/** The search for the secrets of this request's headers and path; NULL when out of memory. */
static struct taint *known_taint(struct request_cleaner *cleaner) {
  struct request_span secrets = {cleaner->secrets.data, cleaner->secrets.length};
  struct known_taint *known = &cleaner->taints[hash_of(secrets) % KNOWN_TAINTS];
  if (known->taint != NULL && is_same(&known->secrets, secrets))
    return known->taint;
  taint_destroy(known->taint);
  known->taint = taint_create();
  buf_clear(&known->secrets, KEPT);
  if (known->taint == NULL || !buf_add(&known->secrets, secrets.bytes, secrets.length))
    return NULL;
  for (size_t at = 0; at < secrets.length; at += strlen(secrets.bytes + at) + 1)
    taint_add(known->taint, secrets.bytes + at, strlen(secrets.bytes + at));
  return known->taint;
}

static void search_all(struct request_cleaner *cleaner, struct taint *taint, struct request_span *texts) {
  bool lost = taint == NULL || taint_failed(taint) || cleaner->secrets.failed;
  for (int i = 0; i < SLOT_COUNT; i++) {
    struct buf *out = &cleaner->searched[i];
    int count = 0;
    if (texts[i].length == 0)
      continue;
    buf_clear(out, KEPT);
    if (lost || !taint_text(taint, texts[i].bytes, texts[i].length, out, &count))
      texts[i] = replaced;
    else if (count > 0)
      texts[i] = (struct request_span){out->data, out->length};
  }
}

/** Something was found in the texts: scrubs them once more, remembering what it is, and looks for that everywhere. */
static void scrub_and_search(struct request_cleaner *cleaner, struct taint *given, const struct request_span *texts,
                             struct request_span *out) {
  struct taint *taint = given != NULL ? given : taint_create();
  struct scrub_tally tally = {.taint = taint};
  bool brought = cleaner->secrets.length > 0;
  struct taint *known = brought ? known_taint(cleaner) : NULL;
  if (taint != NULL)
    taint_add_all(taint, known);
  scrub_all(cleaner, texts, out, &tally);
  search_all(cleaner, brought && known == NULL ? NULL : taint, out);
  if (given == NULL)
    taint_destroy(taint);
}

/* ---- all of it ---- */

static void begin(struct request_cleaner *cleaner) {
  cleaner->input_type = nothing;
  cleaner->parameter_replaced = false;
  buf_clear(&cleaner->secrets, KEPT);
  buf_clear(&cleaner->path, KEPT);
  buf_clear(&cleaner->target, KEPT);
  buf_clear(&cleaner->bodies[0], KEPT);
  buf_clear(&cleaner->bodies[1], KEPT);
}

void request_cleaner_clean(struct request_cleaner *cleaner, const struct request_entry *raw,
                           struct request_entry *clean) {
  begin(cleaner);
  *clean = *raw;
  clean->taint = NULL;
  clean->texts[REQUEST_FIELD_HEADERS] = clean->texts[REQUEST_FIELD_OUTPUT_TYPE] = nothing;
  read_headers(cleaner, raw->texts[REQUEST_FIELD_HEADERS], clean);

  struct request_span texts[SLOT_COUNT], out[SLOT_COUNT];
  for (int i = 0; i < SLOT_COUNT; i++)
    texts[i] = clean->texts[slots[i].field];
  texts[SLOT_PATH] = decode_path(cleaner, texts[SLOT_PATH], raw->texts[REQUEST_FIELD_ROUTE]);
  texts[SLOT_INPUT] = present_body(&cleaner->bodies[0], texts[SLOT_INPUT], cleaner->input_type, raw->input_bytes);
  texts[SLOT_OUTPUT] =
      present_body(&cleaner->bodies[1], texts[SLOT_OUTPUT], raw->texts[REQUEST_FIELD_OUTPUT_TYPE], raw->bytes);

  struct scrub_tally tally = {0};
  scrub_all(cleaner, texts, out, &tally);
  if (tally.count > 0 || raw->taint != NULL)
    scrub_and_search(cleaner, raw->taint, texts, out);
  else if (cleaner->secrets.length > 0)
    search_all(cleaner, known_taint(cleaner), out);

  /* A path of which something was taken out is written anew; any other one stands as it was sent. */
  bool same = out[SLOT_PATH].bytes == texts[SLOT_PATH].bytes && !cleaner->parameter_replaced;
  clean->texts[REQUEST_FIELD_TARGET] = same ? raw->texts[REQUEST_FIELD_PATH] : encode_path(cleaner, out[SLOT_PATH]);
  for (int i = 0; i < SLOT_COUNT; i++)
    clean->texts[slots[i].field] = out[i];
}
