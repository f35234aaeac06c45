/**
 * route_table.h - paths, as patterns, and what is registered for them.
 *
 * A trie of segments. A segment is fixed text, `{name:int}` (digits that fit 64 bits) or `{name}` (any text without
 * a slash), and they are tried in that order. A path matches exactly one pattern, by its shape; which methods it
 * takes is looked up after that. Read-only once filled, then shared by all threads.
 */
#ifndef MULLIGAN_VM_ROUTE_TABLE_H
#define MULLIGAN_VM_ROUTE_TABLE_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum route_method {
  ROUTE_GET,
  ROUTE_POST,
  ROUTE_PUT,
  ROUTE_PATCH,
  ROUTE_DELETE,
  ROUTE_METHOD_COUNT,
  ROUTE_METHOD_OTHER = ROUTE_METHOD_COUNT
};

enum { ROUTE_MOST_PARAMETERS = 8, ROUTE_MOST_SEGMENTS = 32 };

/** The first segment of the host's own pages: no script has a route there. */
#define MULLIGAN_OWN_PATHS "/__mulligan__"

/** The formats a response can have; a route's `renderers` is a set of them. */
enum route_renderer { ROUTE_JSON = 1, ROUTE_HTML = 2, ROUTE_TEXT = 4, ROUTE_PROBLEM = 8 };
/** "json", "html", "text" or "problem"; 0 for any other name. */
unsigned route_renderer_parse(const char *name);

/** One handler: a method on a path. */
struct route {
  enum route_method method;
  int entry;          /* the number of its entry on the Lua side, from 1 */
  double deadline;    /* seconds; 0: the setting's */
  unsigned renderers; /* enum route_renderer */
  bool log_bodies;    /* the request log keeps what comes in and goes out */
  const char *file;   /* where it was registered; the table owns its copy */
  int line;
};

/** Every handler of one pattern. */
struct route_path {
  char *pattern;                           /* "/api/v1/seminar/{id:int}/" */
  bool slash;                              /* ends with a slash */
  struct route routes[ROUTE_METHOD_COUNT]; /* entry 0: the method is not there */
  enum route_method first;                 /* registered first: its options hold for methods that are not there */
  char allow[64];                          /* "GET, POST, HEAD, OPTIONS" */
  int parameter_count;
  char *parameters[ROUTE_MOST_PARAMETERS];
  bool integers[ROUTE_MOST_PARAMETERS];
};

/** The route that answers this method, or, where the path has none for it, the one whose options hold. */
const struct route *route_path_route(const struct route_path *path, enum route_method method);

struct route_match {
  const struct route_path *path;             /* NULL: no pattern matches */
  bool slash_missing;                        /* the pattern ends with a slash and the path does not */
  const char *values[ROUTE_MOST_PARAMETERS]; /* point into the segments */
  size_t lengths[ROUTE_MOST_PARAMETERS];
  int64_t numbers[ROUTE_MOST_PARAMETERS]; /* of the integers */
};

/** One decoded segment of a path. */
struct route_segment {
  const char *text;
  size_t length;
};

struct route_table;

struct route_table *route_table_create(void);
void route_table_destroy(struct route_table *table);

/**
 * Adds a handler (its file is copied). MULLIGAN_INVALID for a malformed pattern, and for one of the
 * host's own paths; MULLIGAN_CONSTRAINT when the method is there already, or the same path under other parameter names:
 * the fault names both places.
 */
enum mulligan_status route_table_add(struct route_table *table, const char *pattern, const struct route *route,
                                     struct fault *fault);
/** Finds the pattern for these segments; `slash` tells whether the path ended with one. Never allocates. */
void route_table_match(const struct route_table *table, const struct route_segment *segments, int count, bool slash,
                       struct route_match *match);
/** The paths in the order in which they were added. */
size_t route_table_count(const struct route_table *table);
const struct route_path *route_table_at(const struct route_table *table, size_t index);

enum route_method route_method_parse(const char *name);
const char *route_method_name(enum route_method method);

#endif
