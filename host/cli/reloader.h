/**
 * reloader.h - brings what is saved in the scripts folder into service, or says why not.
 *
 * It has a thread that loads and, unless the setting `watch` is off, one that watches the folder. A candidate is loaded
 * off to the side and published only if all of it is sound; else the last good generation serves on, the log shows each
 * problem with its line of source, and ErrorLog has a row.
 */
#ifndef MULLIGAN_CLI_RELOADER_H
#define MULLIGAN_CLI_RELOADER_H

#include "base/control.h"
#include "cli/candidate.h"
#include "vm/vm_pool.h"

struct reloader;

/** Begins to watch, so that nothing that changes from now on is missed. `host` outlives the reloader. */
enum mulligan_status reloader_create(struct reloader **out, const struct host *host, struct fault *fault);
/**
 * Loads the first generation, having applied the migrations. If it is not sound, that is said on standard error
 * and put on record; with `keep_going` an empty generation then takes its place, to be asked for by
 * generation_is_void(). NULL: it is not, and the caller gives up. The caller holds the reference.
 */
struct generation *reloader_load_first(struct reloader *reloader, bool keep_going);
/** Starts the threads: from now on what is sound is published in `pool`, which outlives them. */
enum mulligan_status reloader_start(struct reloader *reloader, struct vm_pool *pool, struct fault *fault);
/** Asks for a reload and does not wait for it. */
void reloader_ask(struct reloader *reloader);
/**
 * Answers `mulligan reload`: loads and tells what became of it. {outcome: "loaded", "unchanged" or "refused",
 * generation, changes, milliseconds, restart: [names of settings], problems: [{sentence, file, line, source}]}
 */
json_t *reloader_answer(void *reloader, const json_t *question);
/** Ends a load under way and the threads; those who wait for an answer get one. False if the load cannot be ended: its
 * thread may then use all there is, and the reloader must not be destroyed. */
bool reloader_stop(struct reloader *reloader);
/** Of one that is stopped or was never started. NULL is taken. */
void reloader_destroy(struct reloader *reloader);

#endif
