/**
 * scrub.c - replacing secrets by name and by looks.
 *
 * Called wherever something is about to be stored, spooled, logged or sent,
 * from any thread; a scrubber is never changed after scrub_create(). All of it
 * takes linear time. Where a name is in doubt the value goes: a lost value
 * costs a question, a leak costs a key.
 */
#include "base/scrub.h"

#include "base/form.h"
#include "base/giveaway.h"
#include "base/named_value.h"
#include "base/taint.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MOST = 128 }; /* a longer name is no name; what is kept under it is taken for secret */

/** Secret as a whole name. Compared without separators, so `session_id` and `Set-Cookie` are here too. */
static const char *const whole_names[] = {
    "auth", "pw",  "pwd", "session", "sessionid",  "sessionkey", "phpsessid", "csrf",    "otp",
    "ssn",  "cvv", "cvc", "card",    "cardnumber", "jwt",        "tokens",    "xapikey", "비밀번호",
};

/** Secret as the end of a word anywhere in a name: `new_password`, `clientSecret`, `csrfmiddlewaretoken`, `token_hash`.
 */
static const char *const word_endings[] = {
    "password", "passwords", "passwd",  "passphrase", "secret",      "secrets",    "token",      "authorization",
    "cookie",   "cookies",   "api_key", "apikey",     "private_key", "privatekey", "credential", "credentials",
};

struct scrub {
  char **names; /* what settings add, folded and without separators */
  size_t count;
};

static bool is_name_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-' ||
         (unsigned char)c >= 0x80;
}

/**
 * Folds a name: lower case, every separator as `_`, and a `_` where camelCase starts a word. Writes at most
 * 2 * length bytes and a NUL.
 */
static void fold(const char *name, size_t length, char *out) {
  size_t at = 0;
  for (size_t i = 0; i < length; i++) {
    char c = name[i];
    bool upper = c >= 'A' && c <= 'Z';
    if (upper && i > 0) {
      bool after_upper = name[i - 1] >= 'A' && name[i - 1] <= 'Z';
      bool before_lower = i + 1 < length && name[i + 1] >= 'a' && name[i + 1] <= 'z';
      if (out[at - 1] != '_' && (!after_upper || before_lower))
        out[at++] = '_';
    }
    if (upper)
      c = (char)(c - 'A' + 'a');
    out[at++] = is_name_char(c) && c != '-' ? c : '_';
  }
  out[at] = '\0';
}

/** Takes the separators out of a folded name. */
static void squeeze(const char *folded, char *out) {
  for (; *folded != '\0'; folded++) {
    if (*folded != '_')
      *out++ = *folded;
  }
  *out = '\0';
}

struct scrub *scrub_create(const char *const *names, size_t count) {
  struct scrub *scrub = calloc(1, sizeof *scrub);
  if (scrub == NULL)
    return NULL;
  scrub->names = calloc(count + 1, sizeof *scrub->names);
  for (size_t i = 0; scrub->names != NULL && i < count; i++) {
    size_t length = strlen(names[i]);
    char *folded = malloc(2 * length + 1);
    char *squeezed = malloc(2 * length + 1);
    if (folded == NULL || squeezed == NULL) {
      free(folded);
      free(squeezed);
      scrub_destroy(scrub);
      return NULL;
    }
    fold(names[i], length, folded);
    squeeze(folded, squeezed);
    free(folded);
    scrub->names[scrub->count++] = squeezed;
  }
  if (scrub->names == NULL) {
    scrub_destroy(scrub);
    return NULL;
  }
  return scrub;
}

void scrub_destroy(struct scrub *scrub) {
  if (scrub == NULL)
    return;
  for (size_t i = 0; i < scrub->count; i++)
    free(scrub->names[i]);
  free(scrub->names);
  free(scrub);
}

static bool is_whole_name(const struct scrub *scrub, const char *folded) {
  char squeezed[2 * NAME_MOST + 1];
  squeeze(folded, squeezed);
  if (squeezed[0] == '\0')
    return false;
  for (size_t i = 0; i < sizeof whole_names / sizeof *whole_names; i++) {
    if (strcmp(squeezed, whole_names[i]) == 0)
      return true;
  }
  for (size_t i = 0; i < scrub->count; i++) {
    if (strcmp(squeezed, scrub->names[i]) == 0)
      return true;
  }
  return false;
}

/** Does `ending` end a word of the name? A digit may follow, as in `password2`; a letter may not, as in `tokens_used`.
 */
static bool has_word_ending(const char *folded, const char *ending) {
  for (const char *at = folded; (at = strstr(at, ending)) != NULL; at++) {
    char next = at[strlen(ending)];
    if (next == '\0' || next == '_' || (next >= '0' && next <= '9'))
      return true;
  }
  return false;
}

bool scrub_is_secret_name(const struct scrub *scrub, const char *name, size_t length) {
  if (length > NAME_MOST)
    return true;
  char folded[2 * NAME_MOST + 1];
  fold(name, length, folded);
  if (is_whole_name(scrub, folded))
    return true;
  for (size_t i = 0; i < sizeof word_endings / sizeof *word_endings; i++) {
    if (has_word_ending(folded, word_endings[i]))
      return true;
  }

  /* `user[otp]` and `user.otp`: the innermost name counts for itself. */
  size_t end = length;
  while (end > 0 && name[end - 1] == ']')
    end--;
  size_t start = end;
  while (start > 0 && name[start - 1] != '[' && name[start - 1] != '.')
    start--;
  if (start == 0)
    return false;
  fold(name + start, end - start, folded);
  return is_whole_name(scrub, folded);
}

/** What was scrubbed before is not a secret found again. */
static bool is_scrubbed(const char *text, size_t length) {
  return length == strlen(MULLIGAN_SCRUBBED) && memcmp(text, MULLIGAN_SCRUBBED, length) == 0;
}

/**
 * Counts and remembers what a text gave away. A value that merely seems to stand beside a name may be code without
 * quotes (`token=session.token`) or a sentence in them (`password = "Too short."`): such a one must look random.
 */
static void take_giveaway(const char *text, const struct giveaway *found, bool named, struct scrub_tally *tally) {
  const char *value = text + found->start;
  size_t length = found->end - found->start;
  if (is_scrubbed(value, length))
    return;
  tally->count++;
  bool quoted = found->start > 0 && (value[-1] == '"' || value[-1] == '\'');
  if (named && (!quoted || memchr(value, ' ', length) != NULL))
    taint_add_likely(tally->taint, value, length);
  else
    taint_add(tally->taint, value, length);
}

bool scrub_text(const struct scrub *scrub, const char *text, size_t length, struct buf *out,
                struct scrub_tally *tally) {
  size_t copied = 0; /* what is before it is in `out`, as it was or replaced */
  for (size_t at = 0; at < length;) {
    struct giveaway found;
    bool separator = text[at] == '=' || text[at] == ':';
    bool named = separator && named_value_at(scrub, text, length, copied, at, &found);
    if (!named && !giveaway_at(text, length, copied, at, &found)) {
      at++;
      continue;
    }
    if (!buf_add(out, text + copied, found.start - copied) || !buf_add_text(out, MULLIGAN_SCRUBBED))
      return false;
    take_giveaway(text, &found, named, tally);
    at = copied = found.end;
  }
  return buf_add(out, text + copied, length - copied);
}

/** The next `name=value` of a form; a part without `=` is a name. */
struct pair {
  const char *name, *value;
  size_t name_length, value_length;
  bool has_value;
};

static struct pair split_pair(const char *text, size_t length) {
  const char *equals = memchr(text, '=', length);
  if (equals == NULL)
    return (struct pair){.name = text, .name_length = length, .value = text + length};
  size_t name_length = (size_t)(equals - text);
  return (struct pair){text, equals + 1, name_length, length - name_length - 1, true};
}

/** Decodes into `out` (emptied first); a broken escape leaves the text as it was written. */
static bool decode(const char *text, size_t length, struct buf *out) {
  buf_clear(out, SIZE_MAX);
  if (form_percent_decode(text, length, true, out))
    return true;
  buf_clear(out, SIZE_MAX);
  return buf_add(out, text, length);
}

bool scrub_form(const struct scrub *scrub, const char *text, size_t length, struct buf *out,
                struct scrub_tally *tally) {
  struct buf decoded, scrubbed;
  buf_init(&decoded, length);
  buf_init(&scrubbed, SIZE_MAX);
  bool ok = true;
  for (size_t at = 0; ok && at <= length;) {
    const char *ampersand = at < length ? memchr(text + at, '&', length - at) : NULL;
    size_t end = ampersand == NULL ? length : (size_t)(ampersand - text);
    struct pair pair = split_pair(text + at, end - at);

    struct scrub_tally hits = {.taint = tally->taint};
    ok = decode(pair.name, pair.name_length, &decoded);
    bool secret = ok && pair.value_length > 0 && scrub_is_secret_name(scrub, decoded.data, decoded.length);
    if (ok && !secret) {
      /* Judged as it is meant, but replaced whole: what is left of a decoded value would have to be encoded again. */
      const char *part = pair.has_value ? pair.value : pair.name;
      size_t part_length = pair.has_value ? pair.value_length : pair.name_length;
      buf_clear(&scrubbed, SIZE_MAX);
      ok = decode(part, part_length, &decoded) && scrub_text(scrub, decoded.data, decoded.length, &scrubbed, &hits);
    }
    if (secret && !is_scrubbed(pair.value, pair.value_length)) {
      ok = decode(pair.value, pair.value_length, &decoded);
      taint_add(tally->taint, decoded.data, decoded.length);
    }
    if (secret || hits.count > 0) {
      tally->count += !is_scrubbed(pair.value, pair.value_length);
      ok = ok && (!pair.has_value || (buf_add(out, pair.name, pair.name_length) && buf_add_char(out, '='))) &&
           buf_add_text(out, MULLIGAN_SCRUBBED);
    } else {
      ok = ok && buf_add(out, text + at, end - at);
    }
    if (end < length)
      ok = ok && buf_add_char(out, '&');
    at = end + 1;
  }
  buf_release(&decoded);
  buf_release(&scrubbed);
  return ok;
}

/** `direct`: it stands under the secret name itself, or in a list there. */
static void remember(const struct scrub *scrub, const json_t *value, bool direct, struct taint *taint) {
  if (json_is_object(value)) {
    json_t *object = (json_t *)value; /* as in scrub_object() */
    for (void *i = json_object_iter(object); i != NULL; i = json_object_iter_next(object, i)) {
      const char *key = json_object_iter_key(i);
      taint_add_likely(taint, key, strlen(key));
      remember(scrub, json_object_iter_value(i), scrub_is_secret_name(scrub, key, strlen(key)), taint);
    }
  } else if (json_is_array(value)) {
    for (size_t i = 0; i < json_array_size(value); i++)
      remember(scrub, json_array_get(value, i), direct, taint);
  } else if (json_is_string(value) && direct) {
    taint_add(taint, json_string_value(value), json_string_length(value));
  } else if (json_is_string(value)) {
    taint_add_likely(taint, json_string_value(value), json_string_length(value));
  } else if (json_is_integer(value) && direct) {
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    taint_add(taint, digits, (size_t)length);
  }
}

void scrub_remember(const struct scrub *scrub, const json_t *value, struct taint *taint) {
  if (taint != NULL)
    remember(scrub, value, true, taint);
}

static json_t *scrub_string(const struct scrub *scrub, const char *text, size_t length, struct scrub_tally *tally) {
  struct buf out;
  buf_init(&out, SIZE_MAX);
  json_t *copy = NULL;
  if (scrub_text(scrub, text, length, &out, tally))
    copy = json_stringn_nocheck(out.data, out.length);
  buf_release(&out);
  return copy;
}

static json_t *scrub_array(const struct scrub *scrub, const json_t *value, struct scrub_tally *tally) {
  json_t *copy = json_array();
  for (size_t i = 0; copy != NULL && i < json_array_size(value); i++) {
    if (json_array_append_new(copy, scrub_json(scrub, json_array_get(value, i), tally)) != 0) {
      json_decref(copy);
      copy = NULL;
    }
  }
  return copy;
}

/** Adds a member; a key may give itself away too. */
static bool add_member(const struct scrub *scrub, json_t *object, const char *key, const json_t *value,
                       struct scrub_tally *tally) {
  size_t length = strlen(key);
  json_t *copy;
  if (scrub_is_secret_name(scrub, key, length)) {
    copy = json_string(MULLIGAN_SCRUBBED);
    scrub_remember(scrub, value, tally->taint);
    tally->count++;
  } else {
    copy = scrub_json(scrub, value, tally);
  }
  json_t *name = scrub_string(scrub, key, length, tally);
  bool added = name != NULL && json_object_set_new_nocheck(object, json_string_value(name), copy) == 0;
  if (name == NULL)
    json_decref(copy);
  json_decref(name);
  return added;
}

static json_t *scrub_object(const struct scrub *scrub, const json_t *value, struct scrub_tally *tally) {
  json_t *copy = json_object();
  json_t *object = (json_t *)value; /* jansson's iterator is not const, but changes nothing */
  for (void *i = json_object_iter(object); copy != NULL && i != NULL; i = json_object_iter_next(object, i)) {
    if (!add_member(scrub, copy, json_object_iter_key(i), json_object_iter_value(i), tally)) {
      json_decref(copy);
      copy = NULL;
    }
  }
  return copy;
}

json_t *scrub_json(const struct scrub *scrub, const json_t *value, struct scrub_tally *tally) {
  switch (json_typeof(value)) {
  case JSON_OBJECT:
    return scrub_object(scrub, value, tally);
  case JSON_ARRAY:
    return scrub_array(scrub, value, tally);
  case JSON_STRING:
    return scrub_string(scrub, json_string_value(value), json_string_length(value), tally);
  case JSON_INTEGER: {
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    if (giveaway_is_card(digits, (size_t)length)) {
      tally->count++;
      taint_add(tally->taint, digits, (size_t)length);
      return json_string(MULLIGAN_SCRUBBED);
    }
    return json_copy((json_t *)value);
  }
  default:
    return json_copy((json_t *)value);
  }
}
