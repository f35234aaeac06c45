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

enum { SYMBOLS = 8 };

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void write_canonical(const char symbols[SYMBOLS], char out[MULLIGAN_REFERENCE_SIZE]) {
  snprintf(out, MULLIGAN_REFERENCE_SIZE, "ERR-%.4s-%.4s", symbols, symbols + 4);
}

void reference_make(char out[MULLIGAN_REFERENCE_SIZE]) {
  uint8_t random[SYMBOLS];
  char symbols[SYMBOLS];
  /* Idempotent and thread-safe; without it the first random bytes of two threads could race. */
  if (sodium_init() < 0)
    sodium_misuse();
  randombytes_buf(random, sizeof random);
  for (size_t i = 0; i < SYMBOLS; i++)
    symbols[i] = alphabet[random[i] % 32];
  write_canonical(symbols, out);
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

bool reference_normalise(const char *text, char out[MULLIGAN_REFERENCE_SIZE]) {
  /* "ERR" is made of symbols itself, so it is told from the rest by counting: 8 symbols, or 11 that start with it. */
  char symbols[3 + SYMBOLS];
  size_t count = 0;
  for (; *text != '\0'; text++) {
    if (*text == '-' || *text == ' ' || *text == '\t' || *text == '\n' || *text == '\r')
      continue;
    char c = symbol(*text);
    if (c == '\0' || count == sizeof symbols)
      return false;
    symbols[count++] = c;
  }
  if (count == SYMBOLS)
    write_canonical(symbols, out);
  else if (count == 3 + SYMBOLS && memcmp(symbols, "ERR", 3) == 0)
    write_canonical(symbols + 3, out);
  else
    return false;
  return true;
}
