/**
 * failed_index.h - which failed calls of the process are kept, by whom, and what became of the others.
 *
 * In debug mode a request that failed leaves its coroutine behind in its vm, for the console (failed_call.h). The vms
 * keep the coroutines; the index, one for the process, knows which vm has which, lets go of the one used longest ago
 * when there are too many, and remembers of the latest that are gone why they are. It touches neither Lua nor a vm. Any
 * thread may call any function; none blocks but for a short lock.
 */
#ifndef MULLIGAN_VM_FAILED_INDEX_H
#define MULLIGAN_VM_FAILED_INDEX_H

#include <stdbool.h>

struct failed_index;
struct vm;

enum { FAILED_INDEX_MOST = 50 /* kept at a time */ };

/** What became of a failed call. */
enum failed_end {
  FAILED_KEPT,
  FAILED_UNKNOWN,     /* never kept, or gone for so long that nobody remembers */
  FAILED_CROWDED_OUT, /* others have been looked at or have happened since */
  FAILED_TOO_LARGE,   /* its vm needed the memory */
  FAILED_RELOADED,    /* its vm ran scripts that have been replaced */
  FAILED_RETIRED      /* its vm was given up: at a limit, or for the memory that it held */
};

/** NULL when out of memory. */
struct failed_index *failed_index_create(void);
void failed_index_destroy(struct failed_index *index);

/** `holder` keeps the failed call of this request from now on; the one used longest ago may have to go for it. */
void failed_index_add(struct failed_index *index, const char *id, struct vm *holder);
/** Who keeps it, NULL for nobody; to ask is to use. The vm may only be compared until it has been taken. */
struct vm *failed_index_use(struct failed_index *index, const char *id);
bool failed_index_has(struct failed_index *index, const char *id);
enum failed_end failed_index_end(struct failed_index *index, const char *id);
/** Nobody keeps it any more, for this reason; one that is gone already keeps its first. */
void failed_index_remove(struct failed_index *index, const char *id, enum failed_end why);

#endif
