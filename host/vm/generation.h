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
struct problem_list;

/** A script of the snapshot. */
struct generation_script {
  const char *name;  /* below the scripts folder: "routes/seminars.lua" */
  const char *chunk; /* the chunk's name in messages: "@scripts/routes/seminars.lua" */
  const char *source;
  size_t length;
  struct compiled *compiled; /* of `source`, for module_compile() */
};

/**
 * Takes the snapshot of the folder `scripts` and runs nothing yet: a file that cannot be read, or is too large, is the
 * fault. The caller holds the one reference of `*out`.
 */
enum mulligan_status generation_read(struct generation **out, const char *scripts, int64_t number, struct fault *fault);
/** A snapshot of nothing, to serve on while the folder cannot be read; NULL when out of memory. */
struct generation *generation_create_empty(void);
/**
 * Compiles every script of a snapshot and adds what does not compile, or is no text in UTF-8 (pages, too), to
 * `problems`, each file once.
 */
void generation_compile(const struct generation *generation, struct problem_list *problems);
/**
 * Runs every routes file of a snapshot in a fresh vm and takes down what they register. `settings` (which may be NULL
 * for services->settings) become the generation's own: every vm of it goes by them.
 */
enum mulligan_status generation_run(struct generation *generation, const struct vm_services *services,
                                    struct settings *settings, struct fault *fault);
/**
 * Reads the folder services->settings->scripts, and, unless `routes` is false, runs it. The fault names file and line.
 * The caller holds the one reference of `*out`.
 */
enum mulligan_status generation_load(struct generation **out, const struct vm_services *services, int64_t number,
                                     bool routes, struct fault *fault);
struct generation *generation_hold(struct generation *generation);
void generation_drop(struct generation *generation);

int64_t generation_number(const struct generation *generation);
/** Of a generation that was run: what its vms are made with. */
const struct vm_services *generation_services(const struct generation *generation);
/** Appends the names of the files that differ, at most three and how many more: nothing if the two are the same. */
void generation_differences(const struct generation *before, const struct generation *after, struct buf *out);
/** A snapshot that was not run: there is nothing to answer with but its pages. */
bool generation_is_void(const struct generation *generation);
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
/** The pages by index from 0: the name, and the text; NULL past the last. */
const char *generation_page_at(const struct generation *generation, size_t index, const char **text, size_t *length);
/** The vm that loaded the routes, to be used as the first of a pool; the caller owns it. NULL when taken already. */
struct vm *generation_take_vm(struct generation *generation);

#endif
