/**
 * test_notebook_output.c - what a cell shows becomes a notebook's outputs, for Jupyter, for a page and for the audit;
 * and what a run leaves holds nothing that is secret.
 */
#include "base/scrub.h"
#include "base/taint.h"
#include "operator/notebook_output.h"
#include "operator/notebook_report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TABLE    "application/vnd.mulligan.table+json"
#define CHART    "application/vnd.mulligan.chart+json"
#define PROGRESS "application/vnd.mulligan.progress+json"

/* Takes a message of this type; `content` is JSON. */
static void take(struct notebook_output *output, const char *type, const char *content) {
  json_error_t error;
  json_t *message = json_pack("{s:{s:s}, s:o}", "header", "msg_type", type, "content", json_loads(content, 0, &error));
  assert_non_null(message);
  notebook_output_take(output, message);
  json_decref(message);
}

static const char *text_of(const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}

static const json_t *data_of(const json_t *list, size_t index) {
  return json_object_get(json_array_get(list, index), "data");
}

static void text_of_one_stream_is_one_output(void **state) {
  (void)state;
  struct notebook_output output;
  assert_true(notebook_output_init(&output));
  take(&output, "status", "{\"execution_state\": \"busy\"}");
  take(&output, "stream", "{\"name\": \"stdout\", \"text\": \"one\\n\"}");
  take(&output, "stream", "{\"name\": \"stdout\", \"text\": \"two\\n\"}");
  take(&output, "stream", "{\"name\": \"stderr\", \"text\": \"a remark\\n\"}");
  take(&output, "stream", "{\"name\": \"stdout\", \"text\": \"three\\n\"}");
  json_t *list = notebook_output_detach(&output);
  assert_int_equal(json_array_size(list), 3);
  assert_string_equal(text_of(json_array_get(list, 0), "text"), "one\ntwo\n");
  assert_string_equal(text_of(json_array_get(list, 1), "name"), "stderr");
  assert_string_equal(text_of(json_array_get(list, 2), "text"), "three\n");
  json_decref(list);
}

static void a_bar_that_moves_stays_one_output(void **state) {
  (void)state;
  struct notebook_output output;
  assert_true(notebook_output_init(&output));
  take(&output, "display_data",
       "{\"data\": {\"text/plain\": \"0 / 3\", \"" PROGRESS "\": {\"label\": \"<work>\", \"done\": 0, \"total\": 3}}, "
       "\"transient\": {\"display_id\": \"bar-1\"}}");
  take(&output, "stream", "{\"name\": \"stdout\", \"text\": \"meanwhile\"}");
  take(&output, "update_display_data",
       "{\"data\": {\"text/plain\": \"2 / 3\", \"" PROGRESS "\": {\"label\": \"<work>\", \"done\": 2, \"total\": 3}}, "
       "\"transient\": {\"display_id\": \"bar-1\"}}");
  json_t *list = notebook_output_detach(&output);
  assert_int_equal(json_array_size(list), 2);
  assert_string_equal(text_of(data_of(list, 0), "text/plain"), "2 / 3");
  assert_null(json_object_get(json_array_get(list, 0), "transient"));
  notebook_output_enrich(list);
  assert_non_null(strstr(text_of(data_of(list, 0), "text/html"), "<progress value=\"2\" max=\"3\">"));
  assert_non_null(strstr(text_of(data_of(list, 0), "text/html"), "&lt;work&gt; 2 / 3"));
  json_decref(list);
}

static const char shown[] =
    "{\"data\": {\"text/plain\": \"as wide as the terminal\", \"" TABLE "\": {\"columns\": [\"n\", \"note\"], "
    "\"rows\": [{\"n\": 1, \"note\": \"<i>token-4711</i>\"}], \"total\": 2}}}";
static const char drawn[] = "{\"data\": {\"text/plain\": \"bars\", \"" CHART
                            "\": {\"title\": \"a & b\", \"bars\": [{\"label\": \"token-4711\", \"value\": 3}]}}}";
static const char failed[] = "{\"ename\": \"Error\", \"evalue\": \"no\", \"traceback\": [\"x.lua:3: no\", \"3 | no\"]}";

static json_t *show_all(void) {
  struct notebook_output output;
  assert_true(notebook_output_init(&output));
  take(&output, "display_data", shown);
  take(&output, "display_data", drawn);
  take(&output, "execute_result", "{\"data\": {\"text/plain\": \"5\\n\"}, \"execution_count\": 4}");
  take(&output, "error", failed);
  return notebook_output_detach(&output);
}

static void tables_and_charts_are_there_for_other_programs(void **state) {
  (void)state;
  json_t *list = show_all();
  notebook_output_enrich(list);
  assert_non_null(strstr(text_of(data_of(list, 0), "text/html"), "&lt;i&gt;token-4711&lt;/i&gt;"));
  assert_non_null(strstr(text_of(data_of(list, 0), "text/plain"), "<i>token-4711</i>"));
  assert_non_null(strstr(text_of(data_of(list, 0), "text/plain"), "first 1 of 2 rows"));
  assert_non_null(strstr(text_of(data_of(list, 1), "image/svg+xml"), "a &amp; b"));
  assert_non_null(strstr(text_of(data_of(list, 1), "text/plain"), "\xE2\x96\x88"));
  assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 2), "execution_count")), 4);
  assert_string_equal(text_of(json_array_get(list, 3), "ename"), "Error");
  json_decref(list);
}

static void the_audit_gets_what_was_shown(void **state) {
  (void)state;
  json_t *list = show_all(), *entries = notebook_output_entries(list);
  assert_int_equal(json_array_size(entries), 4);
  assert_string_equal(text_of(json_array_get(entries, 0), "kind"), "table");
  assert_string_equal(text_of(json_array_get(entries, 1), "kind"), "chart");
  assert_string_equal(text_of(json_array_get(entries, 2), "text"), "5");
  assert_string_equal(text_of(json_array_get(entries, 3), "text"), "x.lua:3: no");
  json_decref(entries);
  json_decref(list);
}

/* ---- what a run leaves ---- */

static bool says(const json_t *value, const char *words) {
  char *text = json_dumps(value, 0);
  bool found = text && strstr(text, words);
  free(text);
  return found;
}

static void a_report_has_outputs_and_outcome_and_no_secret(void **state) {
  (void)state;
  json_error_t error;
  struct notebook notebook = {
      .json = json_loads("{\"cells\": [{\"cell_type\": \"code\", \"id\": \"a\", \"metadata\": {}, \"source\": "
                         "\"f('token-4711')\", \"outputs\": [{\"output_type\": \"old\"}], \"execution_count\": 9}, "
                         "{\"cell_type\": \"code\", \"id\": \"b\", \"metadata\": {}, \"source\": \"g()\", \"outputs\": "
                         "[{\"output_type\": \"old\"}], \"execution_count\": 8}, {\"cell_type\": \"markdown\", \"id\": "
                         "\"mulligan-run\", \"metadata\": {}, \"source\": \"of another run\"}], \"metadata\": {}, "
                         "\"nbformat\": 4, \"nbformat_minor\": 5}",
                         0, &error)};
  assert_non_null(notebook.json);
  json_t *before = json_deep_copy(notebook.json);
  json_t *outputs = json_pack("[{s:o, s:i}, n, n]", "outputs", show_all(), "count", 1);
  json_t *parameters = json_pack("{s:s, s:s}", "pin", MULLIGAN_SCRUBBED, "name", "`x`");
  struct scrub *scrub = scrub_create(NULL, 0);
  struct taint *taint = taint_create();
  taint_add_declared(taint, "token-4711", 10);
  const struct notebook_report report = {.notebook = &notebook,
                                         .outputs = outputs,
                                         .scrub = scrub,
                                         .taint = taint,
                                         .run = "RUN-7K3F-9QXA",
                                         .file = "notebooks/x.lua",
                                         .operator_name = "mina",
                                         .outcome = "failed",
                                         .message = "x.lua:3: token-4711",
                                         .parameters = parameters};
  json_t *made = notebook_report_make(&report);
  assert_non_null(made);
  assert_true(json_equal(before, notebook.json));
  assert_false(says(made, "token-4711"));
  assert_false(says(made, "\"old\""));
  assert_false(says(made, "of another run"));
  const json_t *cells = json_object_get(made, "cells");
  assert_int_equal(json_array_size(cells), 3);
  assert_int_equal(json_integer_value(json_object_get(json_array_get(cells, 0), "execution_count")), 1);
  assert_true(json_is_null(json_object_get(json_array_get(cells, 1), "execution_count")));
  assert_int_equal(json_array_size(json_object_get(json_array_get(cells, 1), "outputs")), 0);
  const char *last = text_of(json_array_get(cells, 2), "source");
  assert_non_null(strstr(last, "    RUN-7K3F-9QXA of notebooks/x.lua, by mina"));
  assert_non_null(strstr(last, "    name = `x`\n"));
  assert_non_null(strstr(last, "Nothing has been saved."));
  json_decref(made);
  json_decref(before);
  json_decref(outputs);
  json_decref(parameters);
  json_decref(notebook.json);
  taint_destroy(taint);
  scrub_destroy(scrub);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(text_of_one_stream_is_one_output),
      cmocka_unit_test(a_bar_that_moves_stays_one_output),
      cmocka_unit_test(tables_and_charts_are_there_for_other_programs),
      cmocka_unit_test(the_audit_gets_what_was_shown),
      cmocka_unit_test(a_report_has_outputs_and_outcome_and_no_secret),
  };
  setenv("LC_ALL", "C.UTF-8", 1);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
