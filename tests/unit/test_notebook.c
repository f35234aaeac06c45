/**
 * test_notebook.c - notebooks keep every cell, whichever format they are in, and say what is wrong and where.
 */
#include "operator/chart_svg.h"
#include "operator/notebook.h"
#include "operator/notebook_html.h"
#include "operator/notebook_ipynb.h"
#include "operator/notebook_parameters.h"
#include "operator/notebook_percent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char source[] = "-- ---\n"
                             "-- jupyter:\n"
                             "--   kernelspec:\n"
                             "--     display_name: Lua (Mulligan)\n"
                             "--     language: lua\n"
                             "--     name: mulligan\n"
                             "--   jupytext:\n"
                             "--     text_representation:\n"
                             "--       extension: .lua\n"
                             "--       format_name: percent\n"
                             "--       format_version: '1.3'\n"
                             "-- ---\n"
                             "\n"
                             "-- %% [markdown]\n"
                             "-- # 드롭 되돌리기\n"
                             "--\n"
                             "-- A text of **two** parts.\n"
                             "\n"
                             "-- %% tags=[\"parameters\"]\n"
                             "-- @param email string required \"수강생 이메일\"\n"
                             "-- @param weeks integer default=2\n"
                             "\n"
                             "-- %% Look it up id=\"look-up\" note={\"a\": [1, 2]}\n"
                             "local user = users.find(email)\n"
                             "\n"
                             "print(user) -- %%\n"
                             "\n"
                             "-- %% [raw]\n"
                             "-- as it is\n";

static struct notebook read_source(const char *text) {
  struct notebook notebook = {0};
  struct fault fault;
  if (notebook_percent_read(&notebook.json, &notebook.lines, text, strlen(text), &fault) != MULLIGAN_OK)
    fail_msg("%s", fault.message);
  return notebook;
}

static void the_percent_format_survives_the_way_there_and_back(void **state) {
  (void)state;
  struct notebook notebook = read_source(source);
  struct buf written, jupyter;
  struct fault fault;
  buf_init(&written, 1 << 20);
  buf_init(&jupyter, 1 << 20);
  assert_int_equal(notebook_cell_count(&notebook), 4);
  assert_int_equal(notebook_percent_write(notebook.json, &written, &fault), MULLIGAN_OK);
  assert_string_equal(written.data, source);

  assert_true(notebook_ipynb_write(notebook.json, &jupyter));
  json_t *again;
  assert_int_equal(notebook_ipynb_read(&again, jupyter.data, jupyter.length, &fault), MULLIGAN_OK);
  assert_true(json_equal(again, notebook.json));
  json_decref(again);
  buf_release(&written);
  buf_release(&jupyter);
  notebook_release(&notebook);
}

static void cells_know_their_kind_their_place_and_their_words(void **state) {
  (void)state;
  struct notebook notebook = read_source(source);
  char title[200];
  assert_string_equal(notebook_title(&notebook, title), "드롭 되돌리기");
  assert_false(notebook_cell_is_code(notebook_cell(&notebook, 0)));
  assert_string_equal(notebook_cell_source(notebook_cell(&notebook, 0)), "# 드롭 되돌리기\n\nA text of **two** parts.");
  assert_true(notebook_cell_has_tag(notebook_cell(&notebook, 1), "parameters"));
  assert_false(notebook_cell_has_tag(notebook_cell(&notebook, 2), "parameters"));
  assert_string_equal(json_string_value(json_object_get(notebook_cell(&notebook, 2), "id")), "look-up");
  /* A mark inside a line is none. */
  assert_string_equal(notebook_cell_source(notebook_cell(&notebook, 2)),
                      "local user = users.find(email)\n\nprint(user) -- %%");
  assert_int_equal(notebook.lines[2], 24);
  notebook_release(&notebook);
}

static void parameters_are_those_of_an_operator_script(void **state) {
  (void)state;
  struct notebook notebook = read_source(source);
  struct operator_script script;
  struct fault fault;
  assert_int_equal(notebook_parameters_read(&script, &notebook, "x", "notebooks/x.lua", &fault), MULLIGAN_OK);
  assert_int_equal(script.parameter_count, 2);
  assert_string_equal(script.parameters[0].name, "email");
  assert_true(script.parameters[0].required);
  assert_string_equal(script.parameters[0].help, "수강생 이메일");
  assert_int_equal(script.parameters[1].type, SCRIPT_INTEGER);
  assert_int_equal(json_integer_value(script.parameters[1].fallback), 2);
  script_release(&script);
  notebook_release(&notebook);
}

static void what_is_wrong_in_a_percent_file_is_named_with_its_line(void **state) {
  (void)state;
  static const struct {
    const char *text, *message;
  } cases[] = {
      {"-- ---\n-- jupyter: [\n-- ---\n", "line 3: the header is not YAML"},
      {"-- ---\n-- jupyter: {}\nprint(1)\n", "line 3: the header's end"},
      {"-- %% a tags=[\n", "line 1: \"tags=[\" is no key=value"},
      {"print(1)\n-- %% [latex]\n", "line 2: \"[latex]\" is none of [markdown] and [raw]"},
      {"print(\"\xff\")\n", "not UTF-8"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    json_t *json;
    int *lines;
    struct fault fault = {0};
    assert_int_equal(notebook_percent_read(&json, &lines, cases[i].text, strlen(cases[i].text), &fault),
                     MULLIGAN_INVALID);
    if (!strstr(fault.message, cases[i].message))
      fail_msg("\"%s\" does not say \"%s\"", fault.message, cases[i].message);
  }
}

static void what_is_wrong_in_a_jupyter_file_is_named_with_its_cell(void **state) {
  (void)state;
  static const struct {
    const char *text, *message;
  } cases[] = {
      {"{\"cells\": [", "line 1, column 11"},
      {"[]", "a notebook is a JSON object"},
      {"{\"nbformat\": 3, \"worksheets\": []}", "nbformat 3"},
      {"{\"nbformat\": 4}", "no list of cells"},
      {"{\"nbformat\": 4, \"cells\": [{\"cell_type\": \"sql\", \"source\": \"\"}]}", "cell 1: its cell_type, \"sql\""},
      {"{\"nbformat\": 4, \"cells\": [{\"cell_type\": \"code\", \"source\": 5}]}", "cell 1: its source"},
      {"{\"nbformat\": 4, \"cells\": [{\"cell_type\": \"code\", \"id\": \"a b\", \"source\": \"\"}]}",
       "cell 1: its id is not"},
      {"{\"nbformat\": 4, \"cells\": [{\"cell_type\": \"raw\", \"id\": \"a\", \"source\": \"\"}, {\"cell_type\": \"raw\", "
       "\"id\": \"a\", \"source\": \"\"}]}",
       "cell 2: its id, \"a\", is another cell's too"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    json_t *json;
    struct fault fault = {0};
    assert_int_equal(notebook_ipynb_read(&json, cases[i].text, strlen(cases[i].text), &fault), MULLIGAN_INVALID);
    if (!strstr(fault.message, cases[i].message))
      fail_msg("\"%s\" does not say \"%s\"", fault.message, cases[i].message);
  }
}

static void a_made_up_id_never_takes_another_cells(void **state) {
  (void)state;
  static const char text[] = "{\"nbformat\": 4, \"nbformat_minor\": 2, \"cells\": ["
                             "{\"cell_type\": \"raw\", \"source\": [\"a\\n\", \"b\"]},"
                             "{\"cell_type\": \"raw\", \"id\": \"cell-1\", \"source\": \"\"}]}";
  json_t *json;
  struct fault fault;
  assert_int_equal(notebook_ipynb_read(&json, text, sizeof text - 1, &fault), MULLIGAN_OK);
  json_t *first = json_array_get(json_object_get(json, "cells"), 0);
  assert_string_not_equal(json_string_value(json_object_get(first, "id")), "cell-1");
  assert_string_equal(json_string_value(json_object_get(first, "source")), "a\nb");
  json_decref(json);
}

static void a_cell_that_would_be_read_as_two_is_refused(void **state) {
  (void)state;
  json_t *json =
      json_pack("{s:[o], s:{}}", "cells", notebook_ipynb_cell("code", "a", "x()\n-- %%\n", 10, NULL), "metadata");
  struct buf out;
  struct fault fault;
  buf_init(&out, 1 << 20);
  assert_int_equal(notebook_percent_write(json, &out, &fault), MULLIGAN_INVALID);
  assert_non_null(strstr(fault.message, "cell 1, line 2"));
  buf_release(&out);
  json_decref(json);
}

static void a_page_shows_hostile_cells_as_text(void **state) {
  (void)state;
  static const char hostile[] = "<script>alert(1)</script>";
  json_t *outputs = json_pack("[{s:s, s:s, s:s}, {s:s, s:{s:s, s:s}, s:{}}, {s:s, s:s, s:s, s:[s]}]", "output_type",
                              "stream", "name", "stdout", "text", hostile, "output_type", "display_data", "data",
                              "text/html", hostile, "image/svg+xml", "<svg><script>alert(2)</script></svg>", "metadata",
                              "output_type", "error", "ename", hostile, "evalue", hostile, "traceback", hostile);
  json_t *code = notebook_ipynb_cell("code", "a", hostile, sizeof hostile - 1, NULL);
  json_object_set_new(code, "outputs", outputs);
  struct notebook notebook = {
      .json = json_pack("{s:[o, o], s:{s:s}}", "cells",
                        notebook_ipynb_cell("markdown", "b", "<script>alert(3)</script>\n\n*yes*", 32, NULL), code,
                        "metadata", "title", hostile)};
  struct buf out;
  buf_init(&out, 1 << 20);
  assert_true(notebook_html_write(&notebook, &out));
  assert_null(strstr(out.data, "<script"));
  assert_non_null(strstr(out.data, "<em>yes</em>"));
  assert_non_null(strstr(out.data, "&lt;script&gt;alert(1)"));
  buf_release(&out);
  json_decref(notebook.json);
}

static void a_chart_escapes_its_labels_and_scales_its_bars(void **state) {
  (void)state;
  json_t *chart = json_pack("{s:s, s:[{s:s, s:i}, {s:s, s:i}]}", "title", "a < b", "bars", "label", "<&>", "value", 10,
                            "label", "half", "value", 5);
  struct buf out;
  buf_init(&out, 1 << 20);
  chart_svg_add(&out, chart);
  assert_non_null(strstr(out.data, "a &lt; b"));
  assert_non_null(strstr(out.data, "&lt;&amp;&gt;"));
  assert_non_null(strstr(out.data, "width=\"334.0\""));
  assert_non_null(strstr(out.data, "width=\"167.0\""));
  buf_release(&out);
  json_decref(chart);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_percent_format_survives_the_way_there_and_back),
      cmocka_unit_test(cells_know_their_kind_their_place_and_their_words),
      cmocka_unit_test(parameters_are_those_of_an_operator_script),
      cmocka_unit_test(what_is_wrong_in_a_percent_file_is_named_with_its_line),
      cmocka_unit_test(what_is_wrong_in_a_jupyter_file_is_named_with_its_cell),
      cmocka_unit_test(a_made_up_id_never_takes_another_cells),
      cmocka_unit_test(a_cell_that_would_be_read_as_two_is_refused),
      cmocka_unit_test(a_page_shows_hostile_cells_as_text),
      cmocka_unit_test(a_chart_escapes_its_labels_and_scales_its_bars),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
