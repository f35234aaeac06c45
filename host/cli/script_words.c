/**
 * script_words.c - a command line divided between flags and a script's parameters.
 *
 * Runs on the main thread. A word behind an unknown flag is taken for its value, so the script's name comes before its
 * parameters.
 */
#include "cli/script_words.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the commands that run a script take themselves. Operator scripts cannot name a parameter so. */
static const struct {
  const char *name;
  bool has_value;
} own_flags[] = {{"apply", false}, {"as", true},        {"data", true},    {"help", false},
                 {"json", false},  {"notebooks", true}, {"scripts", true}, {"yes", false}};

static bool is_flag(const char *word) {
  return strncmp(word, "--", 2) == 0;
}

static bool is_own(const char *word, bool *has_value) {
  size_t length = strcspn(word + 2, "=");
  for (size_t i = 0; i < sizeof own_flags / sizeof *own_flags; i++) {
    if (strlen(own_flags[i].name) == length && strncmp(word + 2, own_flags[i].name, length) == 0) {
      *has_value = own_flags[i].has_value;
      return true;
    }
  }
  return false;
}

enum mulligan_status script_words_divide(struct script_words *out, int argc, char **argv, struct fault *fault) {
  *out = (struct script_words){.flags = calloc((size_t)argc + 1, sizeof(char *)),
                               .parameters = calloc((size_t)argc + 1, sizeof(char *))};
  if (!out->flags || !out->parameters) {
    script_words_release(out);
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  }
  out->flags[out->flag_count++] = argv[0];
  for (int i = 1; i < argc; i++) {
    bool has_value = false, follows = i + 1 < argc && !strchr(argv[i], '=');
    if (strcmp(argv[i], "--help") == 0) {
      out->help = true;
    } else if (is_flag(argv[i]) && is_own(argv[i], &has_value)) {
      out->flags[out->flag_count++] = argv[i];
      if (has_value && follows)
        out->flags[out->flag_count++] = argv[++i];
    } else if (is_flag(argv[i])) {
      out->parameters[out->parameter_count++] = argv[i];
      if (follows && !is_flag(argv[i + 1]))
        out->parameters[out->parameter_count++] = argv[++i];
    } else if (!out->name) {
      out->name = argv[i];
    } else {
      out->parameters[out->parameter_count++] = argv[i];
    }
  }
  return MULLIGAN_OK;
}

void script_words_release(struct script_words *words) {
  free(words->flags);
  free(words->parameters);
  *words = (struct script_words){0};
}

const char *script_words_operator(const char *as) {
  static char number[24];
  if (as)
    return as;
  const struct passwd *user = getpwuid(getuid());
  if (user)
    return user->pw_name;
  snprintf(number, sizeof number, "%lu", (unsigned long)getuid());
  return number;
}
