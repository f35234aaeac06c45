/**
 * vm_heap.h - the memory of one Lua state: small blocks out of pages that are its alone.
 *
 * Lua makes and frees small blocks all the time, and any of the workers runs it. The C library's allocator would take a
 * lock or keep a part for each worker, and would mix the blocks of all states on the same pages, so that little goes
 * back to the system when a generation's states are destroyed. Here a small block costs a few instructions, and
 * vm_heap_release() gives all back at once. Blocks of more than a kilobyte are the C library's.
 *
 * A heap belongs to one thread at a time. Under AddressSanitizer and ThreadSanitizer all blocks are the C library's, so
 * that they see each of them.
 */
#ifndef MULLIGAN_VM_VM_HEAP_H
#define MULLIGAN_VM_VM_HEAP_H

#include <stddef.h>

enum { VM_HEAP_STEP = 16, VM_HEAP_MOST_SMALL = 1024, VM_HEAP_CLASSES = VM_HEAP_MOST_SMALL / VM_HEAP_STEP };

/** All zero is an empty heap. */
struct vm_heap {
  struct vm_heap_chunk *chunks;  /* the newest first */
  char *next, *end;              /* what is left of the newest */
  void *unused[VM_HEAP_CLASSES]; /* freed blocks by size, linked through their first bytes */
  size_t chunk_count;
};

/**
 * As realloc() with the old size told: a NULL `block` makes one, and `new_size` 0 frees it. NULL when out of memory,
 * the block then stays as it was; to make one smaller never fails.
 */
void *vm_heap_resize(struct vm_heap *heap, void *block, size_t old_size, size_t new_size);
/** Gives all small blocks back to the system; the large ones must have been freed. */
void vm_heap_release(struct vm_heap *heap);
/** Bytes of the pages that it holds for small blocks, used or not. */
size_t vm_heap_held(const struct vm_heap *heap);

#endif
