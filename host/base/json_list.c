/**
 * json_list.c - the order of a JSON list.
 *
 * Pure; any thread that has the list.
 */
#include "base/json_list.h"

#include <stdlib.h>

static bool sort(json_t *list, json_list_order *compare, bool unique) {
  size_t count = json_array_size(list), kept = 0;
  json_t **items = calloc(count + 1, sizeof(json_t *));
  if (!items)
    return false;
  for (size_t i = 0; i < count; i++)
    items[i] = json_incref(json_array_get(list, i));
  qsort(items, count, sizeof *items, compare);
  for (size_t i = 0; i < count; i++) {
    if (unique && kept > 0 && compare(&items[kept - 1], &items[i]) == 0)
      json_decref(items[i]);
    else
      items[kept++] = items[i];
  }
  for (size_t i = 0; i < kept; i++)
    json_array_set_new(list, i, items[i]);
  while (json_array_size(list) > kept)
    json_array_remove(list, json_array_size(list) - 1);
  free(items);
  return true;
}

bool json_list_sort(json_t *list, json_list_order *compare) {
  return sort(list, compare, false);
}

bool json_list_sort_unique(json_t *list, json_list_order *compare) {
  return sort(list, compare, true);
}
