/**
 * json_list.h - the order of a JSON list.
 */
#ifndef MULLIGAN_BASE_JSON_LIST_H
#define MULLIGAN_BASE_JSON_LIST_H

#include <jansson.h>
#include <stdbool.h>

/** As qsort() wants it: of two items, each a `json_t *const *`. */
typedef int json_list_order(const void *left, const void *right);

/** Puts the items in order. False when out of memory: the list is then as it was. */
bool json_list_sort(json_t *list, json_list_order *compare);
/** The same; of items that compare as equal, one stays. */
bool json_list_sort_unique(json_t *list, json_list_order *compare);

#endif
