/**
 * routes.c - `mulligan routes`: what the scripts registered.
 */
#include "cli/host.h"

#include <stdio.h>
#include <string.h>

static json_t *list_routes(const struct route_table *table) {
  json_t *list = json_array();
  const struct route_path *path;
  for (size_t i = 0; (path = route_table_at(table, i)) != NULL; i++)
    for (int method = 0; method < ROUTE_METHOD_COUNT; method++) {
      const struct route *route = &path->routes[method];
      if (route->entry)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:i}", "method", route_method_name(method), "pattern",
                                              path->pattern, "file", route->file, "line", route->line));
    }
  return list;
}

static void print_routes(const json_t *list) {
  size_t index, widest = 0;
  json_t *item;
  json_array_foreach(list, index, item) {
    size_t length = json_string_length(json_object_get(item, "pattern"));
    if (length > widest)
      widest = length;
  }
  json_array_foreach(list, index, item) {
    printf("%-6s %-*s  %s:%lld\n", json_string_value(json_object_get(item, "method")), (int)widest,
           json_string_value(json_object_get(item, "pattern")), json_string_value(json_object_get(item, "file")),
           (long long)json_integer_value(json_object_get(item, "line")));
  }
}

int command_routes(struct command_context *context, int argc, char **argv) {
  int status;
  if (!command_parse(context, NULL, 0, argc, argv, &status))
    return status;
  struct host host;
  struct fault fault;
  if (host_open(&host, context, HOST_GENERATION, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  json_t *list = list_routes(generation_routes(host.generation));
  status = COMMAND_DONE;
  if (context->json)
    status = command_print_json(context, list);
  else
    print_routes(list);
  json_decref(list);
  host_close(&host);
  return status;
}
