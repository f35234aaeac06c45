/**
 * rotating_file.h - a file of lines that gives way to a new one when it is full.
 *
 * NAME is the current one, NAME.1 the one before it, up to NAME.N. Any thread may append; a line is whole in one of
 * them, and the lines of a thread stand in its order. A file that was removed, moved or replaced from outside is made
 * anew within a second. What cannot be written is counted, and the count stands in the file as soon as that can be.
 * Several processes may append to one NAME: one of them rotates, the others follow it within a second.
 */
#ifndef MULLIGAN_BASE_ROTATING_FILE_H
#define MULLIGAN_BASE_ROTATING_FILE_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rotating_file;

/**
 * Opens `folder`/`name` to append to, making both (0700 and 0640, less the umask); `most` bytes a file, `old` old ones
 * kept, 0 for none. `note` writes the line that says how many lines were lost, in the file's own format, with its line
 * break, into `out` and returns its length, at most `size`; NULL: no such line. The folder may be a symbolic link, NAME
 * must be a regular file. The caller ends it with rotating_file_close(). On failure `*out` is NULL.
 */
enum mulligan_status rotating_file_open(struct rotating_file **out, const char *folder, const char *name, int64_t most,
                                        int old, size_t (*note)(int64_t lost, char *out, size_t size),
                                        struct fault *fault);
/** NULL is taken. No thread may be appending. */
void rotating_file_close(struct rotating_file *file);
/**
 * Appends whole lines (`lines` of them, each with its break), kept together, in one file; false if they are lost, which
 * is counted. Any thread; blocks on the disk's cache only, and never on another process. Leaves errno as it was.
 */
bool rotating_file_append(struct rotating_file *file, const char *text, size_t length, int64_t lines);
/** Opens the file of this name once more, whatever has become of the old one (SIGHUP, after a tool has moved it). */
void rotating_file_reopen(struct rotating_file *file);
/** Lines that could not be written, in all. */
int64_t rotating_file_lost(const struct rotating_file *file);
/** Why the last line could not be written, as errno says it; 0 if it could. */
int rotating_file_error(const struct rotating_file *file);
/** `folder`/`name`, as it was opened. */
const char *rotating_file_path(const struct rotating_file *file);

#endif
