/**
 * taint.h - values known to be secret, and texts without them.
 *
 * What was redacted once, because of the name it stood under or because of its looks, is replaced wherever else it
 * turns up. A taint collects such values while a request or a run goes on and takes them out of texts at its end. The
 * values are kept in memory only. A taint belongs to one thread at a time; functions that add take NULL and do nothing.
 */
#ifndef MULLIGAN_BASE_TAINT_H
#define MULLIGAN_BASE_TAINT_H

#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/** What is remembered at most; what comes after is still replaced by name and by looks. */
enum { MULLIGAN_TAINT_VALUES = 512, MULLIGAN_TAINT_BYTES = 64 * 1024 };

struct taint;

/** Makes an empty one; NULL when out of memory. */
struct taint *taint_create(void);
void taint_destroy(struct taint *taint);

/**
 * Remembers a value that was redacted. One that is part of ordinary texts is not: under 6 bytes or 4 characters, a
 * common word, the same character throughout. A short one of only letters or only digits counts where it stands alone.
 * With it are remembered: its lines, the token behind a scheme (`Bearer x`), the password in `Basic x`, the random
 * parts of `a=x; b=y`, and its base64 forms.
 */
void taint_add(struct taint *taint, const char *value, size_t length);
/** The same for a value that is a secret only perhaps: it must look random, that is, have letters and digits. */
void taint_add_likely(struct taint *taint, const char *value, size_t length);
/**
 * The same for a value that somebody declared a secret: 4 bytes are enough, whatever they are. A shorter one is
 * replaced by taint_json() where it is a whole text.
 */
void taint_add_declared(struct taint *taint, const char *value, size_t length);
/** Remembers all that `from` (NULL is fine) does. */
void taint_add_all(struct taint *taint, const struct taint *from);
/** True once something could not be remembered for lack of memory: texts may then still hold it. */
bool taint_failed(const struct taint *taint);

/**
 * Looks for the values in a UTF-8 text: as they are, percent-encoded, and with backslash escapes, ASCII letters in
 * either case; also for the beginning of one where the text was cut off (before "…", or at the end of a long text). If
 * any is found, appends the text with MULLIGAN_SCRUBBED in their place and adds their number to `*count`; if none,
 * appends nothing. Takes linear time. False when out of memory or past the buffer's cap.
 */
bool taint_text(struct taint *taint, const char *text, size_t length, struct buf *out, int *count);
/**
 * The same for a JSON value, in place: texts, keys and whole numbers at every depth. Lists and objects of it must not
 * be shared with others. `*value` itself is replaced if it is a text or a number. False when out of memory.
 */
bool taint_json(struct taint *taint, json_t **value, int *count);

#endif
