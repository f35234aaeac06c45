/**
 * test_debug_routes.c - somebody who mistyped an address finds the right one at the top of the list.
 */
#include "http/debug_routes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct route_table *table;

static int set_up(void **state) {
  (void)state;
  static const char *const patterns[] = {
      "/",
      "/api/v1/login/",
      "/api/v1/seminar/",
      "/api/v1/seminar/{id:int}/",
      "/api/v1/seminar/{id:int}/user/",
      "/api/v1/user/{name}/",
      "/api/v1/user/{name}/participant/",
      "/health",
  };
  table = route_table_create();
  int entry = 0;
  for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
    struct route route = {.method = ROUTE_GET, .entry = ++entry, .file = "scripts/routes/x.lua", .line = (int)i + 1};
    assert_int_equal(route_table_add(table, patterns[i], &route, NULL), MULLIGAN_OK);
  }
  struct route post = {.method = ROUTE_POST, .entry = ++entry, .file = "scripts/routes/x.lua", .line = 99};
  return route_table_add(table, "/api/v1/seminar/", &post, NULL) != MULLIGAN_OK;
}

static int tear_down(void **state) {
  (void)state;
  route_table_destroy(table);
  return 0;
}

static void the_nearest_route_comes_first(void **state) {
  (void)state;
  static const char *const cases[][2] = {
      {"/api/v1/semniar/", "/api/v1/seminar/"},
      {"/api/v1/seminars/", "/api/v1/seminar/"},
      {"/api/v2/seminar/7/", "/api/v1/seminar/{id:int}/"},
      {"/v1/seminar/7/", "/api/v1/seminar/{id:int}/"},
      {"/api/v1/seminar/7/users", "/api/v1/seminar/{id:int}/user/"},
      {"/api/v1/user/kim/particpant/", "/api/v1/user/{name}/participant/"},
      {"/healthz", "/health"},
      {"/health/", "/health"},
      {"/apiv1/login/", "/api/v1/login/"},
      {"/api/v1/user/", "/api/v1/user/{name}/"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    json_t *list = debug_routes_list(table, cases[i][0]);
    assert_int_equal(json_array_size(list), 8);
    json_t *first = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(first, "pattern")), cases[i][1]);
    assert_true(json_is_true(json_object_get(first, "near")));
    assert_true(json_is_false(json_object_get(json_array_get(list, 7), "near")));
    json_decref(list);
  }
}

static void an_address_like_no_other_is_near_to_nothing(void **state) {
  (void)state;
  char longest[4096];
  memset(longest, 'x', sizeof longest - 1);
  longest[sizeof longest - 1] = '\0';
  for (size_t i = 0; i < sizeof longest - 1; i += 3)
    longest[i] = '/';
  static const char *const far[] = {"/wp-admin/setup-config.php", "/favicon.ico",
                                    "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/"};
  for (size_t i = 0; i <= sizeof far / sizeof *far; i++) {
    json_t *list = debug_routes_list(table, i < sizeof far / sizeof *far ? far[i] : longest);
    size_t index;
    json_t *route;
    json_array_foreach(list, index, route) assert_true(json_is_false(json_object_get(route, "near")));
    assert_int_equal(index, 8);
    json_decref(list);
  }
}

static void a_route_tells_its_methods_and_where_it_is(void **state) {
  (void)state;
  json_t *list = debug_routes_list(table, "/api/v1/seminar");
  json_t *first = json_array_get(list, 0), *methods = json_object_get(first, "methods");
  assert_int_equal(json_array_size(methods), 2);
  assert_string_equal(json_string_value(json_array_get(methods, 0)), "GET");
  assert_string_equal(json_string_value(json_array_get(methods, 1)), "POST");
  assert_string_equal(json_string_value(json_object_get(first, "file")), "scripts/routes/x.lua");
  assert_int_equal(json_integer_value(json_object_get(first, "line")), 3);
  json_decref(list);
}

static void distances_are_those_of_a_person(void **state) {
  (void)state;
  assert_int_equal(debug_routes_distance("/a/b/", "/a/b/"), 0);
  assert_int_equal(debug_routes_distance("/a/7/", "/a/{id:int}/"), 1);
  assert_true(debug_routes_distance("/a/seven/", "/a/{id:int}/") > debug_routes_distance("/a/seven/", "/a/{name}/"));
  assert_true(debug_routes_distance("/a/b", "/a/b/") < debug_routes_distance("/a/c/", "/a/b/"));
  assert_true(debug_routes_distance("/a/", "/a/b/") <= debug_routes_distance("/a/x/", "/a/b/c/"));
  assert_int_equal(debug_routes_distance("", "/"), 1);
  assert_int_equal(debug_routes_distance("///", "/"), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_nearest_route_comes_first),
      cmocka_unit_test(an_address_like_no_other_is_near_to_nothing),
      cmocka_unit_test(a_route_tells_its_methods_and_where_it_is),
      cmocka_unit_test(distances_are_those_of_a_person),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
