/**
 * test_audit.c - the audit: its chain, its settling of runs that ended without a word, and what it answers.
 */
#include "base/file.h"
#include "data/audit.h"
#include "data/store.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
  char folder[64];
  char *app_path;
  struct write_lock *lock;
  struct store *app;
  struct audit_options options;
  struct fault fault;
};

static int set_up(void **state) {
  struct fixture *f = calloc(1, sizeof *f);
  snprintf(f->folder, sizeof f->folder, "/tmp/mulligan-audit-XXXXXX");
  assert_non_null(mkdtemp(f->folder));
  char *lock = file_join(f->folder, "write.lock");
  f->app_path = file_join(f->folder, "app.db");
  assert_int_equal(write_lock_open(&f->lock, lock, &f->fault), MULLIGAN_OK);
  assert_int_equal(store_open(&f->app, f->app_path, STORE_READ_WRITE, f->lock, &f->fault), MULLIGAN_OK);
  free(lock);
  f->options = (struct audit_options){.folder = f->folder, .app_path = f->app_path, .app_lock = f->lock};
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  struct fixture *f = *state;
  store_close(f->app);
  write_lock_close(f->lock);
  struct file_list files;
  assert_int_equal(file_walk(f->folder, "", &files, &f->fault), MULLIGAN_OK);
  for (size_t i = 0; i < files.count; i++) {
    char *path = file_join(f->folder, files.paths[i]);
    remove(path);
    free(path);
  }
  file_list_release(&files);
  remove(f->folder);
  free(f->app_path);
  free(f);
  return 0;
}

static struct audit *open_audit(struct fixture *f) {
  struct audit *audit;
  if (audit_open(&audit, &f->options, &f->fault) != MULLIGAN_OK)
    fail_msg("%s", f->fault.message);
  return audit;
}

static void begin(struct fixture *f, struct audit *audit, char run[MULLIGAN_REFERENCE_SIZE]) {
  const struct audit_opening opening = {.kind = "script", .name = "test", .user = "me"};
  if (audit_begin(audit, &opening, run, &f->fault) != MULLIGAN_OK)
    fail_msg("%s", f->fault.message);
}

static void end(struct fixture *f, struct audit *audit, const char *run, const char *outcome) {
  const struct audit_ending ending = {.outcome = outcome};
  if (audit_end(audit, run, &ending, &f->fault) != MULLIGAN_OK)
    fail_msg("%s", f->fault.message);
}

/* As an apply does: the run's id becomes durable in app.db. */
static void enter_applied(struct fixture *f, const struct audit *audit, const char *run) {
  struct run_table_head head = audit_head(audit);
  assert_int_equal(store_begin_write(f->app, &f->fault), MULLIGAN_OK);
  assert_int_equal(run_table_enter(f->app, run, &head, &f->fault), MULLIGAN_OK);
  assert_int_equal(store_commit(f->app, &f->fault), MULLIGAN_OK);
}

static void assert_outcome(struct fixture *f, const char *run, const char *expected) {
  json_t *facts;
  if (audit_get(f->folder, run, &facts, &f->fault) != MULLIGAN_OK)
    fail_msg("%s", f->fault.message);
  assert_string_equal(json_string_value(json_object_get(facts, "outcome")), expected);
  json_decref(facts);
}

static void assert_sound(struct fixture *f, bool expected, int64_t entries) {
  json_t *verdict;
  if (audit_verify(&f->options, &verdict, &f->fault) != MULLIGAN_OK)
    fail_msg("%s", f->fault.message);
  char *text = json_dumps(verdict, 0);
  if (json_is_true(json_object_get(verdict, "sound")) != expected)
    fail_msg("%s", text);
  assert_int_equal(json_integer_value(json_object_get(verdict, "entries")), entries);
  free(text);
  json_decref(verdict);
}

/* ---- the chain ---- */

static void test_what_is_entered_is_a_sound_chain(void **state) {
  struct fixture *f = *state;
  char run[MULLIGAN_REFERENCE_SIZE];
  struct audit *audit = open_audit(f);
  assert_int_equal(audit_head(audit).entries, 0);
  for (int i = 0; i < 5; i++) {
    begin(f, audit, run);
    assert_outcome(f, run, "running");
    end(f, audit, run, AUDIT_PLANNED);
    assert_outcome(f, run, "planned");
  }
  assert_int_equal(audit_head(audit).entries, 10);
  audit_close(audit);
  assert_sound(f, true, 10);
  audit = open_audit(f);
  assert_int_equal(audit_head(audit).entries, 10);
  audit_close(audit);
}

static void test_a_run_under_way_does_not_make_it_unsound(void **state) {
  struct fixture *f = *state;
  char first[MULLIGAN_REFERENCE_SIZE], second[MULLIGAN_REFERENCE_SIZE];
  struct audit *audit = open_audit(f);
  begin(f, audit, first);
  end(f, audit, first, AUDIT_PLANNED);
  begin(f, audit, second);
  assert_sound(f, true, 3);
  audit_close(audit);
}

static void tamper(struct fixture *f, const char *sql) {
  char *path = file_join(f->folder, "audit.db");
  struct store *store;
  assert_int_equal(store_open(&store, path, STORE_READ_WRITE, NULL, &f->fault), MULLIGAN_OK);
  assert_int_equal(store_begin_write(store, &f->fault), MULLIGAN_OK);
  if (store_execute(store, sql, &f->fault) != MULLIGAN_OK || store_commit(store, &f->fault) != MULLIGAN_OK)
    fail_msg("%s", f->fault.message);
  store_close(store);
  free(path);
}

static void test_an_ending_that_app_db_never_heard_of_shows(void **state) {
  struct fixture *f = *state;
  char run[MULLIGAN_REFERENCE_SIZE];
  struct audit *audit = open_audit(f);
  begin(f, audit, run);
  end(f, audit, run, AUDIT_PLANNED);
  begin(f, audit, run);
  end(f, audit, run, AUDIT_PLANNED);
  audit_close(audit);
  assert_int_equal(store_begin_write(f->app, &f->fault), MULLIGAN_OK); /* app.db as it was before the second run */
  assert_int_equal(store_execute(f->app, "UPDATE mulligan_audit SET entries = 2", &f->fault), MULLIGAN_OK);
  assert_int_equal(store_commit(f->app, &f->fault), MULLIGAN_OK);
  assert_sound(f, false, 4);
}

static void test_values_keep_their_types(void **state) {
  struct fixture *f = *state;
  char run[MULLIGAN_REFERENCE_SIZE];
  struct audit *audit = open_audit(f);
  begin(f, audit, run);
  end(f, audit, run, AUDIT_PLANNED);
  audit_close(audit);
  tamper(f, "UPDATE audit_event SET message = x'6d' WHERE seq = 2");
  assert_sound(f, false, 2);
}

/* ---- size ---- */

/* An entry beyond 64 MiB, which is more than a store takes of others: a run that changes 20,000 rows of 2 KB is such.
 */
static void test_a_run_that_changes_much_is_read_again_whole(void **state) {
  enum { SIDE = 24 * 1024 * 1024 };
  struct fixture *f = *state;
  char run[MULLIGAN_REFERENCE_SIZE];
  char *bytes = malloc(SIDE), *described = malloc(SIDE);
  assert_non_null(bytes);
  assert_non_null(described);
  memset(bytes, 'c', SIDE);
  int head = snprintf(described, SIDE, "[{\"table\":\"item\",\"after\":\"");
  memset(described + head, 'd', (size_t)(SIDE - head));
  memcpy(described + SIDE - sizeof "\"}]", "\"}]", sizeof "\"}]");

  struct audit *audit = open_audit(f);
  begin(f, audit, run);
  const struct changeset changes = {.bytes = bytes, .length = SIDE}, inverse = {.bytes = described, .length = SIDE};
  const struct audit_plan plan = {
      .sha = "5ha", .schema = "schema", .changes = &changes, .inverse = &inverse, .described = described, .rows = 1};
  if (audit_plan(audit, run, &plan, &f->fault) != MULLIGAN_OK)
    fail_msg("%s", f->fault.message);
  end(f, audit, run, AUDIT_PLANNED);
  audit_close(audit);

  json_t *facts;
  if (audit_get(f->folder, run, &facts, &f->fault) != MULLIGAN_OK)
    fail_msg("%s", f->fault.message);
  const json_t *change = json_array_get(json_object_get(facts, "changes"), 0);
  assert_int_equal(json_string_length(json_object_get(change, "after")), strlen(described) - (size_t)head - 3);
  json_decref(facts);
  for (int side = 0; side < 2; side++) {
    struct changeset back;
    if (audit_changes(f->folder, run, side == 1, &back, &f->fault) != MULLIGAN_OK)
      fail_msg("%s", f->fault.message);
    assert_int_equal(back.length, SIDE);
    assert_memory_equal(back.bytes, side == 1 ? described : bytes, SIDE);
    changeset_release(&back);
  }
  assert_sound(f, true, 3);
  free(bytes);
  free(described);
}

/* ---- settling ---- */

static void test_a_run_without_a_word_is_settled_by_app_db(void **state) {
  struct fixture *f = *state;
  char lost[MULLIGAN_REFERENCE_SIZE], saved[MULLIGAN_REFERENCE_SIZE];
  struct audit *audit = open_audit(f);
  begin(f, audit, lost);
  begin(f, audit, saved);
  enter_applied(f, audit, saved);
  audit_close(audit); /* as if the process were gone */
  assert_int_equal(audit_settle(&f->options, &f->fault), MULLIGAN_OK);
  assert_outcome(f, lost, "not_applied");
  assert_outcome(f, saved, "applied");
  assert_sound(f, true, 4);
  assert_int_equal(audit_settle(&f->options, &f->fault), MULLIGAN_OK); /* once */
  assert_sound(f, true, 4);
}

static void test_a_run_that_is_alive_is_left_alone(void **state) {
  struct fixture *f = *state;
  char run[MULLIGAN_REFERENCE_SIZE];
  struct audit *audit = open_audit(f);
  begin(f, audit, run);
  assert_int_equal(audit_settle(&f->options, &f->fault), MULLIGAN_OK);
  assert_outcome(f, run, "running");
  enter_applied(f, audit, run);
  assert_int_equal(audit_settle(&f->options, &f->fault), MULLIGAN_OK);
  assert_outcome(f, run, "running");
  end(f, audit, run, AUDIT_APPLIED);
  audit_close(audit);
  assert_outcome(f, run, "applied");
  assert_sound(f, true, 2);
}

/* ---- several at once ---- */

enum { THREADS = 4, RUNS = 10 };

static void *run_some(void *context) {
  struct fixture *f = context;
  struct fault fault;
  for (int i = 0; i < RUNS; i++) {
    struct audit *audit;
    char run[MULLIGAN_REFERENCE_SIZE];
    const struct audit_opening opening = {.kind = "script", .name = "many", .user = "me"};
    const struct audit_ending ending = {.outcome = AUDIT_PLANNED};
    if (audit_open(&audit, &f->options, &fault) != MULLIGAN_OK)
      return strdup(fault.message);
    if (audit_begin(audit, &opening, run, &fault) != MULLIGAN_OK ||
        audit_end(audit, run, &ending, &fault) != MULLIGAN_OK) {
      audit_close(audit);
      return strdup(fault.message);
    }
    audit_close(audit);
  }
  return NULL;
}

static void test_runs_at_once_make_one_chain(void **state) {
  struct fixture *f = *state;
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, run_some, f), 0);
  for (int i = 0; i < THREADS; i++) {
    void *problem;
    pthread_join(threads[i], &problem);
    if (problem)
      fail_msg("%s", (const char *)problem);
  }
  assert_sound(f, true, (int64_t)THREADS * RUNS * 2);
  json_t *list;
  assert_int_equal(audit_list(f->folder, 0, &list, &f->fault), MULLIGAN_OK);
  assert_int_equal(json_array_size(list), THREADS * RUNS);
  json_decref(list);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_FIXTURE(test_what_is_entered_is_a_sound_chain),
      WITH_FIXTURE(test_a_run_under_way_does_not_make_it_unsound),
      WITH_FIXTURE(test_an_ending_that_app_db_never_heard_of_shows),
      WITH_FIXTURE(test_values_keep_their_types),
      WITH_FIXTURE(test_a_run_that_changes_much_is_read_again_whole),
      WITH_FIXTURE(test_a_run_without_a_word_is_settled_by_app_db),
      WITH_FIXTURE(test_a_run_that_is_alive_is_left_alone),
      WITH_FIXTURE(test_runs_at_once_make_one_chain),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
