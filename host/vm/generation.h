/**
 * generation.h - all scripts, as they stood at one moment, loaded together.
 *
 * A generation holds the sources of the scripts folder in memory, the routes that they registered and the pages. It is
 * loaded off to the side and is read-only once generation_load() has returned it, so threads share one; it lives as
 * long as somebody holds a reference. Every vm made over it runs the very same sources, whatever the disk holds by
 * then.
 */
#ifndef MULLIGAN_VM_GENERATION_H
#define MULLIGAN_VM_GENERATION_H

#include "base/fault.h"
#include "vm/route_table.h"
#include "vm/vm.h"

#include <stdint.h>

struct generation;

/** A script of the snapshot. */
struct generation_script {
  const char *name;  /* below the scripts folder: "routes/seminars.lua" */
  const char *chunk; /* the chunk's name in messages: "@scripts/routes/seminars.lua" */
  const char *source;
  size_t length;
};

/**
 * Reads the folder services->settings->scripts, and, unless `routes` is false, runs every routes file in a fresh vm and
 * takes down what they register. The fault names file and line. The caller holds the one reference of `*out`.
 */
enum mulligan_status generation_load(struct generation **out, const struct vm_services *services, int64_t number,
                                     bool routes, struct fault *fault);
struct generation *generation_hold(struct generation *generation);
void generation_drop(struct generation *generation);

int64_t generation_number(const struct generation *generation);
const struct route_table *generation_routes(const struct generation *generation);
/** The table that core.register fills while the first vm loads; NULL once the generation is published. */
struct route_table *generation_open_routes(struct generation *generation);
const struct generation_script *generation_find(const struct generation *generation, const char *name);
/** The scripts below `folder` ("routes/"), by index from 0 in bytewise order; NULL past the last. */
const struct generation_script *generation_script_at(const struct generation *generation, const char *folder,
                                                     size_t index);
/** The source line `line` (from 1) of a chunk, without its end; NULL if unknown. */
const char *generation_line(const struct generation *generation, const char *chunk, int line, size_t *length);
/** A page's text ("500.html"), or NULL. */
const char *generation_page(const struct generation *generation, const char *name);
/** The vm that loaded the routes, to be used as the first of a pool; the caller owns it. NULL when taken already. */
struct vm *generation_take_vm(struct generation *generation);

#endif
