/**
 * candidate.h - the scripts folder as it stands on the disk, on its way to become the next generation.
 *
 * Everything that is wrong with it is said at once, as far as that can be known: every file that does not compile, or
 * else what settings, migrations or the first run of the routes have to say.
 */
#ifndef MULLIGAN_CLI_CANDIDATE_H
#define MULLIGAN_CLI_CANDIDATE_H

#include "cli/host.h"
#include "vm/problem.h"

#include <stdbool.h>

/** All zero: none. */
struct candidate {
  struct generation *generation; /* NULL: the folder cannot be read */
  struct migrate_plan migrations;
  struct problem_list problems; /* none: it is sound */
  struct settings *asked;       /* what its settings.lua, the environment and the flags say; NULL if not sound */
};

/** Reads the folder; runs nothing. */
void candidate_read(struct candidate *candidate, const char *scripts, int64_t number);
/** Do two candidates hold the very same? Two that cannot be read do if they say the same. */
bool candidate_same(const struct candidate *a, const struct candidate *b);
/**
 * Compiles it, settles its settings, compares its migrations with the database (not at the start, where they have just
 * been applied) and runs its routes. What a restart only can change stays as it was at the start. True if it is sound.
 */
bool candidate_load(struct candidate *candidate, const struct host *host, bool at_start);
void candidate_release(struct candidate *candidate);

#endif
