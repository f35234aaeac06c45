/**
 * vm_heap.c - size classes of 16 bytes over chunks that are mapped for one heap.
 *
 * Called by the thread that has the vm, from within Lua. Invariant: a block of at most VM_HEAP_MOST_SMALL bytes lies in
 * a chunk and is as large as its class; a larger one is malloc()'s. Lua tells the size of what it frees, so a block
 * needs no header.
 */
#include "vm/vm_heap.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Its test asks for 0 beforehand. */
#ifndef MULLIGAN_PLAIN_HEAP
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MULLIGAN_PLAIN_HEAP 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MULLIGAN_PLAIN_HEAP 1
#endif
#endif
#endif
#ifndef MULLIGAN_PLAIN_HEAP
#define MULLIGAN_PLAIN_HEAP 0
#endif

enum { CHUNK_BYTES = 256 * 1024 };

struct vm_heap_chunk {
  struct vm_heap_chunk *older;
  char padding[VM_HEAP_STEP - sizeof(struct vm_heap_chunk *)]; /* so that the blocks are aligned */
};

/* Is a block of this size the C library's? */
static bool is_large(size_t size) {
  return MULLIGAN_PLAIN_HEAP || size > VM_HEAP_MOST_SMALL;
}

static size_t class_of(size_t size) {
  return (size - 1) / VM_HEAP_STEP;
}

/* Opens another chunk. What is left of the last one, less than the block that was asked for, stays unused. */
static bool add_chunk(struct vm_heap *heap) {
  struct vm_heap_chunk *chunk = mmap(NULL, CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (chunk == MAP_FAILED)
    return false;
  chunk->older = heap->chunks;
  heap->chunks = chunk;
  heap->chunk_count++;
  heap->next = (char *)(chunk + 1);
  heap->end = (char *)chunk + CHUNK_BYTES;
  return true;
}

static void *take(struct vm_heap *heap, size_t size) {
  if (is_large(size))
    return malloc(size);
  size_t class = class_of(size);
  void *block = heap->unused[class];
  if (block) {
    memcpy(&heap->unused[class], block, sizeof block);
    return block;
  }
  size_t whole = (class + 1) * VM_HEAP_STEP;
  if ((size_t)(heap->end - heap->next) < whole && !add_chunk(heap))
    return NULL;
  block = heap->next;
  heap->next += whole;
  return block;
}

static void give(struct vm_heap *heap, void *block, size_t size) {
  if (is_large(size)) {
    free(block);
    return;
  }
  size_t class = class_of(size);
  memcpy(block, &heap->unused[class], sizeof block);
  heap->unused[class] = block;
}

void *vm_heap_resize(struct vm_heap *heap, void *block, size_t old_size, size_t new_size) {
  if (!block)
    return new_size > 0 ? take(heap, new_size) : NULL;
  if (new_size == 0) {
    give(heap, block, old_size);
    return NULL;
  }
  if (is_large(old_size) && is_large(new_size))
    return realloc(block, new_size);
  if (!is_large(old_size) && !is_large(new_size) && class_of(old_size) == class_of(new_size))
    return block;
  void *fresh = take(heap, new_size);
  if (!fresh) /* a smaller one may stay where it is: its place is larger than it says */
    return new_size < old_size ? block : NULL;
  memcpy(fresh, block, old_size < new_size ? old_size : new_size);
  give(heap, block, old_size);
  return fresh;
}

void vm_heap_release(struct vm_heap *heap) {
  while (heap->chunks) {
    struct vm_heap_chunk *chunk = heap->chunks;
    heap->chunks = chunk->older;
    munmap(chunk, CHUNK_BYTES);
  }
  memset(heap, 0, sizeof *heap);
}

size_t vm_heap_held(const struct vm_heap *heap) {
  return heap->chunk_count * CHUNK_BYTES;
}
