/**
 * error_fingerprint.c - what makes two occurrences the same error.
 *
 * Called by error_row_create() in the thread that had the error; keeps no state. The hash is made of the same words as
 * the explanation, so that the explanation cannot say something else.
 */
#include "data/error_fingerprint.h"

#include "base/utf8.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum {
  EXPLANATION_MOST = 4096,
  MESSAGE_MOST = 1000, /* bytes of a message that take part */
  TITLE_MESSAGE = 160, /* bytes of it in a title */
  TYPE_MOST = 200,
  PLACE_MOST = 500, /* of a file, a route or a path in a culprit */
  FRAMES_MOST = 50  /* different functions that take part */
};

static const char *text_or(const char *text, const char *otherwise) {
  return text != NULL && *text != '\0' ? text : otherwise;
}

/** Appends at most so many bytes of a text and splits no character. */
static bool add_cut(struct buf *out, const char *text, size_t most) {
  return buf_add(out, text, utf8_cut(text, strlen(text), most));
}

static const char *type_of(const struct error_record *record) {
  return text_or(record->exc_type, text_or(record->code, "Error"));
}

/* ---- messages ---- */

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/** Characters that hold a number, an id or an address together. */
static bool holds(char c) {
  return is_digit(c) || is_letter(c) || (unsigned char)c >= 0x80 || c == '_' || c == '-' || c == '.' || c == ':' ||
         c == '@' || c == '+';
}

/** The length of the text quoted from here, with its quotes; 0 if no quote opens here or none closes it. */
static size_t quoted_length(const char *text, char before) {
  static const char *const pairs[][2] = {
      {"\"", "\""}, {"'", "'"}, {"`", "`"}, {"\xE2\x80\x9C", "\xE2\x80\x9D"}, {"\xE2\x80\x98", "\xE2\x80\x99"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    size_t open = strlen(pairs[i][0]);
    if (strncmp(text, pairs[i][0], open) != 0)
      continue;
    /* An apostrophe within a word ("isn't") opens nothing. */
    if (*text == '\'' && is_letter(before))
      return 0;
    const char *close = strstr(text + open, pairs[i][1]);
    return close != NULL ? (size_t)(close - text) + strlen(pairs[i][1]) : 0;
  }
  return 0;
}

/** What a run of characters that hold together stands for; NULL if it is a word and stays. */
static const char *placeholder(const char *run, size_t length) {
  size_t digits = 0, letters = 0, time_letters = 0, hex = 0, colons = 0, dots = 0;
  for (size_t i = 0; i < length; i++) {
    char c = run[i];
    digits += is_digit(c);
    letters += is_letter(c) || (unsigned char)c >= 0x80 || c == '_';
    time_letters += c != '\0' && strchr("TZeE", c) != NULL; /* 2021-11-13T14:59Z, 1e5 */
    hex += is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '-' || c == ':';
    colons += c == ':';
    dots += c == '.';
  }
  if (memchr(run, '@', length) != NULL || (length > 2 && run[0] == '0' && (run[1] == 'x' || run[1] == 'X')))
    return "<address>";
  if (digits == 0)
    return NULL;
  if (letters == time_letters)
    return "<number>";
  if (hex == length && colons >= 2)
    return "<address>";
  if (colons > 0 || dots > 0)
    return NULL; /* a file with its line, a host with its port */
  if (hex == length && length >= 8)
    return "<id>";
  return length >= 10 && digits * 5 >= length ? "<id>" : NULL; /* short mixed words are names: "utf8" */
}

/** Digits inside a short word: "seminar12" and "seminar7" are told apart by nobody, "utf8" loses nothing. */
static bool add_word(struct buf *out, const char *word, size_t length) {
  for (size_t i = 0; i < length;) {
    size_t digits = 0;
    while (i + digits < length && is_digit(word[i + digits]))
      digits++;
    if (digits > 0 ? !buf_add_text(out, "<number>") : !buf_add_char(out, word[i]))
      return false;
    i += digits > 0 ? digits : 1;
  }
  return true;
}

bool error_fingerprint_normalise(const char *message, struct buf *out) {
  char before = ' ';
  for (const char *at = message; *at != '\0';) {
    size_t quoted = quoted_length(at, before);
    if (quoted > 0) {
      if (!buf_add_text(out, "<quoted>"))
        return false;
      at += quoted;
      before = '"';
      continue;
    }
    size_t run = 0;
    while (holds(at[run]))
      run++;
    if (run == 0) {
      before = *at;
      if (!buf_add_char(out, *at++))
        return false;
      continue;
    }
    /* Punctuation at the end belongs to the sentence. */
    size_t core = run;
    while (core > 0 && strchr(".:-+", at[core - 1]) != NULL)
      core--;
    const char *word = core > 0 ? placeholder(at, core) : NULL;
    bool good = word != NULL ? buf_add_text(out, word) : add_word(out, at, core);
    if (!good || !buf_add(out, at + core, run - core))
      return false;
    before = at[run - 1];
    at += run;
  }
  return true;
}

/* ---- frames ---- */

/** A function's name, or NULL for an anonymous one: those are called "(anonymous)", or by a line that an edit above
 * them changes. */
static const char *function_name(const json_t *frame) {
  const char *name = json_string_value(json_object_get(frame, "function"));
  if (name == NULL || *name == '\0' || *name == '?' || *name == '(' || strncmp(name, "function <", 10) == 0)
    return NULL;
  return name;
}

/**
 * Appends "file function < file function < …", innermost first, each function once: recursion then makes one group
 * whatever its depth. Two anonymous handlers in one file are told apart by their route. Returns how many there were.
 */
static size_t add_frames(const struct error_record *record, struct buf *out) {
  struct buf seen; /* "\n" file "\t" function "\n" for each, searched as text */
  buf_init(&seen, 64 * 1024);
  size_t count = 0, index;
  json_t *frame;
  json_array_foreach(record->frames, index, frame) {
    if (!json_is_true(json_object_get(frame, "in_app")) || count == FRAMES_MOST)
      continue;
    const char *file = text_or(json_string_value(json_object_get(frame, "file")), "?");
    const char *function = function_name(frame);
    struct buf entry;
    buf_init(&entry, 2048);
    buf_addf(&entry, "\n%s\t%s\n", file, function != NULL ? function : "");
    bool known = entry.failed || (seen.length > 0 && strstr(seen.data, entry.data) != NULL);
    if (!known) {
      buf_add(&seen, entry.data, entry.length);
      buf_addf(out, "%s%s", count > 0 ? " < " : "", file);
      if (function != NULL)
        buf_addf(out, " %s", function);
      else if (record->route != NULL)
        buf_addf(out, " (%s%s%s)", text_or(record->method, ""), record->method != NULL ? " " : "", record->route);
      count++;
    }
    buf_release(&entry);
  }
  buf_release(&seen);
  return count;
}

/* ---- putting it together ---- */

static bool explain(const struct error_record *record, struct buf *out) {
  if (record->fingerprint != NULL && *record->fingerprint != '\0')
    return buf_add_text(out, "the script's own fingerprint: ") &&
           add_cut(out, record->fingerprint, EXPLANATION_MOST - 512);

  struct buf frames;
  buf_init(&frames, EXPLANATION_MOST - 512);
  size_t count = add_frames(record, &frames);
  if (count > 0) {
    buf_add_text(out, "type and functions: ");
    add_cut(out, type_of(record), TYPE_MOST);
    buf_addf(out, " in %s", frames.data);
  }
  buf_release(&frames);
  if (count > 0)
    return true;

  if (record->message != NULL && *record->message != '\0') {
    struct buf message;
    buf_init(&message, (size_t)MESSAGE_MOST * 10); /* a placeholder is up to nine bytes for one */
    char *start = strndup(record->message, utf8_cut(record->message, strlen(record->message), MESSAGE_MOST));
    bool good = start != NULL && error_fingerprint_normalise(start, &message);
    buf_add_text(out, "type and message: ");
    add_cut(out, type_of(record), TYPE_MOST);
    buf_add_text(out, ": ");
    add_cut(out, message.data, EXPLANATION_MOST - 512);
    free(start);
    buf_release(&message);
    return good;
  }
  static const char *const sources[] = {"request", "operator", "notebook", "reload", "alert", "warning", "host"};
  return buf_addf(out, "source and route: %s ", sources[record->source]) &&
         add_cut(out, text_or(record->route, text_or(record->script, "-")), MESSAGE_MOST);
}

static char *make_title(const struct error_record *record) {
  struct buf title;
  buf_init(&title, 2048);
  add_cut(&title, type_of(record), TYPE_MOST);
  const char *message = text_or(record->message, record->value);
  if (message != NULL && *message != '\0') {
    size_t line = strcspn(message, "\r\n");
    size_t cut = utf8_cut(message, line, TITLE_MESSAGE);
    buf_add_text(&title, ": ");
    buf_add(&title, message, cut);
    if (cut < strlen(message))
      buf_add_text(&title, "…");
  }
  char *text = title.failed ? NULL : buf_detach(&title);
  buf_release(&title);
  return text;
}

static char *make_culprit(const struct error_record *record) {
  struct buf culprit;
  buf_init(&culprit, 2048);
  size_t index;
  json_t *frame;
  json_array_foreach(record->frames, index, frame) {
    if (!json_is_true(json_object_get(frame, "in_app")))
      continue;
    const char *function = function_name(frame);
    add_cut(&culprit, text_or(json_string_value(json_object_get(frame, "file")), "?"), PLACE_MOST);
    if (function != NULL) {
      buf_add_char(&culprit, ' ');
      add_cut(&culprit, function, TYPE_MOST);
    }
    break;
  }
  if (culprit.length == 0 && record->route != NULL) {
    buf_addf(&culprit, "%s%s", text_or(record->method, ""), record->method != NULL ? " " : "");
    add_cut(&culprit, record->route, PLACE_MOST);
  }
  if (culprit.length == 0)
    add_cut(&culprit, text_or(record->script, text_or(record->path, "-")), PLACE_MOST);
  char *text = culprit.failed ? NULL : buf_detach(&culprit);
  buf_release(&culprit);
  return text;
}

bool error_fingerprint_make(struct error_fingerprint *fingerprint, const struct error_record *record) {
  memset(fingerprint, 0, sizeof *fingerprint);
  fingerprint->algorithm = MULLIGAN_FINGERPRINT_ALGORITHM;
  struct buf explanation;
  buf_init(&explanation, EXPLANATION_MOST);
  if (explain(record, &explanation) && !explanation.failed) {
    unsigned char hash[16];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)explanation.data, explanation.length, NULL, 0);
    sodium_bin2hex(fingerprint->hash, sizeof fingerprint->hash, hash, sizeof hash);
    fingerprint->explanation = buf_detach(&explanation);
  }
  buf_release(&explanation);
  fingerprint->title = make_title(record);
  fingerprint->culprit = make_culprit(record);
  return fingerprint->explanation != NULL && fingerprint->title != NULL && fingerprint->culprit != NULL;
}

void error_fingerprint_release(struct error_fingerprint *fingerprint) {
  free(fingerprint->explanation);
  free(fingerprint->title);
  free(fingerprint->culprit);
  memset(fingerprint, 0, sizeof *fingerprint);
}
