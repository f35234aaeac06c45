/**
 * test_route_table.c - which pattern a path finds.
 */
#include "vm/route_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct route_table *table_of(const char *const *patterns) {
  struct route_table *table = route_table_create();
  assert_non_null(table);
  for (int i = 0; patterns[i]; i++) {
    struct route route = {.method = ROUTE_GET, .entry = i + 1, .file = "scripts/routes/a.lua", .line = i + 1};
    struct fault fault = {0};
    if (route_table_add(table, patterns[i], &route, &fault) != MULLIGAN_OK)
      fail_msg("%s: %s", patterns[i], fault.message);
  }
  return table;
}

/* Looks a path up as the HTTP floor does: split at slashes. */
static struct route_match look_up(const struct route_table *table, const char *path) {
  struct route_segment segments[ROUTE_MOST_SEGMENTS];
  int count = 0;
  bool slash = true;
  const char *at = path + 1;
  while (*at) {
    size_t length = strcspn(at, "/");
    segments[count++] = (struct route_segment){at, length};
    at += length;
    slash = *at == '/';
    at += slash;
  }
  struct route_match match;
  route_table_match(table, segments, count, slash, &match);
  return match;
}

static void finds_the_most_specific_pattern(void **state) {
  (void)state;
  static const char *const patterns[] = {
      "/",         "/user/me/", "/user/participant/", "/user/{id:int}/",    "/user/{name}/",
      "/a/{x}/c/", "/a/b/d/",   "/robots.txt",        "/files/{x}/{y:int}", NULL,
  };
  static const struct {
    const char *path, *pattern;
    bool slash_missing;
  } cases[] = {
      {"/", "/", false},
      {"/user/me/", "/user/me/", false},
      {"/user/me", "/user/me/", true},
      {"/user/7/", "/user/{id:int}/", false},
      {"/user/me2/", "/user/{name}/", false},
      {"/user/-7/", "/user/{name}/", false},
      {"/user/9223372036854775807/", "/user/{id:int}/", false},
      {"/user/9223372036854775808/", "/user/{name}/", false},
      {"/user/99999999999999999999999/", "/user/{name}/", false},
      {"/user//", NULL, false},
      {"/user/", NULL, false},
      {"/user/7/8/", NULL, false},
      {"/a/b/c/", "/a/{x}/c/", false}, /* a fixed segment that leads nowhere is taken back */
      {"/a/b/d/", "/a/b/d/", false},
      {"/a/z/d/", NULL, false},
      {"/robots.txt", "/robots.txt", false},
      {"/robots.txt/", NULL, false},
      {"/files/a/12", "/files/{x}/{y:int}", false},
      {"/files/a/b", NULL, false},
      {"/USER/me/", NULL, false},
  };
  struct route_table *table = table_of(patterns);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct route_match match = look_up(table, cases[i].path);
    const char *found = match.path ? match.path->pattern : NULL;
    if ((found == NULL) != (cases[i].pattern == NULL) || (found && strcmp(found, cases[i].pattern) != 0))
      fail_msg("%s found %s", cases[i].path, found ? found : "nothing");
    if (found)
      assert_int_equal(match.slash_missing, cases[i].slash_missing);
  }
  route_table_destroy(table);
}

static void hands_over_typed_parameters(void **state) {
  (void)state;
  static const char *const patterns[] = {"/s/{id:int}/user/{name}/", NULL};
  struct route_table *table = table_of(patterns);
  struct route_match match = look_up(table, "/s/0042/user/준호/");
  assert_non_null(match.path);
  assert_int_equal(match.path->parameter_count, 2);
  assert_string_equal(match.path->parameters[0], "id");
  assert_true(match.path->integers[0]);
  assert_int_equal(match.numbers[0], 42);
  assert_string_equal(match.path->parameters[1], "name");
  assert_int_equal(match.lengths[1], strlen("준호"));
  assert_memory_equal(match.values[1], "준호", match.lengths[1]);
  route_table_destroy(table);
}

static void lists_what_a_path_allows(void **state) {
  (void)state;
  struct route_table *table = route_table_create();
  static const enum route_method methods[] = {ROUTE_DELETE, ROUTE_POST, ROUTE_GET};
  struct route_segment segment = {"x", 1};
  struct route_match match;
  for (int i = 0; i < 3; i++) {
    struct route route = {.method = methods[i], .entry = i + 1, .file = "a.lua", .line = 1};
    assert_int_equal(route_table_add(table, "/x/", &route, NULL), MULLIGAN_OK);
    route_table_match(table, &segment, 1, true, &match);
    if (i == 1)
      assert_string_equal(match.path->allow, "POST, DELETE, OPTIONS");
  }
  assert_string_equal(match.path->allow, "GET, POST, DELETE, HEAD, OPTIONS");
  assert_int_equal(match.path->first, ROUTE_DELETE);
  assert_int_equal(route_table_count(table), 1);
  route_table_destroy(table);
}

static void refuses_what_makes_no_sense(void **state) {
  (void)state;
  static const struct {
    const char *pattern, *reason;
  } cases[] = {
      {"user/", "does not start with a slash"},    {"/a//b/", "empty segment"},
      {"/{}/", "neither {name} nor {name:int}"},   {"/{a:float}/", "neither {name} nor {name:int}"},
      {"/x{a}/", "takes a whole segment"},         {"/{a}/{a}/", "two parameters named \"a\""},
      {"/{1a}/", "neither {name} nor {name:int}"}, {"/__mulligan__/errors/{ref}", "is the host's own"},
      {"/__mulligan__", "is the host's own"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct route_table *table = route_table_create();
    struct route route = {.method = ROUTE_GET, .entry = 1, .file = "a.lua", .line = 1};
    struct fault fault = {0};
    assert_int_equal(route_table_add(table, cases[i].pattern, &route, &fault), MULLIGAN_INVALID);
    if (!strstr(fault.message, cases[i].reason))
      fail_msg("%s: %s", cases[i].pattern, fault.message);
    assert_int_equal(route_table_count(table), 0);
    route_table_destroy(table);
  }
}

static void names_both_places_of_a_route_registered_twice(void **state) {
  (void)state;
  struct route_table *table = route_table_create();
  struct route first = {.method = ROUTE_GET, .entry = 1, .file = "one.lua", .line = 3};
  struct route second = {.method = ROUTE_GET, .entry = 2, .file = "two.lua", .line = 8};
  struct fault fault;
  assert_int_equal(route_table_add(table, "/a/{id}/", &first, NULL), MULLIGAN_OK);
  assert_int_equal(route_table_add(table, "/a/{id}/", &second, &fault), MULLIGAN_CONSTRAINT);
  assert_non_null(strstr(fault.message, "one.lua:3"));
  assert_non_null(strstr(fault.message, "two.lua:8"));
  second.method = ROUTE_PUT;
  assert_int_equal(route_table_add(table, "/a/{other}/", &second, &fault), MULLIGAN_CONSTRAINT);
  assert_non_null(strstr(fault.message, "one.lua:3"));
  assert_non_null(strstr(fault.message, "two.lua:8"));
  route_table_destroy(table);
}

static void keeps_many_routes_apart(void **state) {
  (void)state;
  struct route_table *table = route_table_create();
  char pattern[64];
  for (int i = 0; i < 500; i++) {
    snprintf(pattern, sizeof pattern, "/area%d/item%d/", i % 10, i);
    struct route route = {.method = ROUTE_GET, .entry = i + 1, .file = "a.lua", .line = 1};
    assert_int_equal(route_table_add(table, pattern, &route, NULL), MULLIGAN_OK);
  }
  for (int i = 0; i < 500; i++) {
    snprintf(pattern, sizeof pattern, "/area%d/item%d/", i % 10, i);
    struct route_match match = look_up(table, pattern);
    assert_non_null(match.path);
    assert_int_equal(match.path->routes[ROUTE_GET].entry, i + 1);
  }
  route_table_destroy(table);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_the_most_specific_pattern),
      cmocka_unit_test(hands_over_typed_parameters),
      cmocka_unit_test(lists_what_a_path_allows),
      cmocka_unit_test(refuses_what_makes_no_sense),
      cmocka_unit_test(names_both_places_of_a_route_registered_twice),
      cmocka_unit_test(keeps_many_routes_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
