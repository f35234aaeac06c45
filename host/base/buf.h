/**
 * buf.h - a growing run of bytes with a cap.
 *
 * Embedded by value: buf_init() before use, buf_release() at the end. A failed
 * append (out of memory, or past the cap) leaves the contents as they were and
 * sets `failed`, which sticks until buf_clear(), so that a long series of
 * appends may be checked once at its end.
 */
#ifndef MULLIGAN_BASE_BUF_H
#define MULLIGAN_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
  char *data; /* always terminated by a NUL that `length` does not count; "" when empty */
  size_t length;
  size_t capacity;
  size_t cap; /* the most bytes it may hold */
  bool failed;
};

/** Makes an empty buffer that may grow to `cap` bytes; allocates nothing. */
void buf_init(struct buf *buf, size_t cap);
/** Frees the bytes; the buffer is then as after buf_init(). NULL is fine. */
void buf_release(struct buf *buf);
/** Empties it and keeps its memory, unless more than `keep` bytes are held, which are given back. */
void buf_clear(struct buf *buf, size_t keep);
/** Makes room for `more` bytes beyond the length; false if that cannot be. */
bool buf_reserve(struct buf *buf, size_t more);
/** Each append is whole or not at all; what is added must not lie in the buffer itself. */
bool buf_add(struct buf *buf, const void *bytes, size_t length);
bool buf_add_text(struct buf *buf, const char *text);
bool buf_add_char(struct buf *buf, char c);
/** In decimal digits. */
bool buf_add_number(struct buf *buf, uint64_t number);
bool buf_addf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/**
 * Hands the bytes to the caller, who frees them with free(); the buffer is empty after, and `failed` stays as it was.
 * Never NULL unless out of memory.
 */
char *buf_detach(struct buf *buf);

#endif
