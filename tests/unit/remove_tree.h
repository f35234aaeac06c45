/**
 * remove_tree.h - the end of a test's temporary folder.
 */
#ifndef MULLIGAN_TESTS_REMOVE_TREE_H
#define MULLIGAN_TESTS_REMOVE_TREE_H

#include <ftw.h>
#include <stdio.h>

static inline int remove_tree_entry(const char *path, const struct stat *facts, int type, struct FTW *ftw) {
  (void)facts, (void)type, (void)ftw;
  return remove(path);
}

/** Removes a folder with all that is in it; 0 if that worked. */
static inline int remove_tree(const char *path) {
  return nftw(path, remove_tree_entry, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
