/**
 * route_table.c - the trie behind route_table.h.
 *
 * A node a segment; its fixed children are sorted, so that a look-up is a binary search, and it has at most one child
 * for integers and one for any text. Matching walks down and, where a fixed or integer child leads nowhere, back up; it
 * visits a node at most once, so a hostile path costs no more than the table is large.
 */
#include "vm/route_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node {
  char *text; /* of a fixed segment */
  size_t length;
  struct node **fixed; /* sorted by length, then bytes */
  size_t fixed_count;
  struct node *integer;
  struct node *any;
  struct route_path *plain;   /* the pattern that ends here without a slash */
  struct route_path *slashed; /* and the one that ends with one */
};

struct route_table {
  struct node root;
  struct route_path **paths;
  size_t count;
};

static const char *const method_names[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

enum route_method route_method_parse(const char *name) {
  for (int i = 0; i < ROUTE_METHOD_COUNT; i++)
    if (strcmp(name, method_names[i]) == 0)
      return (enum route_method)i;
  return ROUTE_METHOD_OTHER;
}

const char *route_method_name(enum route_method method) {
  return method < ROUTE_METHOD_COUNT ? method_names[method] : "?";
}

unsigned route_renderer_parse(const char *name) {
  static const char *const names[] = {"json", "html", "text", "problem"};
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(name, names[i]) == 0)
      return 1u << i;
  return 0;
}

const struct route *route_path_route(const struct route_path *path, enum route_method method) {
  bool there = method < ROUTE_METHOD_COUNT && path->routes[method].entry;
  return &path->routes[there ? method : path->first];
}

/* ---- life ---- */

struct route_table *route_table_create(void) {
  return calloc(1, sizeof(struct route_table));
}

static void path_destroy(struct route_path *path) {
  for (int i = 0; i < ROUTE_METHOD_COUNT; i++)
    free((char *)path->routes[i].file);
  for (int i = 0; i < path->parameter_count; i++)
    free(path->parameters[i]);
  free(path->pattern);
  free(path);
}

static void node_release(struct node *node) {
  for (size_t i = 0; i < node->fixed_count; i++) {
    node_release(node->fixed[i]);
    free(node->fixed[i]);
  }
  if (node->integer) {
    node_release(node->integer);
    free(node->integer);
  }
  if (node->any) {
    node_release(node->any);
    free(node->any);
  }
  free(node->fixed);
  free(node->text);
}

void route_table_destroy(struct route_table *table) {
  if (!table)
    return;
  node_release(&table->root);
  for (size_t i = 0; i < table->count; i++)
    path_destroy(table->paths[i]);
  free(table->paths);
  free(table);
}

size_t route_table_count(const struct route_table *table) {
  return table->count;
}

const struct route_path *route_table_at(const struct route_table *table, size_t index) {
  return index < table->count ? table->paths[index] : NULL;
}

/* ---- filling ---- */

static int compare(const struct node *node, const char *text, size_t length) {
  if (node->length != length)
    return node->length < length ? -1 : 1;
  return memcmp(node->text, text, length);
}

/* The place of a fixed child among its sisters: where it is, or where it belongs. */
static size_t fixed_place(const struct node *node, const char *text, size_t length, bool *found) {
  size_t low = 0, high = node->fixed_count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    int order = compare(node->fixed[middle], text, length);
    if (order == 0) {
      *found = true;
      return middle;
    }
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  *found = false;
  return low;
}

static struct node *fixed_child(struct node *node, const char *text, size_t length) {
  bool found;
  size_t place = fixed_place(node, text, length, &found);
  if (found)
    return node->fixed[place];
  struct node **grown = realloc(node->fixed, (node->fixed_count + 1) * sizeof *grown);
  if (!grown)
    return NULL;
  node->fixed = grown;
  struct node *child = calloc(1, sizeof *child);
  char *copy = strndup(text, length);
  if (!child || !copy) {
    free(child);
    free(copy);
    return NULL;
  }
  child->text = copy;
  child->length = length;
  memmove(&grown[place + 1], &grown[place], (node->fixed_count - place) * sizeof *grown);
  grown[place] = child;
  node->fixed_count++;
  return child;
}

static struct node *open_child(struct node **slot) {
  if (!*slot)
    *slot = calloc(1, sizeof **slot);
  return *slot;
}

static bool is_name(const char *text, size_t length) {
  if (length == 0 || (text[0] >= '0' && text[0] <= '9'))
    return false;
  for (size_t i = 0; i < length; i++) {
    char c = text[i];
    if (!(c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')))
      return false;
  }
  return true;
}

/* Reads `{name}` or `{name:int}` into the path; NULL with a fault if it is neither. */
static struct node *parameter_child(struct node *node, struct route_path *path, const char *segment, size_t length,
                                    struct fault *fault) {
  const char *name = segment + 1;
  size_t name_length = length - 2;
  bool integer = name_length > 4 && memcmp(name + name_length - 4, ":int", 4) == 0;
  if (integer)
    name_length -= 4;
  if (!is_name(name, name_length)) {
    fault_set(fault, MULLIGAN_INVALID, "route \"%s\": \"%.*s\" is neither {name} nor {name:int}", path->pattern,
              (int)length, segment);
    return NULL;
  }
  if (path->parameter_count == ROUTE_MOST_PARAMETERS) {
    fault_set(fault, MULLIGAN_INVALID, "route \"%s\" has more than %d parameters", path->pattern,
              ROUTE_MOST_PARAMETERS);
    return NULL;
  }
  for (int i = 0; i < path->parameter_count; i++)
    if (strncmp(path->parameters[i], name, name_length) == 0 && path->parameters[i][name_length] == '\0') {
      fault_set(fault, MULLIGAN_INVALID, "route \"%s\" has two parameters named \"%s\"", path->pattern,
                path->parameters[i]);
      return NULL;
    }
  char *copy = strndup(name, name_length);
  struct node *child = copy ? open_child(integer ? &node->integer : &node->any) : NULL;
  if (!child) {
    free(copy);
    fault_set(fault, MULLIGAN_NOMEM, "out of memory");
    return NULL;
  }
  path->integers[path->parameter_count] = integer;
  path->parameters[path->parameter_count++] = copy;
  return child;
}

/* Walks the pattern down the trie, making what is missing. */
static struct node *node_for(struct route_table *table, struct route_path *path, struct fault *fault) {
  struct node *node = &table->root;
  const char *at = path->pattern + 1;
  for (int count = 0; *at; count++) {
    size_t length = strcspn(at, "/");
    if (length == 0 || count == ROUTE_MOST_SEGMENTS) {
      fault_set(fault, MULLIGAN_INVALID, "route \"%s\" has %s", path->pattern,
                length == 0 ? "an empty segment" : "too many segments");
      return NULL;
    }
    if (at[0] == '{' && at[length - 1] == '}') {
      node = parameter_child(node, path, at, length, fault);
    } else if (memchr(at, '{', length) || memchr(at, '}', length)) {
      fault_set(fault, MULLIGAN_INVALID, "route \"%s\": a parameter takes a whole segment, as in /{id:int}/",
                path->pattern);
      return NULL;
    } else {
      node = fixed_child(node, at, length);
      if (!node)
        fault_set(fault, MULLIGAN_NOMEM, "out of memory");
    }
    if (!node)
      return NULL;
    at += length;
    if (*at == '/')
      at++;
  }
  return node;
}

static void write_allow(struct route_path *path) {
  path->allow[0] = '\0';
  for (int i = 0; i < ROUTE_METHOD_COUNT; i++)
    if (path->routes[i].entry) {
      strncat(path->allow, method_names[i], sizeof path->allow - strlen(path->allow) - 1);
      strncat(path->allow, ", ", sizeof path->allow - strlen(path->allow) - 1);
    }
  strncat(path->allow, path->routes[ROUTE_GET].entry ? "HEAD, OPTIONS" : "OPTIONS",
          sizeof path->allow - strlen(path->allow) - 1);
}

static bool same_parameters(const struct route_path *a, const struct route_path *b) {
  for (int i = 0; i < a->parameter_count; i++)
    if (strcmp(a->parameters[i], b->parameters[i]) != 0)
      return false;
  return true;
}

static enum mulligan_status add_route(struct route_path *path, const struct route *route, struct fault *fault) {
  struct route *slot = &path->routes[route->method];
  if (slot->entry)
    return fault_set(fault, MULLIGAN_CONSTRAINT, "route %s \"%s\" is registered twice: at %s:%d and at %s:%d",
                     method_names[route->method], path->pattern, slot->file, slot->line, route->file, route->line);
  char *file = strdup(route->file);
  if (!file)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  bool first = true;
  for (int i = 0; i < ROUTE_METHOD_COUNT; i++)
    first = first && !path->routes[i].entry;
  *slot = *route;
  slot->file = file;
  if (first)
    path->first = route->method;
  write_allow(path);
  return MULLIGAN_OK;
}

enum mulligan_status route_table_add(struct route_table *table, const char *pattern, const struct route *route,
                                     struct fault *fault) {
  if (pattern[0] != '/')
    return fault_set(fault, MULLIGAN_INVALID, "route \"%s\" does not start with a slash", pattern);
  size_t own = sizeof MULLIGAN_OWN_PATHS - 1;
  if (strncmp(pattern, MULLIGAN_OWN_PATHS, own) == 0 && (pattern[own] == '/' || pattern[own] == '\0'))
    return fault_set(fault, MULLIGAN_INVALID, "route \"%s\": what is below %s/ is the host's own", pattern,
                     MULLIGAN_OWN_PATHS);
  if (route->method >= ROUTE_METHOD_COUNT)
    return fault_set(fault, MULLIGAN_INVALID, "route \"%s\": its method is none of GET, POST, PUT, PATCH, DELETE",
                     pattern);
  struct route_path **grown = realloc(table->paths, (table->count + 1) * sizeof *grown);
  struct route_path *path = calloc(1, sizeof *path);
  if (grown)
    table->paths = grown;
  if (!grown || !path || !(path->pattern = strdup(pattern))) {
    free(path);
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  }
  path->slash = pattern[strlen(pattern) - 1] == '/';

  struct node *node = node_for(table, path, fault);
  enum mulligan_status status = node ? MULLIGAN_OK : fault ? fault->status : MULLIGAN_INVALID;
  struct route_path **place = node ? (path->slash ? &node->slashed : &node->plain) : NULL;
  if (place && *place && !same_parameters(*place, path)) {
    const struct route *other = route_path_route(*place, ROUTE_METHOD_OTHER);
    status = fault_set(fault, MULLIGAN_CONSTRAINT,
                       "route \"%s\" at %s:%d and \"%s\" at %s:%d are the same path under other parameter names",
                       pattern, route->file, route->line, (*place)->pattern, other->file, other->line);
  }
  if (status == MULLIGAN_OK)
    status = add_route(*place ? *place : path, route, fault);
  if (status == MULLIGAN_OK && !*place) {
    *place = path;
    table->paths[table->count++] = path;
    return MULLIGAN_OK;
  }
  path_destroy(path);
  return status;
}

/* ---- matching ---- */

static bool read_integer(const struct route_segment *segment, int64_t *number) {
  uint64_t value = 0;
  if (segment->length == 0)
    return false;
  for (size_t i = 0; i < segment->length; i++) {
    unsigned digit = (unsigned)(segment->text[i] - '0');
    if (digit > 9 || value > (uint64_t)INT64_MAX / 10)
      return false;
    value = value * 10 + digit;
    if (value > (uint64_t)INT64_MAX)
      return false;
  }
  *number = (int64_t)value;
  return true;
}

struct search {
  const struct route_segment *segments;
  int count;
  bool slash;
  struct route_match *match;
  int parameters; /* taken on the way down */
};

static bool match_node(struct search *search, const struct node *node, int index) {
  struct route_match *match = search->match;
  if (index == search->count) {
    match->path = search->slash ? node->slashed : node->plain;
    match->slash_missing = false;
    if (!match->path && !search->slash && node->slashed) {
      match->path = node->slashed;
      match->slash_missing = true;
    }
    return match->path != NULL;
  }
  const struct route_segment *segment = &search->segments[index];
  bool found;
  size_t place = fixed_place(node, segment->text, segment->length, &found);
  if (found && match_node(search, node->fixed[place], index + 1))
    return true;
  int parameter = search->parameters;
  if (parameter == ROUTE_MOST_PARAMETERS)
    return false;
  match->values[parameter] = segment->text;
  match->lengths[parameter] = segment->length;
  search->parameters++;
  if (node->integer && read_integer(segment, &match->numbers[parameter]) &&
      match_node(search, node->integer, index + 1))
    return true;
  match->values[parameter] = segment->text;
  match->lengths[parameter] = segment->length;
  if (node->any && segment->length > 0 && match_node(search, node->any, index + 1))
    return true;
  search->parameters = parameter;
  return false;
}

void route_table_match(const struct route_table *table, const struct route_segment *segments, int count, bool slash,
                       struct route_match *match) {
  match->path = NULL;
  match->slash_missing = false;
  struct search search = {segments, count, slash, match, 0};
  match_node(&search, &table->root, 0);
}
