/**
 * taint.c - which values are worth remembering, and in which forms.
 *
 * Called by scrub.c and by whoever captures an error, on the thread that has the error. A taint is a handful of byte
 * strings; the rules here decide what becomes one. They lean towards forgetting: a value that is part of ordinary texts
 * would take those apart, and its own place was redacted anyway.
 *
 * Invariant: every value is valid UTF-8 without NUL, as the texts are in which it is looked for.
 */
#include "base/taint.h"

#include "base/scrub.h"
#include "base/taint_internal.h"
#include "base/utf8.h"

#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
  FIRST_ROOM = 16,
  LEAST = 6,              /* bytes of a value */
  LEAST_CHARACTERS = 4,   /* and its characters */
  LEAST_DECLARED = 4,     /* bytes of a value that was declared a secret */
  ALONE_BELOW = 12,       /* bytes of a word or a number that may be part of others */
  LEAST_LINE = 16,        /* bytes of a line that counts for itself */
  VALUE_MOST = 16 * 1024, /* the rest of a longer one is forgotten */
  PARTS_MOST = 64,        /* of one value */
  LEAST_TAIL = 16         /* bytes of the last piece of a long value */
};

/** How sure it is that a value is a secret. */
enum certainty { LIKELY, REDACTED, DECLARED };

/** What stands under secret names without being one: kinds, states, placeholders. Lower case. */
static const char *const common_words[] = {
    "access",   "account",   "administrator", "anonymous",  "api_key",     "apikey",     "authorization", "bearer",
    "boolean",  "client",    "cookie",        "credential", "credentials", "current",    "default",       "development",
    "digest",   "disabled",  "enabled",       "example",    "expired",     "hidden",     "instructor",    "integer",
    "invalid",  "localhost", "member",        "missing",    "number",      "object",     "optional",      "participant",
    "passwd",   "password",  "passwords",     "pending",    "private",     "production", "public",        "redacted",
    "refresh",  "request",   "required",      "revoked",    "scrubbed",    "secret",     "secrets",       "service",
    "session",  "staging",   "string",        "system",     "testing",     "tokens",     "undefined",     "unknown",
    "username", "visitor",
};

/* ---- the set ---- */

struct taint *taint_create(void) {
  struct taint *taint = calloc(1, sizeof *taint);
  if (taint == NULL)
    return NULL;
  buf_init(&taint->bytes, MULLIGAN_TAINT_BYTES);
  return taint;
}

void taint_destroy(struct taint *taint) {
  if (taint == NULL)
    return;
  buf_release(&taint->bytes);
  free(taint->values);
  matcher_destroy(taint->matcher);
  free(taint);
}

bool taint_failed(const struct taint *taint) {
  return taint->failed;
}

static bool knows(const struct taint *taint, const char *value, size_t length, bool alone) {
  for (size_t i = 0; i < taint->count; i++) {
    const struct taint_value *known = &taint->values[i];
    if (known->length == length && (!known->alone || alone) &&
        memcmp(taint->bytes.data + known->start, value, length) == 0)
      return true;
  }
  return false;
}

static bool make_room(struct taint *taint) {
  if (taint->count < taint->room)
    return true;
  size_t room = taint->room == 0 ? FIRST_ROOM : taint->room * 2;
  struct taint_value *values = realloc(taint->values, room * sizeof *values);
  if (values == NULL)
    return false;
  taint->values = values;
  taint->room = room;
  return true;
}

/** Adds at most MULLIGAN_PATTERN_MOST bytes. That there is no room by the set's own limits is no failure. */
static void add_piece(struct taint *taint, const char *piece, size_t length, bool alone) {
  struct buf *bytes = &taint->bytes;
  if (bytes->cap - bytes->length < length || taint->count == MULLIGAN_TAINT_VALUES ||
      knows(taint, piece, length, alone))
    return;
  size_t start = bytes->length;
  if (!make_room(taint) || !buf_add(bytes, piece, length)) {
    taint->failed = true;
    return;
  }
  taint->values[taint->count++] = (struct taint_value){start, length, alone, length < LEAST_DECLARED};
  matcher_destroy(taint->matcher);
  taint->matcher = NULL;
}

/** Adds a value of any length: found piece by piece, it is found whole. */
static void add_pieces(struct taint *taint, const char *value, size_t length, bool alone) {
  size_t at = 0;
  while (length - at > MULLIGAN_PATTERN_MOST) {
    size_t piece = utf8_cut(value + at, length - at, MULLIGAN_PATTERN_MOST);
    /* A short last piece would be found by chance; then this one is shorter instead. */
    if (length - at - piece < LEAST_TAIL)
      piece = utf8_cut(value + at, length - at, MULLIGAN_PATTERN_MOST - LEAST_TAIL);
    add_piece(taint, value + at, piece, alone);
    at += piece;
  }
  add_piece(taint, value + at, length - at, alone);
}

/* ---- what a value is like ---- */

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/** How many bytes of each kind it has. */
struct look {
  size_t letters, digits, beyond, characters, blanks; /* `beyond` ASCII */
  bool varied;                                        /* not one byte over and over */
};

static struct look look_at(const char *value, size_t length) {
  struct look look = {0};
  for (size_t i = 0; i < length; i++) {
    char c = value[i];
    look.letters += is_letter(c);
    look.digits += is_digit(c);
    look.beyond += (unsigned char)c >= 0x80;
    look.characters += ((unsigned char)c & 0xC0) != 0x80;
    look.blanks += is_blank(c);
    look.varied = look.varied || c != value[0];
  }
  return look;
}

static bool is_common(const char *value, size_t length) {
  for (size_t i = 0; i < sizeof common_words / sizeof *common_words; i++) {
    if (strlen(common_words[i]) == length && strncasecmp(common_words[i], value, length) == 0)
      return true;
  }
  return false;
}

/** A date, a path, an e-mail or web address has letters and digits too, and is no secret by that. */
static bool is_everyday(const char *value, size_t length) {
  bool date = length >= 10 && is_digit(value[0]) && is_digit(value[3]) && value[4] == '-' && value[7] == '-';
  const char *sign = memchr(value, '@', length);
  bool mail = sign != NULL && memchr(sign, '.', length - (size_t)(sign - value)) != NULL;
  return date || mail || value[0] == '/' || memmem(value, length, "://", 3) != NULL;
}

static bool is_random(const struct look *look, const char *value, size_t length) {
  return look->letters > 0 && look->digits > 0 && look->blanks == 0 && !is_everyday(value, length);
}

static bool is_worth(const struct look *look, const char *value, size_t length, enum certainty certainty) {
  /* What was redacted before comes by here again. */
  if (memmem(value, length, MULLIGAN_SCRUBBED, strlen(MULLIGAN_SCRUBBED)) != NULL)
    return false;
  if (certainty == DECLARED)
    return length > 0;
  return length >= LEAST && look->characters >= LEAST_CHARACTERS && look->varied &&
         look->letters + look->digits + look->beyond > 0 && !is_common(value, length) &&
         (certainty != LIKELY || is_random(look, value, length));
}

/* ---- what is remembered of a value ---- */

/** `base64(value)`, as it stands where somebody encoded it; without padding, so that it is found with and without. */
static void add_encoded(struct taint *taint, const char *value, size_t length) {
  static const int variants[] = {sodium_base64_VARIANT_ORIGINAL_NO_PADDING, sodium_base64_VARIANT_URLSAFE_NO_PADDING};
  char encoded[MULLIGAN_PATTERN_MOST + 8];
  if (length > MULLIGAN_PATTERN_MOST / 4 * 3)
    return;
  for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
    sodium_bin2base64(encoded, sizeof encoded, (const unsigned char *)value, length, variants[i]);
    add_piece(taint, encoded, strlen(encoded), false);
  }
}

/** Remembers one value if it is worth it. */
static void add_one(struct taint *taint, const char *value, size_t length, enum certainty certainty) {
  while (length > 0 && is_blank(value[0]))
    value++, length--;
  while (length > 0 && is_blank(value[length - 1]))
    length--;
  struct look look = look_at(value, length);
  if (!is_worth(&look, value, length, certainty))
    return;
  bool alone = certainty != DECLARED && length < ALONE_BELOW && (look.letters == length || look.digits == length);
  add_pieces(taint, value, length, alone);
  if (length >= LEAST_DECLARED)
    add_encoded(taint, value, length);
}

/** The lines of a value of several: of a private key one alone is too much. Armour is no secret. */
static void add_lines(struct taint *taint, const char *value, size_t length) {
  const char *end = value + length;
  for (int i = 0; i < PARTS_MOST && value < end; i++) {
    const char *stop = memchr(value, '\n', (size_t)(end - value));
    size_t line = (size_t)((stop != NULL ? stop : end) - value);
    if (line >= LEAST_LINE && (line < 5 || memcmp(value, "-----", 5) != 0))
      add_one(taint, value, line, REDACTED);
    value += line + 1;
  }
}

/** `a=x; b=y`, of cookies and the like: which of the values are secrets, only their looks tell. */
static void add_pairs(struct taint *taint, const char *value, size_t length) {
  static const char separators[] = ";,& \t";
  size_t at = 0;
  for (int i = 0; i < PARTS_MOST && at < length; i++) {
    size_t end = at;
    while (end < length && strchr(separators, value[end]) == NULL)
      end++;
    const char *equals = memchr(value + at, '=', end - at);
    if (equals != NULL) {
      const char *start = equals + 1, *stop = value + end;
      if (stop - start >= 2 && *start == '"' && stop[-1] == '"')
        start++, stop--;
      add_one(taint, start, (size_t)(stop - start), LIKELY);
    }
    at = end + 1;
  }
}

/** The password in the base64 of `user:password`. */
static void add_basic(struct taint *taint, const char *token, size_t length) {
  unsigned char plain[1024];
  size_t size;
  while (length > 0 && token[length - 1] == '=')
    length--;
  if (sodium_base642bin(plain, sizeof plain, token, length, NULL, &size, NULL,
                        sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0)
    return;
  const char *colon = memchr(plain, ':', size);
  if (colon != NULL && utf8_valid((const char *)plain, size)) {
    const char *password = colon + 1;
    add_one(taint, password, size - (size_t)(password - (const char *)plain), REDACTED);
  }
  sodium_memzero(plain, sizeof plain);
}

/** The token of `Scheme token`. */
static void add_credentials(struct taint *taint, const char *value, size_t length, enum certainty certainty) {
  static const char *const schemes[] = {"Basic", "Bearer", "Digest", "JWT", "Token", "ApiKey", "Key"};
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
    size_t word = strlen(schemes[i]);
    if (length <= word + 1 || strncasecmp(value, schemes[i], word) != 0 || value[word] != ' ')
      continue;
    const char *token = value + word;
    while (token < value + length && *token == ' ')
      token++;
    size_t rest = length - (size_t)(token - value);
    add_one(taint, token, rest, certainty);
    if (i == 0)
      add_basic(taint, token, rest);
    return;
  }
}

/** Remembers a value and its parts; it is valid UTF-8 without NUL. */
static void add_whole(struct taint *taint, const char *value, size_t length, enum certainty certainty) {
  add_one(taint, value, length, certainty);
  add_credentials(taint, value, length, certainty);
  if (certainty != LIKELY && memchr(value, '\n', length) != NULL)
    add_lines(taint, value, length);
  if (memchr(value, '=', length) != NULL)
    add_pairs(taint, value, length);
}

/** A record's texts have U+FFFD for each malformed byte and none of the NULs, so the value is taken in that form. */
static void add(struct taint *taint, const char *value, size_t length, enum certainty certainty) {
  if (taint == NULL)
    return;
  if (length > VALUE_MOST)
    length = utf8_cut(value, length, VALUE_MOST);
  if (utf8_valid(value, length) && memchr(value, '\0', length) == NULL) {
    add_whole(taint, value, length, certainty);
    return;
  }
  struct buf repaired;
  buf_init(&repaired, 3 * VALUE_MOST);
  for (size_t at = 0; at < length;) {
    const char *nul = memchr(value + at, '\0', length - at);
    size_t run = (nul != NULL ? (size_t)(nul - value) : length) - at;
    if (!utf8_add_repaired(&repaired, value + at, run))
      taint->failed = true;
    else
      add_whole(taint, repaired.data, repaired.length, certainty);
    buf_clear(&repaired, SIZE_MAX);
    at += run + 1;
  }
  buf_release(&repaired);
}

void taint_add(struct taint *taint, const char *value, size_t length) {
  add(taint, value, length, REDACTED);
}

void taint_add_likely(struct taint *taint, const char *value, size_t length) {
  add(taint, value, length, LIKELY);
}

void taint_add_declared(struct taint *taint, const char *value, size_t length) {
  add(taint, value, length, DECLARED);
}

void taint_add_all(struct taint *taint, const struct taint *from) {
  if (taint == NULL || from == NULL)
    return;
  for (size_t i = 0; i < from->count; i++)
    add_piece(taint, from->bytes.data + from->values[i].start, from->values[i].length, from->values[i].alone);
  taint->failed = taint->failed || from->failed;
}
