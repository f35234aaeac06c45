/**
 * script_words.h - a command line divided between the command's own flags and the parameters of the script that it
 * runs.
 *
 * Which parameters there are is known only once the script is loaded, and where the scripts are only once the flags are
 * read; so the words are divided first, by the names of the flags alone.
 */
#ifndef MULLIGAN_CLI_SCRIPT_WORDS_H
#define MULLIGAN_CLI_SCRIPT_WORDS_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>

/** Embedded by value; all words are borrowed from argv. */
struct script_words {
  char **flags; /* argv for command_parse(): the command's name, its flags and their values */
  int flag_count;
  char **parameters; /* the rest, in order */
  size_t parameter_count;
  const char *name; /* the first word that is neither a flag nor follows one; NULL if there is none */
  bool help;        /* --help was given; it is not among `flags` */
};

/** Divides them. Ended with script_words_release(). */
enum mulligan_status script_words_divide(struct script_words *out, int argc, char **argv, struct fault *fault);
void script_words_release(struct script_words *words);

/** Who runs this: `as` if not NULL, else the Unix user. Static storage. */
const char *script_words_operator(const char *as);

#endif
