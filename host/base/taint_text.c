/**
 * taint_text.c - taking remembered values out of texts.
 *
 * Called by error_scrub.c for every text of a record and by the log's binding, on the thread that has the taint. A text
 * is read up to three times: as it stands, percent-decoded, and with its backslash escapes resolved, so that a value is
 * found whichever of its characters were escaped. Each reading feeds the matcher and keeps in mind where in the text
 * each byte came from.
 *
 * Invariant: text and values are valid UTF-8, so that no match begins or ends inside a character.
 */
#include "base/scrub.h"
#include "base/taint.h"
#include "base/taint_internal.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  LEAST_BEGINNING = 6,                /* bytes of a value's beginning at a cut that are taken for it */
  LEAST_CUT = 1000,                   /* bytes of a text that may have been cut without an ellipsis */
  ORIGINS = MULLIGAN_PATTERN_MOST * 2 /* a power of two */
};

#define ELLIPSIS "\xE2\x80\xA6"

/** A part of the text, from `start` up to but without `end`. */
struct span {
  size_t start, end;
};

struct spans {
  struct span *items;
  size_t count, room;
  bool failed;
};

/* ---- the parts found ---- */

static void add_span(struct spans *spans, size_t start, size_t end) {
  if (spans->count > 0) {
    struct span *last = &spans->items[spans->count - 1];
    if (start <= last->end && end >= last->end) {
      last->end = end;
      last->start = start < last->start ? start : last->start;
      return;
    }
  }
  if (spans->count == spans->room) {
    size_t room = spans->room == 0 ? 16 : spans->room * 2;
    struct span *items = realloc(spans->items, room * sizeof *items);
    if (items == NULL) {
      spans->failed = true;
      return;
    }
    spans->items = items;
    spans->room = room;
  }
  spans->items[spans->count++] = (struct span){start, end};
}

static int compare_spans(const void *left, const void *right) {
  const struct span *a = left, *b = right;
  return (a->start > b->start) - (a->start < b->start);
}

/** Appends the text with a mark in the place of each run of spans that touch. */
static bool replace_spans(struct spans *spans, const char *text, size_t length, struct buf *out, int *count) {
  size_t copied = 0;
  qsort(spans->items, spans->count, sizeof *spans->items, compare_spans);
  for (size_t i = 0; i < spans->count;) {
    struct span run = spans->items[i++];
    while (i < spans->count && spans->items[i].start <= run.end) {
      run.end = spans->items[i].end > run.end ? spans->items[i].end : run.end;
      i++;
    }
    buf_add(out, text + copied, run.start - copied);
    buf_add_text(out, MULLIGAN_SCRUBBED);
    copied = run.end;
    ++*count;
  }
  return buf_add(out, text + copied, length - copied);
}

/* ---- readings ---- */

enum reading { PLAIN, PERCENT, BACKSLASH };

/** What one escape, or one byte, stands for. */
struct unit {
  unsigned char bytes[4];
  int count;
  size_t size; /* in the text */
};

static int hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  c = (char)(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/** The value of `digits` hexadecimal digits at `at`; -1 if they are not there. */
static int32_t hex_value(const char *text, size_t length, size_t at, int digits) {
  int32_t value = 0;
  for (int i = 0; i < digits; i++, at++) {
    int digit = at < length ? hex_digit(text[at]) : -1;
    if (digit < 0)
      return -1;
    value = value << 4 | digit;
  }
  return value;
}

static void put_character(struct unit *unit, int32_t point) {
  unsigned char *bytes = unit->bytes;
  if (point < 0x80) {
    bytes[0] = (unsigned char)point;
    unit->count = 1;
  } else if (point < 0x800) {
    bytes[0] = (unsigned char)(0xC0 | point >> 6);
    bytes[1] = (unsigned char)(0x80 | (point & 0x3F));
    unit->count = 2;
  } else if (point < 0x10000) {
    bytes[0] = (unsigned char)(0xE0 | point >> 12);
    bytes[1] = (unsigned char)(0x80 | (point >> 6 & 0x3F));
    bytes[2] = (unsigned char)(0x80 | (point & 0x3F));
    unit->count = 3;
  } else {
    bytes[0] = (unsigned char)(0xF0 | point >> 18);
    bytes[1] = (unsigned char)(0x80 | (point >> 12 & 0x3F));
    bytes[2] = (unsigned char)(0x80 | (point >> 6 & 0x3F));
    bytes[3] = (unsigned char)(0x80 | (point & 0x3F));
    unit->count = 4;
  }
}

/** The escape at a backslash, as JSON has them; Lua's are the same as far as secrets go. */
static void read_escape(const char *text, size_t length, size_t at, struct unit *unit) {
  static const char letters[] = "nrtbf", meanings[] = "\n\r\t\b\f";
  if (at + 1 == length)
    return;
  char c = text[at + 1];
  const char *letter = c != '\0' ? strchr(letters, c) : NULL;
  int32_t point = c == 'u' ? hex_value(text, length, at + 2, 4) : -1;
  unit->size = 2;
  if (point >= 0) {
    unit->size = 6;
    bool pair = point >= 0xD800 && point < 0xDC00 && at + 7 < length && text[at + 6] == '\\' && text[at + 7] == 'u';
    int32_t low = pair ? hex_value(text, length, at + 8, 4) : -1;
    if (low >= 0xDC00 && low < 0xE000) {
      point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
      unit->size = 12;
    }
    put_character(unit, point);
  } else if ((unsigned char)c < 0x80) {
    unit->bytes[0] = (unsigned char)(letter != NULL ? meanings[letter - letters] : c);
  } else {
    unit->size = 1; /* no escape: the character after it is read by itself */
  }
}

static struct unit read_unit(enum reading reading, const char *text, size_t length, size_t at) {
  struct unit unit = {{(unsigned char)text[at]}, 1, 1};
  if (reading == PERCENT && text[at] == '%') {
    int32_t byte = hex_value(text, length, at + 1, 2);
    if (byte >= 0) {
      unit.bytes[0] = (unsigned char)byte;
      unit.size = 3;
    }
  } else if (reading == PERCENT && text[at] == '+') {
    unit.bytes[0] = ' ';
  } else if (reading == BACKSLASH && text[at] == '\\') {
    read_escape(text, length, at, &unit);
  }
  return unit;
}

/* ---- searching ---- */

enum kind { OTHER, DIGIT, LETTER };

static enum kind kind_of(char c) {
  if (c >= '0' && c <= '9')
    return DIGIT;
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ? LETTER : OTHER;
}

/** Does a word or a number stand by itself, rather than within a longer one? What ends an escape is no part of it. */
static bool stands_alone(const char *text, size_t length, size_t start, size_t end) {
  if (end < length && kind_of(text[end]) == kind_of(text[end - 1]))
    return false;
  if (start == 0 || kind_of(text[start - 1]) != kind_of(text[start]))
    return true;
  return (start >= 3 && text[start - 3] == '%' && hex_value(text, length, start - 2, 2) >= 0) ||
         (start >= 2 && text[start - 2] == '\\');
}

/** How many of the last bytes are the beginning of a value whose rest may have been cut off. */
static size_t beginning(const struct matcher *matcher, matcher_place place) {
  size_t depth = matcher_depth(matcher, place);
  /* A whole value has been judged already. */
  return depth >= LEAST_BEGINNING && matcher_longest(matcher, place).length < depth ? depth : 0;
}

/** Reads the text in one way and notes the parts that are remembered values. */
static void search(const struct matcher *matcher, enum reading reading, const char *text, size_t length,
                   struct spans *spans) {
  size_t origins[ORIGINS]; /* where each of the last bytes came from */
  size_t fed = 0;
  matcher_place place = 0;
  for (size_t at = 0; at < length;) {
    struct unit unit = read_unit(reading, text, length, at);
    if (text[at] == ELLIPSIS[0] && length - at >= 3 && memcmp(text + at, ELLIPSIS, 3) == 0 &&
        beginning(matcher, place) > 0)
      add_span(spans, origins[(fed - beginning(matcher, place)) % ORIGINS], at);
    size_t end = at + unit.size;
    for (int i = 0; i < unit.count; i++) {
      origins[fed++ % ORIGINS] = at;
      place = matcher_step(matcher, place, unit.bytes[i]);
      struct matcher_hit hit = matcher_longest(matcher, place);
      for (; hit.length > 0; hit = matcher_shorter(matcher, hit)) {
        size_t start = origins[(fed - hit.length) % ORIGINS];
        if (!hit.alone || stands_alone(text, length, start, end)) {
          add_span(spans, start, end);
          break;
        }
      }
    }
    at = end;
  }
  if (length >= LEAST_CUT && beginning(matcher, place) > 0)
    add_span(spans, origins[(fed - beginning(matcher, place)) % ORIGINS], length);
}

/** Makes the matcher for what is remembered now; false when out of memory. */
static bool prepare(struct taint *taint) {
  if (taint->matcher != NULL)
    return true;
  struct matcher *matcher = matcher_create();
  bool good = matcher != NULL;
  for (size_t i = 0; good && i < taint->count; i++) {
    const struct taint_value *value = &taint->values[i];
    if (!value->whole)
      good = matcher_add(matcher, taint->bytes.data + value->start, value->length, value->alone);
  }
  if (!good) {
    matcher_destroy(matcher);
    return false;
  }
  matcher_finish(matcher);
  taint->matcher = matcher;
  return true;
}

bool taint_text(struct taint *taint, const char *text, size_t length, struct buf *out, int *count) {
  if (taint->failed)
    return false;
  if (taint->count == 0 || length == 0)
    return true;
  if (!prepare(taint))
    return false;
  struct spans spans = {0};
  search(taint->matcher, PLAIN, text, length, &spans);
  if (memchr(text, '%', length) != NULL || memchr(text, '+', length) != NULL)
    search(taint->matcher, PERCENT, text, length, &spans);
  if (memchr(text, '\\', length) != NULL)
    search(taint->matcher, BACKSLASH, text, length, &spans);
  bool good = !spans.failed && (spans.count == 0 || replace_spans(&spans, text, length, out, count));
  free(spans.items);
  return good;
}

/* ---- JSON ---- */

/** The text without the values, as a new reference in `*fresh`; NULL there if it has none. */
static bool clean_text(struct taint *taint, const char *text, size_t length, json_t **fresh, int *count) {
  struct buf clean;
  int found = 0;
  buf_init(&clean, SIZE_MAX);
  bool good = taint_text(taint, text, length, &clean, &found);
  *fresh = NULL;
  if (good && found > 0) {
    *fresh = json_stringn_nocheck(clean.data, clean.length);
    good = *fresh != NULL;
    *count += found;
  }
  buf_release(&clean);
  return good;
}

/** Is it one of the values that are too short to be looked for within texts? */
static bool is_short_secret(const struct taint *taint, const json_t *text) {
  for (size_t i = 0; i < taint->count; i++) {
    const struct taint_value *value = &taint->values[i];
    if (value->whole && value->length == json_string_length(text) &&
        memcmp(taint->bytes.data + value->start, json_string_value(text), value->length) == 0)
      return true;
  }
  return false;
}

/** What takes the place of a value, in `*fresh`; NULL if it stays. */
static bool clean_value(struct taint *taint, json_t *value, json_t **fresh, int *count) {
  char digits[24];
  *fresh = NULL;
  switch (json_typeof(value)) {
  case JSON_STRING:
    if (is_short_secret(taint, value)) {
      *fresh = json_string(MULLIGAN_SCRUBBED);
      ++*count;
      return *fresh != NULL;
    }
    return clean_text(taint, json_string_value(value), json_string_length(value), fresh, count);
  case JSON_INTEGER:
    snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return clean_text(taint, digits, strlen(digits), fresh, count);
  case JSON_ARRAY:
  case JSON_OBJECT:
    return taint_json(taint, &value, count);
  default:
    return true;
  }
}

/** Rebuilds an object of which a key holds a value. */
static bool clean_keys(struct taint *taint, json_t *object, int *count) {
  const char *key;
  json_t *value, *fresh = NULL;
  json_t *renamed = json_object();
  bool good = renamed != NULL;
  json_object_foreach(object, key, value) {
    good = good && clean_text(taint, key, strlen(key), &fresh, count);
    good = good && json_object_set_nocheck(renamed, fresh != NULL ? json_string_value(fresh) : key, value) == 0;
    if (good)
      json_decref(fresh);
  }
  good = good && json_object_clear(object) == 0 && json_object_update(object, renamed) == 0;
  json_decref(renamed);
  return good;
}

static bool clean_object(struct taint *taint, json_t *object, int *count) {
  const char *key;
  json_t *value, *fresh = NULL;
  bool good = true, renames = false;
  json_object_foreach(object, key, value) {
    good = good && clean_value(taint, value, &fresh, count) &&
           (fresh == NULL || json_object_set_new_nocheck(object, key, fresh) == 0) &&
           clean_text(taint, key, strlen(key), &fresh, &(int){0});
    renames = renames || (good && fresh != NULL);
    if (good)
      json_decref(fresh);
  }
  return good && (!renames || clean_keys(taint, object, count));
}

static bool clean_array(struct taint *taint, json_t *array, int *count) {
  for (size_t i = 0; i < json_array_size(array); i++) {
    json_t *fresh;
    if (!clean_value(taint, json_array_get(array, i), &fresh, count) ||
        (fresh != NULL && json_array_set_new(array, i, fresh) != 0))
      return false;
  }
  return true;
}

bool taint_json(struct taint *taint, json_t **value, int *count) {
  if (taint->count == 0 || *value == NULL)
    return !taint->failed;
  if (json_is_object(*value))
    return clean_object(taint, *value, count);
  if (json_is_array(*value))
    return clean_array(taint, *value, count);
  json_t *fresh;
  if (!clean_value(taint, *value, &fresh, count))
    return false;
  if (fresh != NULL) {
    json_decref(*value);
    *value = fresh;
  }
  return true;
}
