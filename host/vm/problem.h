/**
 * problem.h - what is wrong with the scripts: sentences, each with its place and the line of source it is about.
 */
#ifndef MULLIGAN_VM_PROBLEM_H
#define MULLIGAN_VM_PROBLEM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct generation;

struct problem {
  char *sentence; /* "scripts/routes/hello.lua:3: unexpected symbol near '}'"; never NULL */
  char *file;     /* "scripts/routes/hello.lua"; NULL: it is no single file's */
  int line;       /* 0: unknown */
  char *source;   /* that line's text, without its end; NULL: unknown */
};

/** All zero is the empty list. Belongs to one thread at a time. */
struct problem_list {
  struct problem *items;
  size_t count;
  bool failed; /* out of memory: there were more */
};

void problem_list_release(struct problem_list *list);

/** Adds a sentence. The place is the one it begins with, and the line is taken from `generation`, which may be NULL. */
void problem_add(struct problem_list *list, const struct generation *generation, const char *sentence);

/** The frame of a problem's place as an ErrorLog row has it, with the lines around it; NULL if it has no place. */
json_t *problem_frame(const struct problem *problem, const struct generation *generation);

#endif
