/**
 * reference.c - making and reading the references that users quote.
 *
 * Called wherever an error is recorded and wherever a person names one, from
 * any thread. A reference is random and not a counter: it must tell a client
 * nothing about how many errors there were. Uniqueness is the database's to
 * enforce; 40 bits make a second try rare.
 */
#include "base/reference.h"

#include <sodium.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { SYMBOLS = 8 };

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void write_canonical(const char *prefix, const char symbols[SYMBOLS], char out[MULLIGAN_REFERENCE_SIZE]) {
  snprintf(out, MULLIGAN_REFERENCE_SIZE, "%.3s-%.4s-%.4s", prefix, symbols, symbols + 4);
}

static void make(const char *prefix, char out[MULLIGAN_REFERENCE_SIZE]) {
  uint8_t random[SYMBOLS];
  char symbols[SYMBOLS];
  /* Idempotent and thread-safe; without it the first random bytes of two threads could race. */
  if (sodium_init() < 0)
    sodium_misuse();
  randombytes_buf(random, sizeof random);
  for (size_t i = 0; i < SYMBOLS; i++)
    symbols[i] = alphabet[random[i] % 32];
  write_canonical(prefix, symbols, out);
}

void reference_make(char out[MULLIGAN_REFERENCE_SIZE]) {
  make("ERR", out);
}

void reference_make_run(char out[MULLIGAN_REFERENCE_SIZE]) {
  make("RUN", out);
}

/** The symbol that a typed character stands for, or NUL. */
static char symbol(char c) {
  if (c >= 'a' && c <= 'z')
    c = (char)(c - 'a' + 'A');
  if (c == 'I' || c == 'L')
    return '1';
  if (c == 'O')
    return '0';
  return c != '\0' && strchr(alphabet, c) != NULL ? c : '\0';
}

/** Collects the symbols among blanks and hyphens; false for anything else, or for more than `most`. */
static bool collect(const char *text, char *symbols, size_t most, size_t *count) {
  *count = 0;
  for (; *text != '\0'; text++) {
    if (*text == '-' || *text == ' ' || *text == '\t' || *text == '\n' || *text == '\r')
      continue;
    char c = symbol(*text);
    if (c == '\0' || *count == most)
      return false;
    symbols[(*count)++] = c;
  }
  return true;
}

bool reference_normalise(const char *text, char out[MULLIGAN_REFERENCE_SIZE]) {
  /* "ERR" is made of symbols itself, so it is told from the rest by counting: 8 symbols, or 11 that start with it. */
  char symbols[3 + SYMBOLS];
  size_t count;
  if (!collect(text, symbols, sizeof symbols, &count))
    return false;
  if (count == SYMBOLS)
    write_canonical("ERR", symbols, out);
  else if (count == 3 + SYMBOLS && memcmp(symbols, "ERR", 3) == 0)
    write_canonical("ERR", symbols + 3, out);
  else
    return false;
  return true;
}

bool reference_normalise_run(const char *text, char out[MULLIGAN_REFERENCE_SIZE]) {
  char symbols[SYMBOLS];
  size_t count;
  text += strspn(text, " \t\r\n");
  if (strncasecmp(text, "RUN", 3) == 0) /* U is no symbol, so this is nothing else */
    text += 3;
  if (!collect(text, symbols, sizeof symbols, &count) || count != SYMBOLS)
    return false;
  write_canonical("RUN", symbols, out);
  return true;
}
