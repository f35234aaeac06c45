/**
 * confirmation.c - the question before anything is saved.
 *
 * Called once the operator has seen what would change; blocks while somebody thinks.
 */
#include "operator/confirmation.h"

#include "base/buf.h"
#include "operator/printable.h"
#include "operator/terminal.h"
#include "operator/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { LINE_CAP = 1200, EMAIL_COLUMNS = 80 };

bool confirmation_is(const char *typed, int64_t rows, const char *email) {
  char number[24];
  snprintf(number, sizeof number, "%" PRId64, rows);
  return strcmp(typed, number) == 0 || (email && *email && strcasecmp(typed, email) == 0);
}

bool confirmation_ask(int64_t rows, const char *email) {
  struct buf prompt, shown, line;
  buf_init(&prompt, LINE_CAP);
  buf_init(&shown, LINE_CAP);
  buf_init(&line, LINE_CAP);
  if (email && *email) {
    printable_add(&shown, email, strlen(email), EMAIL_COLUMNS);
    buf_addf(&prompt,
             words("Type the number of rows, %" PRId64 ", or the address %s, to save them; anything else leaves all as "
                   "it is: "),
             rows, shown.data);
  } else {
    buf_addf(&prompt, words("Type the number of rows, %" PRId64 ", to save them; anything else leaves all as it is: "),
             rows);
  }
  bool yes = terminal_ask(prompt.data, false, &line) && confirmation_is(line.data, rows, email);
  buf_release(&prompt);
  buf_release(&shown);
  buf_release(&line);
  return yes;
}
