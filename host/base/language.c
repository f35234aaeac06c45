/**
 * language.c - the language of this host's people.
 *
 * Asked by whatever speaks to operators, on any thread; the environment does not change while the program runs.
 */
#include "base/language.h"

#include <stdlib.h>
#include <string.h>

const char *language_of_host(void) {
  static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
  for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
    const char *value = getenv(variables[i]);
    if (value && *value)
      return strncmp(value, "ko", 2) == 0 ? "ko" : "en";
  }
  return "en";
}
