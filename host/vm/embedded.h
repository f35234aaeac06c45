/**
 * embedded.h - the files that are part of the binary: host/std and host/assets.
 */
#ifndef MULLIGAN_VM_EMBEDDED_H
#define MULLIGAN_VM_EMBEDDED_H

#include <stddef.h>

struct embedded_file {
  const char *name;  /* below host/: "std/route.lua" */
  const char *bytes; /* terminated by a NUL that `length` does not count */
  size_t length;
};

/** Ends with a row whose name is NULL. Generated at build time. */
extern const struct embedded_file embedded_files[];

#endif
