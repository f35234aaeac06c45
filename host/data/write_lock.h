/**
 * write_lock.h - one writer at a time, in turn, over all threads and processes.
 *
 * Threads of this process queue fairly (first come, first served); the thread at the head then takes
 * `DATA/write.lock` with flock(2), which keeps other processes out. Both waits end at a deadline. Holding it is
 * what makes a write transaction and a checkpoint safe (SQLite 3.40.1's WAL-reset bug reaches across processes).
 */
#ifndef MULLIGAN_DATA_WRITE_LOCK_H
#define MULLIGAN_DATA_WRITE_LOCK_H

#include "base/fault.h"

#include <stdint.h>

struct write_lock;

/** Opens (creating) the lock file. The caller ends it with write_lock_close(), after every store that uses it. */
enum mulligan_status write_lock_open(struct write_lock **out, const char *path, struct fault *fault);
void write_lock_close(struct write_lock *lock);
/** Waits until `deadline_ns` (clock_monotonic_ns) at most; MULLIGAN_BUSY past it. Not recursive. */
enum mulligan_status write_lock_take(struct write_lock *lock, int64_t deadline_ns, struct fault *fault);
void write_lock_give(struct write_lock *lock);

#endif
