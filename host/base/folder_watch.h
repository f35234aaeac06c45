/**
 * folder_watch.h - waiting until somebody has changed a folder's files.
 *
 * A watch covers the whole tree below a folder, folders that are made later and the folders that symbolic links lead
 * to included. The folder itself may vanish and come back, and may also not exist yet. What editors leave beside a file
 * while they write (swap files, backups, vim's "4913") is no change. A watch says that something changed, never what:
 * whoever waits reads the folder again.
 *
 * One thread at a time waits; folder_watch_wake() may be called by any thread and by a signal handler.
 */
#ifndef MULLIGAN_BASE_FOLDER_WATCH_H
#define MULLIGAN_BASE_FOLDER_WATCH_H

#include "base/fault.h"

struct folder_watch;

/** Many changes that follow one another are told as one: when nothing has changed for this long, ... */
enum { FOLDER_WATCH_QUIET_MS = 50 };
/** ... and at the latest so long after the first of them. */
enum { FOLDER_WATCH_MOST_MS = 1000 };

/**
 * Begins to watch `folder`: what changes from now on is told by the next folder_watch_wait(), also what changes before
 * it is called. On success the caller owns `*out` and ends it with folder_watch_close().
 */
enum mulligan_status folder_watch_open(struct folder_watch **out, const char *folder, struct fault *fault);

/** Ends a watch; nobody may be waiting. NULL is taken. */
void folder_watch_close(struct folder_watch *watch);

/**
 * Waits for a change: MULLIGAN_OK once something has changed and has been quiet since. MULLIGAN_BUSY after `timeout_ms`
 * (-1: no timeout) in which nothing changed, or at once when it was woken. MULLIGAN_ERROR if the system refuses to
 * watch on (its limits of watches are used up); the watch then tells nothing more, but can still be woken.
 */
enum mulligan_status folder_watch_wait(struct folder_watch *watch, int timeout_ms, struct fault *fault);

/** Ends the wait that is going on, or else the next one. Any thread; safe in a signal handler. */
void folder_watch_wake(struct folder_watch *watch);

#endif
