/**
 * debug_routes.h - the routes there are, those nearest to a path that has none first.
 */
#ifndef MULLIGAN_HTTP_DEBUG_ROUTES_H
#define MULLIGAN_HTTP_DEBUG_ROUTES_H

#include "vm/route_table.h"

#include <jansson.h>

/** How unlike a path and a pattern are, segment by segment: 0 for the same text, and about 10 for each segment that is
 * wrong. */
int debug_routes_distance(const char *path, const char *pattern);

/**
 * A list of {pattern, methods: [name], file, line, near}: every path of the table, the nearest first, those as near as
 * each other in their order; `near` says that it may be what was meant. The caller owns it; NULL when out of memory.
 */
json_t *debug_routes_list(const struct route_table *table, const char *path);

#endif
