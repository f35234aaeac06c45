/**
 * test_control.c - questions to the host of a data folder, and what comes back.
 */
#include "base/control.h"
#include "remove_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/mulligan-control-XXXXXX";

static int enter(void **state) {
  (void)state;
  return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int leave(void **state) {
  (void)state;
  return remove_tree(folder);
}

static json_t *echo(void *context, const json_t *question) {
  return json_pack("{s:s, s:O}", "by", context, "question", question);
}

static char name[] = "the host";
static const struct control_command commands[] = {{"echo", echo, name}, {NULL, NULL, NULL}};

static enum mulligan_status ask(const char *command, json_t **answer, struct fault *fault) {
  json_t *question = json_pack("{s:s}", "command", command);
  enum mulligan_status status = control_ask(folder, question, 600, answer, fault);
  json_decref(question);
  return status;
}

static void a_question_is_answered(void **state) {
  (void)state;
  struct control *control;
  json_t *answer;
  assert_int_equal(control_open(&control, folder, commands, NULL), MULLIGAN_OK);
  assert_int_equal(ask("echo", &answer, NULL), MULLIGAN_OK);
  assert_string_equal(json_string_value(json_object_get(answer, "by")), "the host");
  const json_t *question = json_object_get(answer, "question");
  assert_string_equal(json_string_value(json_object_get(question, "command")), "echo");
  json_decref(answer);
  struct fault fault;
  assert_int_equal(ask("dance", &answer, &fault), MULLIGAN_INVALID);
  assert_null(answer);
  assert_non_null(strstr(fault.message, "dance"));
  struct stat about;
  assert_int_equal(stat("control.sock", &about), 0);
  assert_int_equal(about.st_mode & 0777, 0600);
  control_close(control);
}

static void without_a_host_that_is_said(void **state) {
  (void)state;
  struct fault fault;
  json_t *answer;
  struct control *control;
  assert_int_equal(ask("echo", &answer, &fault), MULLIGAN_MISSING);
  assert_non_null(strstr(fault.message, folder));
  assert_int_equal(control_open(&control, folder, commands, NULL), MULLIGAN_OK);
  control_close(control);
  assert_int_equal(ask("echo", &answer, &fault), MULLIGAN_MISSING);
  json_t *question = json_object();
  assert_int_equal(control_ask("no/such/folder", question, 600, &answer, &fault), MULLIGAN_MISSING);
  json_decref(question);
}

static void one_host_has_the_folder_and_leaves_it_to_the_next(void **state) {
  (void)state;
  struct control *first, *second;
  struct fault fault;
  json_t *answer;
  assert_int_equal(control_open(&first, folder, commands, NULL), MULLIGAN_OK);
  assert_int_equal(control_open(&second, folder, commands, &fault), MULLIGAN_BUSY);
  assert_null(second);
  assert_int_equal(ask("echo", &answer, NULL), MULLIGAN_OK);
  json_decref(answer);
  control_close(first);
  /* What a killed host leaves is in nobody's way. */
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "control.sock"};
  int left = socket(AF_UNIX, SOCK_STREAM, 0);
  assert_int_equal(bind(left, (struct sockaddr *)&address, sizeof address), 0);
  close(left);
  assert_int_equal(control_open(&second, folder, commands, NULL), MULLIGAN_OK);
  assert_int_equal(ask("echo", &answer, NULL), MULLIGAN_OK);
  json_decref(answer);
  control_close(second);
}

static int connect_raw(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "control.sock"};
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
  return fd;
}

static void nonsense_and_silence_harm_nobody(void **state) {
  (void)state;
  struct control *control;
  json_t *answer;
  assert_int_equal(control_open(&control, folder, commands, NULL), MULLIGAN_OK);
  static const char *const nonsense[] = {
      "\n", "{\n", "[]\n", "{\"command\": 1}\n", "\xFF\xFE\n", "{\"command\":\"echo\""};
  for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
    int fd = connect_raw();
    assert_int_equal(send(fd, nonsense[i], strlen(nonsense[i]), MSG_NOSIGNAL), strlen(nonsense[i]));
    shutdown(fd, SHUT_WR);
    char bytes[256] = "";
    assert_true(recv(fd, bytes, sizeof bytes - 1, 0) > 0);
    assert_non_null(strstr(bytes, "\"error\""));
    close(fd);
  }
  close(connect_raw()); /* says nothing and goes */
  int fd = connect_raw();
  char *flood = malloc(1 << 20);
  memset(flood, 'x', 1 << 20);
  while (send(fd, flood, 1 << 20, MSG_NOSIGNAL) > 0) {
  }
  free(flood);
  close(fd);
  assert_int_equal(ask("echo", &answer, NULL), MULLIGAN_OK);
  json_decref(answer);
  control_close(control);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_question_is_answered),
      cmocka_unit_test(without_a_host_that_is_said),
      cmocka_unit_test(one_host_has_the_folder_and_leaves_it_to_the_next),
      cmocka_unit_test(nonsense_and_silence_harm_nobody),
  };
  return cmocka_run_group_tests(tests, enter, leave);
}
