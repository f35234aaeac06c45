/**
 * debug_routes.c - the routes there are, those nearest to a path that has none first.
 *
 * Pure; any thread. Segments are aligned as letters are for a misspelt word: one may be left out, added, or replaced at
 * a cost that is the smaller the more the two are alike.
 */
#include "http/debug_routes.h"

#include "base/spelling.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* What is wrong with a segment, the less likely the dearer. */
enum {
  WHOLE = 10,       /* a misspelt one costs a share of it; */
  OTHER = 20,       /* another word altogether is worse than one too many and one too few */
  TOO_MANY = 8,     /* in the address */
  TOO_FEW = 6,      /* a part of the pattern that the address lacks */
  NOT_YET = 3,      /* the same at its end: the address has not got that far */
  ANY_TEXT = 3,     /* fits a parameter, as everything does */
  NUMBER = 1,       /* fits a parameter that is an integer */
  NOT_A_NUMBER = 6, /* does not */
  SLASH = 1,
  MOST_SEGMENTS = 16
};

struct segment {
  const char *text;
  size_t length;
};

/* What is beyond the bound counts as absent: such a path is far from everything anyway. */
static int split(const char *path, struct segment segments[MOST_SEGMENTS]) {
  int count = 0;
  while (*path && count < MOST_SEGMENTS) {
    path += *path == '/';
    size_t length = strcspn(path, "/");
    if (length > 0)
      segments[count++] = (struct segment){path, length};
    path += length;
  }
  return count;
}

static bool is_number(const struct segment *segment) {
  for (size_t i = 0; i < segment->length; i++)
    if (!isdigit((unsigned char)segment->text[i]))
      return false;
  return true;
}

static bool is_parameter(const struct segment *wanted) {
  return wanted->length > 1 && wanted->text[0] == '{' && wanted->text[wanted->length - 1] == '}';
}

/* The cost of taking one segment of a path for one of a pattern. */
static int unlikeness(const struct segment *given, const struct segment *wanted) {
  if (is_parameter(wanted)) {
    bool integer = wanted->length > 5 && memcmp(wanted->text + wanted->length - 5, ":int}", 5) == 0;
    return !integer ? ANY_TEXT : is_number(given) ? NUMBER : NOT_A_NUMBER;
  }
  size_t longer = given->length > wanted->length ? given->length : wanted->length;
  size_t apart = spelling_distance(given->text, given->length, wanted->text, wanted->length);
  return apart == 0 || spelling_is_near(longer, apart) ? (int)((apart * WHOLE + longer - 1) / longer) : OTHER;
}

static int least(int a, int b, int c) {
  int two = a < b ? a : b;
  return two < c ? two : c;
}

static bool has_slash(const char *path) {
  size_t length = strlen(path);
  return length > 0 && path[length - 1] == '/';
}

int debug_routes_distance(const char *path, const char *pattern) {
  struct segment given[MOST_SEGMENTS], wanted[MOST_SEGMENTS];
  int rows = split(path, given), columns = split(pattern, wanted);
  int costs[MOST_SEGMENTS + 1][MOST_SEGMENTS + 1];
  for (int i = 0; i <= rows; i++) {
    for (int j = 0; j <= columns; j++) {
      int left_out = i < rows ? TOO_FEW : NOT_YET;
      if (i == 0 || j == 0)
        costs[i][j] = i > 0 ? costs[i - 1][j] + TOO_MANY : j > 0 ? costs[i][j - 1] + left_out : 0;
      else
        costs[i][j] = least(costs[i - 1][j] + TOO_MANY, costs[i][j - 1] + left_out,
                            costs[i - 1][j - 1] + unlikeness(&given[i - 1], &wanted[j - 1]));
    }
  }
  return costs[rows][columns] + (has_slash(path) == has_slash(pattern) ? 0 : SLASH);
}

/* Is more than half of the address right? */
static bool is_near(const char *path, const char *pattern, int distance) {
  struct segment segments[MOST_SEGMENTS];
  int given = split(path, segments), wanted = split(pattern, segments);
  return 2 * distance <= WHOLE * (given > wanted ? given : wanted);
}

struct candidate {
  const struct route_path *path;
  size_t index;
  int distance;
};

static int compare(const void *a, const void *b) {
  const struct candidate *one = a, *other = b;
  if (one->distance != other->distance)
    return one->distance < other->distance ? -1 : 1;
  return one->index < other->index ? -1 : one->index > other->index;
}

static json_t *describe(const struct candidate *candidate, bool near) {
  const struct route_path *path = candidate->path;
  const struct route *first = &path->routes[path->first];
  json_t *methods = json_array();
  for (int method = 0; method < ROUTE_METHOD_COUNT; method++)
    if (path->routes[method].entry)
      json_array_append_new(methods, json_string(route_method_name((enum route_method)method)));
  return json_pack("{s:s, s:o, s:s, s:i, s:b}", "pattern", path->pattern, "methods", methods, "file",
                   first->file ? first->file : "", "line", first->line, "near", near);
}

json_t *debug_routes_list(const struct route_table *table, const char *path) {
  size_t count = route_table_count(table);
  struct candidate *candidates = calloc(count + 1, sizeof *candidates);
  json_t *list = candidates ? json_array() : NULL;
  for (size_t i = 0; list && i < count; i++) {
    const struct route_path *known = route_table_at(table, i);
    candidates[i] = (struct candidate){known, i, debug_routes_distance(path, known->pattern)};
  }
  if (list)
    qsort(candidates, count, sizeof *candidates, compare);
  for (size_t i = 0; list && i < count; i++) {
    /* The best one, and those that are as good, may be what was meant. */
    bool near = candidates[i].distance <= candidates[0].distance + SLASH &&
                is_near(path, candidates[i].path->pattern, candidates[i].distance);
    json_array_append_new(list, describe(&candidates[i], near));
  }
  free(candidates);
  return list;
}
