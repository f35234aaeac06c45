/**
 * test_error_secrets.c - what must not be stored is in no file of the data folder, neither in errors.db nor in the
 * spool.
 */
#include "error_world.h"

#include <ftw.h>
static const char *const planted[] = {
    "s3cr3t-password-1", "s3cr3t-header-2",  "s3cr3t-cookie-3", "s3cr3t-query-4",    "s3cr3t-local-5",
    "s3cr3t-nested-6",   "s3cr3t-arg-7",     "s3cr3t-url-8",    "s3cr3t-crumb-9",    "s3cr3t-broken-10",
    "s3cr3t-form-11",    "s3cr3t-part-12",   "s3cr3t-cause-13", "s3cr3t-message-14", "s3cr3t-deep-15",
    "4111111111111111",  "s3cr3t-bearer-16",
};

static struct error_record *make_secretive(const char *body) {
  struct error_record *made = make("cannot reach https://kim:s3cr3t-url-8@example.com/: Bearer s3cr3t-bearer-16");
  set(made, &made->value, "card 4111111111111111");
  set(made, &made->query, "page=1&token=s3cr3t-query-4");
  set(made, &made->body, body);
  made->headers = json_pack("{s:s, s:s, s:s}", "Authorization", "Bearer s3cr3t-header-2", "Cookie",
                            "session=s3cr3t-cookie-3", "accept", "*/*");
  made->frames =
      json_pack("[{s:s, s:b, s:{s:s, s:s, s:{s:{s:s}}}}]", "file", "routes/users.lua", "in_app", 1, "locals", "name",
                "kim", "password", "s3cr3t-local-5", "user", "credentials", "key", "s3cr3t-nested-6");
  made->args = json_pack("{s:s, s:s}", "api-key", "s3cr3t-arg-7", "email", "kim@example.com");
  made->breadcrumbs =
      json_pack("[{s:s, s:s}]", "kind", "log", "text", "Authorization: Bearer s3cr3t-crumb-9 was refused");
  return made;
}

static int search_file(const char *path, const struct stat *facts, int type, struct FTW *ftw) {
  (void)ftw;
  if (type != FTW_F || facts->st_size == 0)
    return 0;
  struct buf bytes;
  buf_init(&bytes, 1 << 28);
  assert_int_equal(file_read(path, &bytes, NULL), MULLIGAN_OK);
  for (size_t i = 0; i < sizeof planted / sizeof *planted; i++) {
    if (memmem(bytes.data, bytes.length, planted[i], strlen(planted[i])) != NULL)
      fail_msg("%s is in %s", planted[i], path);
  }
  buf_release(&bytes);
  return 0;
}

static void no_secret_reaches_the_disk(void **state) {
  struct world *world = *state;
  static const char *const bodies[] = {
      "{\"username\": \"kim\", \"password\": \"s3cr3t-password-1\","
      " \"list\": [{\"secret\": {\"a\": \"s3cr3t-deep-15\"}}]}",
      "{\"username\": \"kim\", \"password\": \"s3cr3t-broken-10\",}",
      "{\"credentials\": {\"a\": [1, \"s3cr3t-deep-15\"], \"b\": \"s3cr3t-broken-10",
      "username=kim&password=s3cr3t-form-11&x=1",
      "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\ns3cr3t-part-12\r\n--b\r\n"
      "Content-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--b--\r\n",
  };
  for (int broken = 0; broken < 2; broken++) {
    if (broken == 1)
      spoil(world->database);
    open_log(world);
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
      struct error_record *made = make_secretive(bodies[i]);
      made->cause = make("caused by password=s3cr3t-cause-13");
      set(made->cause, &made->cause->body, "{\"otp\": \"s3cr3t-message-14\"}");
      char reference[MULLIGAN_REFERENCE_SIZE];
      memcpy(reference, made->reference, sizeof reference);
      assert_int_equal(error_log_record(world->log, made, true, NULL), MULLIGAN_OK);
      json_t *row = get(world, reference);
      assert_in_range(number_of(row, "scrubbed"), 8, 30);
      const json_t *locals = json_object_get(json_array_get(json_object_get(row, "frames"), 0), "locals");
      assert_string_equal(text_of(locals, "password"), MULLIGAN_SCRUBBED);
      assert_string_equal(text_of(locals, "name"), "kim");
      assert_string_equal(text_of(json_object_get(row, "headers"), "accept"), "*/*");
      if (i == 4)
        assert_non_null(strstr(text_of(row, "body"), "hello"));
      else if (i != 2)
        assert_non_null(strstr(text_of(row, "body"), "kim"));
      json_decref(row);
    }
    nftw(world->folder, search_file, 16, FTW_PHYS); /* with the WAL, which holds most of it still */
    close_log(world);
    nftw(world->folder, search_file, 16, FTW_PHYS);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(no_secret_reaches_the_disk),
  };
  return cmocka_run_group_tests_name("error_secrets", tests, NULL, NULL);
}
