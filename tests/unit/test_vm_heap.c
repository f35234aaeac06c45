/**
 * test_vm_heap.c - blocks of a Lua state's memory keep what is in them, whatever happens to the others.
 *
 * Under the sanitizers the program itself uses the C library's blocks; here the heap's own are looked at.
 */
#define MULLIGAN_PLAIN_HEAP 0
#include "vm/vm_heap.c"

#include "dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { BLOCKS = 2000, STEPS = 200000, MOST_BYTES = 5000 };

struct block {
  unsigned char *bytes;
  size_t size;
  unsigned char mark;
};

static void check(const struct block *block, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (block->bytes[i] != block->mark)
      fail_msg("byte %zu of a block of %zu is 0x%02x, not 0x%02x", i, block->size, block->bytes[i], block->mark);
}

static void blocks_keep_their_bytes(void **state) {
  (void)state;
  struct vm_heap heap = {0};
  static struct block blocks[BLOCKS];
  struct dice dice = {1};
  for (int step = 0; step < STEPS; step++) {
    struct block *block = &blocks[dice_roll(&dice, BLOCKS)];
    size_t size = dice_roll(&dice, 4) == 0 ? 0 : 1 + dice_roll(&dice, dice_roll(&dice, 8) == 0 ? MOST_BYTES : 200);
    block->bytes = vm_heap_resize(&heap, block->bytes, block->size, size);
    if (size == 0) {
      assert_null(block->bytes);
    } else {
      assert_non_null(block->bytes);
      assert_int_equal((uintptr_t)block->bytes % VM_HEAP_STEP, 0);
      check(block, block->size < size ? block->size : size);
      block->mark = (unsigned char)step;
      memset(block->bytes, block->mark, size);
    }
    block->size = size;
  }
  for (int i = 0; i < BLOCKS; i++) {
    check(&blocks[i], blocks[i].size);
    vm_heap_resize(&heap, blocks[i].bytes, blocks[i].size, 0);
  }
  assert_true(vm_heap_held(&heap) > 0);
  vm_heap_release(&heap);
  assert_int_equal(vm_heap_held(&heap), 0);
}

static void freed_blocks_are_used_again(void **state) {
  (void)state;
  struct vm_heap heap = {0};
  for (int round = 0; round < 100000; round++) {
    void *one = vm_heap_resize(&heap, NULL, 0, 40), *other = vm_heap_resize(&heap, NULL, 0, 1000);
    vm_heap_resize(&heap, one, 40, 0);
    vm_heap_resize(&heap, other, 1000, 0);
  }
  assert_int_equal(heap.chunk_count, 1);
  vm_heap_release(&heap);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(blocks_keep_their_bytes),
      cmocka_unit_test(freed_blocks_are_used_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
