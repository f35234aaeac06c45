/**
 * giveaway.c - recognising secrets by their looks.
 *
 * Called by scrub.c from any thread; keeps no state. Invariants: reads only
 * [from, length); each matcher starts only at the first byte of a run, and
 * what it reads ahead it either consumes or reads a bounded number of times,
 * so a whole text takes linear time. Where a secret may or may not be one,
 * ordinary words, ids and times win: an error must stay readable.
 */
#include "base/giveaway.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

enum {
  WORD_MOST = 20,     /* letters of the longest token after "Bearer" that is still taken for a plain word */
  TOKEN_LEAST = 4,    /* the shortest token after "Bearer" */
  PEM_LABEL_MOST = 64 /* characters between "BEGIN " and the dashes */
};

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

static bool is_alnum(char c) {
  return is_digit(c) || is_upper(c) || (c >= 'a' && c <= 'z');
}

static bool is_base64url(char c) {
  return is_alnum(c) || c == '-' || c == '_';
}

/** A character of RFC 6750's b64token, but for the `=` that pads it. */
static bool is_token(char c) {
  return is_base64url(c) || c == '.' || c == '~' || c == '+' || c == '/';
}

static bool starts_with(const char *text, size_t length, size_t at, const char *word) {
  size_t wanted = strlen(word);
  return length - at >= wanted && memcmp(text + at, word, wanted) == 0;
}

/** "authentication", "Tokens", "token-based": what stands after "Bearer" in prose. */
static bool is_plain_word(const char *text, size_t length) {
  if (length > WORD_MOST)
    return false;
  for (size_t i = 0; i < length; i++) {
    bool lower = text[i] >= 'a' && text[i] <= 'z';
    if (!lower && text[i] != '-' && !(i == 0 && is_upper(text[i])))
      return false;
  }
  return true;
}

/** `Bearer abc123`, `JWT eyJ…`: the token goes, the scheme stays. */
static bool scheme_at(const char *text, size_t length, size_t from, size_t at, struct giveaway *found) {
  size_t next;
  if (length - at > 6 && strncasecmp(text + at, "bearer", 6) == 0)
    next = at + 6;
  else if (length - at > 3 && strncasecmp(text + at, "jwt", 3) == 0)
    next = at + 3;
  else
    return false;
  if (at > from && is_alnum(text[at - 1]))
    return false;

  size_t start = next;
  while (start < length && start - next < 8 && text[start] == ' ')
    start++;
  if (start == next)
    return false;

  size_t word = start;
  while (word < length && is_token(text[word]))
    word++;
  size_t end = word;
  while (end < length && (is_token(text[end]) || text[end] == '='))
    end++;
  bool plain = is_plain_word(text + start, word - start);
  if (end == word) {
    while (end > start && text[end - 1] == '.') /* the full stop of a sentence */
      end--;
    plain = is_plain_word(text + start, end - start);
  } else {
    /* `Bearer realm="api"` is a challenge, as is `Bearer realm=[scrubbed]`; `Bearer abcd==` has its padding. */
    size_t after = word + 1;
    plain = plain && after < length && (text[after] == '"' || text[after] == '[' || is_token(text[after]));
  }
  if (plain || word - start < TOKEN_LEAST)
    return false;
  *found = (struct giveaway){start, end};
  return end > start;
}

static size_t base64url_end(const char *text, size_t length, size_t at) {
  while (at < length && is_base64url(text[at]))
    at++;
  return at;
}

/** A bare JWT: `eyJ` is how base64url writes `{"`. Two parts are enough if both say so: the text may have been cut. */
static bool jwt_at(const char *text, size_t length, size_t from, size_t at, struct giveaway *found) {
  if (!starts_with(text, length, at, "eyJ") || (at > from && is_base64url(text[at - 1])))
    return false;
  size_t end = base64url_end(text, length, at);
  if (end - at < 8 || end == length || text[end] != '.')
    return false;
  size_t second = end + 1;
  end = base64url_end(text, length, second);
  if (end - second < 2)
    return false;
  bool cut = starts_with(text, length, second, "eyJ");
  bool third = end + 1 < length && text[end] == '.' && is_base64url(text[end + 1]);
  if (!cut && !third)
    return false;
  while (end + 1 < length && text[end] == '.' && is_base64url(text[end + 1]))
    end = base64url_end(text, length, end + 1);
  *found = (struct giveaway){at, end};
  return true;
}

/** The place after `LABEL-----` at `at`, or 0. */
static size_t pem_label_end(const char *text, size_t length, size_t at) {
  size_t label = at;
  while (at < length && at - label < PEM_LABEL_MOST && (is_upper(text[at]) || is_digit(text[at]) || text[at] == ' '))
    at++;
  return at > label && starts_with(text, length, at, "-----") ? at + 5 : 0;
}

/** A PEM block, whole, or up to the end of the text if its last line was cut off. */
static bool pem_at(const char *text, size_t length, size_t at, struct giveaway *found) {
  if (!starts_with(text, length, at, "-----BEGIN "))
    return false;
  size_t body = pem_label_end(text, length, at + 11);
  if (body == 0)
    return false;
  *found = (struct giveaway){at, length};
  const char *last = memmem(text + body, length - body, "-----END ", 9);
  if (last != NULL) {
    size_t end = pem_label_end(text, length, (size_t)(last - text) + 9);
    if (end != 0)
      found->end = end;
  }
  return true;
}

static bool ends_authority(char c) {
  return (unsigned char)c <= ' ' || strchr("/?#\"'<>\\`", c) != NULL;
}

/** `scheme://user:password@host`: the password goes. `at` is at the colon before the slashes. */
static bool url_password_at(const char *text, size_t length, size_t at, struct giveaway *found) {
  if (!starts_with(text, length, at, "://"))
    return false;
  size_t user = at + 3, colon = 0, sign = 0;
  for (size_t i = user; i < length && !ends_authority(text[i]); i++) {
    if (text[i] == ':' && colon == 0)
      colon = i;
    else if (text[i] == '@')
      sign = i; /* the last one: a careless password may hold others */
  }
  if (colon == 0 || sign <= colon + 1)
    return false;
  *found = (struct giveaway){colon + 1, sign};
  return true;
}

/** The issuers' ranges by their first four digits, and the lengths each uses: a bit for each, 1 << (length - 13). */
static const struct {
  int first, last;
  unsigned lengths;
} issuers[] = {
    {2221, 2720, 1 << 3},                   /* Mastercard */
    {3000, 3059, 1 << 1},                   /* Diners Club */
    {3400, 3499, 1 << 2},                   /* American Express */
    {3528, 3589, 0xF << 3},                 /* JCB */
    {3600, 3699, 1 << 1},                   /* Diners Club */
    {3700, 3799, 1 << 2},                   /* American Express */
    {3800, 3999, 1 << 1},                   /* Diners Club */
    {4000, 4999, 1 << 0 | 1 << 3 | 1 << 6}, /* Visa */
    {5000, 5099, 0x7F},                     /* Maestro */
    {5100, 5599, 1 << 3},                   /* Mastercard */
    {5600, 5899, 0x7F},                     /* Maestro */
    {6000, 6999, 0xF << 3},                 /* Discover, UnionPay, Maestro */
    {9000, 9999, 1 << 3},                   /* Korean domestic cards */
};

/*
 * The check digit alone fits every tenth number. The issuers' ranges leave out what starts with 0, 1, 7 or 8, and so
 * all times in milliseconds, microseconds and nanoseconds of these decades, and dates written as digits.
 */
bool giveaway_is_card(const char *digits, size_t count) {
  if (count < 13 || count > 19)
    return false;
  int prefix = 0, sum = 0;
  for (size_t i = 0; i < count; i++) {
    int digit = digits[i] - '0';
    if (i < 4)
      prefix = prefix * 10 + digit;
    if ((count - i) % 2 == 0) {
      digit *= 2;
      if (digit > 9)
        digit -= 9;
    }
    sum += digit;
  }
  if (sum % 10 != 0)
    return false;
  for (size_t i = 0; i < sizeof issuers / sizeof *issuers; i++) {
    if (prefix >= issuers[i].first && prefix <= issuers[i].last)
      return (issuers[i].lengths >> (count - 13) & 1) != 0;
  }
  return false;
}

/** Nothing that would make the digits part of an id, a word or a decimal fraction follows or goes before. */
static bool stands_alone(const char *text, size_t length, size_t from, size_t start, size_t end) {
  if (start > from && (is_alnum(text[start - 1]) || text[start - 1] == '_'))
    return false;
  if (start > from + 1 && text[start - 1] == '.' && is_digit(text[start - 2]))
    return false;
  if (end < length && (is_alnum(text[end]) || text[end] == '_'))
    return false;
  return !(end + 1 < length && text[end] == '.' && is_digit(text[end + 1]));
}

/**
 * A card number, in one piece or in groups of four to six digits (the last may be shorter) with one kind of separator.
 * Groups after the number, such as the month it expires in, do not hide it.
 */
static bool card_at(const char *text, size_t length, size_t from, size_t at, struct giveaway *found) {
  if (at > from && is_digit(text[at - 1]))
    return false;
  char digits[20];
  size_t count = 0, group = 0;
  char separator = '\0';
  bool hit = false;
  for (size_t i = at; i < length; i++) {
    char c = text[i];
    if (is_digit(c)) {
      if (count == 19)
        break;
      digits[count++] = c;
      group++;
      bool group_ends = i + 1 == length || !is_digit(text[i + 1]);
      if (separator != '\0' && group > 6)
        break;
      if (group_ends && giveaway_is_card(digits, count) && stands_alone(text, length, from, at, i + 1)) {
        *found = (struct giveaway){at, i + 1};
        hit = true;
      }
    } else if ((c == ' ' || c == '-') && (separator == '\0' || c == separator) && group >= 4 && group <= 6) {
      separator = c;
      group = 0;
    } else {
      break;
    }
  }
  return hit;
}

bool giveaway_at(const char *text, size_t length, size_t from, size_t at, struct giveaway *found) {
  switch (text[at]) {
  case 'B':
  case 'b':
  case 'J':
  case 'j':
    return scheme_at(text, length, from, at, found);
  case 'e':
    return jwt_at(text, length, from, at, found);
  case '-':
    return pem_at(text, length, at, found);
  case ':':
    return url_password_at(text, length, at, found);
  default:
    return is_digit(text[at]) && card_at(text, length, from, at, found);
  }
}
