/* One attempt to deliver a message: what is made of a channel's verdicts, that no answer carries a secret, and that an
 * attempt can be ended wherever libcurl waits. The channel here is the test's own; its other side is a thread. */
#include "alerts/back_off.h"
#include "alerts/delivery.h"

#include <math.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- a channel that answers as it is told ---- */

struct channel_transfer {
  bool plain;
};

static char url[64];
static struct channel_answer answers[2]; /* to the first and the second sending */
static int sent;
static bool was_plain[2];
static enum mulligan_status begin_status;

static bool is_configured(const struct settings *settings, struct fault *fault) {
  (void)settings, (void)fault;
  return true;
}

static void configuration(const struct settings *settings, const unsigned char key[MULLIGAN_SECRET_KEY_BYTES],
                          char out[CHANNEL_CONFIGURATION_SIZE]) {
  (void)key;
  (void)settings;
  snprintf(out, CHANNEL_CONFIGURATION_SIZE, "as it is");
}

static size_t swallow(char *bytes, size_t size, size_t count, void *context) {
  (void)bytes, (void)context;
  return size * count;
}

static size_t give_mail(char *out, size_t size, size_t count, void *context) {
  struct channel_transfer *transfer = context;
  static const char mail[] = "Subject: test\r\n\r\nHello.\r\n";
  if (transfer->plain || size * count < sizeof mail)
    return 0;
  transfer->plain = true; /* it is given once */
  memcpy(out, mail, sizeof mail - 1);
  return sizeof mail - 1;
}

static struct curl_slist *recipients;

static enum mulligan_status begin(struct channel_transfer **out, CURL *easy, const struct channel_job *job,
                                  struct fault *fault) {
  if (begin_status != MULLIGAN_OK)
    return fault_set(fault, begin_status, "it cannot be composed");
  *out = calloc(1, sizeof **out);
  (*out)->plain = job->plain;
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, swallow);
  if (strncmp(url, "smtp:", 5) == 0) {
    recipients = curl_slist_append(NULL, "<a@example.com>");
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, "<b@example.com>");
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_mail);
    curl_easy_setopt(easy, CURLOPT_READDATA, *out);
  }
  return MULLIGAN_OK;
}

static void judge(struct channel_transfer *transfer, CURL *easy, CURLcode result, struct channel_answer *out) {
  (void)easy;
  was_plain[sent] = transfer->plain;
  *out = answers[sent++];
  if (result != CURLE_OK)
    snprintf(out->text, sizeof out->text, "%s", curl_easy_strerror(result));
}

static void end(struct channel_transfer *transfer) {
  curl_slist_free_all(recipients);
  recipients = NULL;
  free(transfer);
}

static const struct channel fake = {ALERT_SLACK, is_configured, configuration, begin, judge, end};

/* ---- the other side ---- */

enum other_side { ANSWERS, SAYS_NOTHING, HANGS_AT_THE_END, HANGS_AT_QUIT };

struct peer {
  int listener;
  enum other_side kind;
  pthread_t thread;
  struct hang_up *hang_up; /* asked when the other side hangs; NULL: not */
};

static void say(int fd, const char *text) {
  send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* The next line that was sent; false when the connection is over. */
static bool hear(FILE *from, char line[256]) {
  return fgets(line, 256, from) != NULL;
}

static void wait_for_end(struct peer *peer, FILE *from) {
  char line[256];
  if (peer->hang_up)
    hang_up_ask(peer->hang_up);
  while (hear(from, line))
    ;
}

static void speak_http(struct peer *peer, int fd, FILE *from) {
  char line[256];
  while (hear(from, line) && strcmp(line, "\r\n") != 0)
    ;
  if (peer->kind == ANSWERS)
    say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  wait_for_end(peer, from);
}

static void speak_smtp(struct peer *peer, int fd, FILE *from) {
  char line[256];
  bool data = false;
  say(fd, "220 test\r\n");
  while (hear(from, line)) {
    bool last = data && strcmp(line, ".\r\n") == 0;
    if (data && !last)
      continue;
    if ((last && peer->kind == HANGS_AT_THE_END) || (!data && strncmp(line, "QUIT", 4) == 0))
      break;
    data = strncmp(line, "DATA", 4) == 0;
    say(fd, data ? "354 go on\r\n" : "250 fine\r\n");
  }
  wait_for_end(peer, from);
}

static void *run_peer(void *context) {
  struct peer *peer = context;
  int fd = accept(peer->listener, NULL, NULL);
  FILE *from = fdopen(dup(fd), "r");
  if (peer->kind == ANSWERS || peer->kind == SAYS_NOTHING)
    speak_http(peer, fd, from);
  else
    speak_smtp(peer, fd, from);
  fclose(from);
  close(fd);
  return NULL;
}

static void start_peer(struct peer *peer, enum other_side kind, struct hang_up *hang_up) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  *peer = (struct peer){.listener = socket(AF_INET, SOCK_STREAM, 0), .kind = kind, .hang_up = hang_up};
  assert_int_equal(bind(peer->listener, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(peer->listener, 4), 0);
  assert_int_equal(getsockname(peer->listener, (struct sockaddr *)&address, &length), 0);
  bool web = kind == ANSWERS || kind == SAYS_NOTHING;
  snprintf(url, sizeof url, "%s://127.0.0.1:%d/", web ? "http" : "smtp", ntohs(address.sin_port));
  assert_int_equal(pthread_create(&peer->thread, NULL, run_peer, peer), 0);
}

static void end_peer(struct peer *peer) {
  pthread_join(peer->thread, NULL);
  close(peer->listener);
}

/* ---- attempts ---- */

struct world {
  struct settings *settings;
  struct rendering rendering;
  struct hang_up hang_up;
  json_t *alert;
};

static int set_up(void **state) {
  struct world *world = calloc(1, sizeof *world);
  world->settings = settings_create();
  settings_settle(world->settings);
  rendering_init(&world->rendering, NULL, NULL);
  hang_up_init(&world->hang_up);
  world->alert = json_pack("{s:s, s:s}", "kind", "new", "ref", "ERR-7K3F-9QXA");
  sent = 0;
  begin_status = MULLIGAN_OK;
  memset(answers, 0, sizeof answers);
  memset(was_plain, 0, sizeof was_plain);
  snprintf(url, sizeof url, "file:///dev/null");
  *state = world;
  return 0;
}

static int tear_down(void **state) {
  struct world *world = *state;
  json_decref(world->alert);
  hang_up_release(&world->hang_up);
  rendering_release(&world->rendering);
  settings_destroy(world->settings);
  free(world);
  return 0;
}

static enum mulligan_status attempt(struct world *world, struct channel_answer *out) {
  struct delivery delivery = {.channel = &fake,
                              .settings = world->settings,
                              .alert = world->alert,
                              .thread = "",
                              .id = 1,
                              .rendering = &world->rendering,
                              .hang_up = &world->hang_up};
  return delivery_attempt(&delivery, out, NULL);
}

static void set(struct world *world, const char *name, const char *value) {
  assert_int_equal(settings_set(world->settings, name, value, "test", NULL), MULLIGAN_OK);
}

static void test_passes_a_verdict_on(void **state) {
  struct channel_answer out;
  answers[0] = (struct channel_answer){.verdict = CHANNEL_PARK, .retry_after = 30, .text = "slow down"};
  assert_int_equal(attempt(*state, &out), MULLIGAN_OK);
  assert_int_equal(out.verdict, CHANNEL_PARK);
  assert_true(out.retry_after == 30);
  assert_string_equal(out.text, "slow down");
}

static void test_sends_plain_text_once(void **state) {
  struct channel_answer out;
  answers[0] = (struct channel_answer){.verdict = CHANNEL_PLAIN, .text = "invalid_blocks"};
  answers[1] = (struct channel_answer){.verdict = CHANNEL_DELIVERED, .text = "ok"};
  assert_int_equal(attempt(*state, &out), MULLIGAN_OK);
  assert_int_equal(out.verdict, CHANNEL_DELIVERED);
  assert_int_equal(sent, 2);
  assert_false(was_plain[0]);
  assert_true(was_plain[1]);
}

static void test_gives_up_what_is_refused_as_plain_text_too(void **state) {
  struct channel_answer out;
  answers[0] = answers[1] = (struct channel_answer){.verdict = CHANNEL_PLAIN, .text = "msg_too_long"};
  assert_int_equal(attempt(*state, &out), MULLIGAN_OK);
  assert_int_equal(out.verdict, CHANNEL_GIVE_UP);
  assert_int_equal(sent, 2);
}

static void test_tells_why_nothing_could_be_composed(void **state) {
  struct channel_answer out;
  begin_status = MULLIGAN_NOMEM;
  assert_int_equal(attempt(*state, &out), MULLIGAN_OK);
  assert_int_equal(out.verdict, CHANNEL_RETRY);
  assert_string_equal(out.text, "it cannot be composed");
  begin_status = MULLIGAN_INVALID;
  assert_int_equal(attempt(*state, &out), MULLIGAN_OK);
  assert_int_equal(out.verdict, CHANNEL_GIVE_UP);
}

static void test_shows_no_secret(void **state) {
  static const char *const hidden[] = {"xoxb-1234-secret", "T000/B000/s3cr3tpath", "s3cr3tpath", "open sesame"};
  struct world *world = *state;
  struct channel_answer out;
  set(world, "slack_token", hidden[0]);
  set(world, "slack_webhook_url", "https://hooks.example.com/services/T000/B000/s3cr3tpath");
  set(world, "mail_password", hidden[3]);
  answers[0] = (struct channel_answer){.verdict = CHANNEL_RETRY,
                                       .text = "bad token xoxb-1234-secret\r\nat /services/T000/B000/s3cr3tpath, "
                                               "S3CR3TPATH, open sesame, b3BlbiBzZXNhbWU="};
  assert_int_equal(attempt(world, &out), MULLIGAN_OK);
  for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
    assert_null(strcasestr(out.text, hidden[i]));
  assert_null(strstr(out.text, "b3BlbiBzZXNhbWU")); /* in base64, as SMTP sends it */
  assert_null(strpbrk(out.text, "\r\n"));
  assert_non_null(strstr(out.text, "bad token"));
}

static void test_always_has_an_answer(void **state) {
  struct channel_answer out;
  assert_int_equal(attempt(*state, &out), MULLIGAN_OK);
  assert_string_equal(out.text, "no answer");
}

static void test_obeys_only_sensible_waits(void **state) {
  static const double said[] = {-5, NAN, INFINITY, 1e300, 86400, 0.5}, taken[] = {0, 0, 0, 86400, 86400, 0.5};
  for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
    struct channel_answer out;
    sent = 0;
    answers[0] = (struct channel_answer){.verdict = CHANNEL_PARK, .retry_after = said[i]};
    assert_int_equal(attempt(*state, &out), MULLIGAN_OK);
    assert_true(out.retry_after == taken[i]);
  }
}

static void test_ends_an_attempt_at_its_time(void **state) {
  struct world *world = *state;
  struct channel_answer out;
  struct peer peer;
  set(world, "alert_timeout", "0.1");
  start_peer(&peer, SAYS_NOTHING, NULL);
  assert_int_equal(attempt(world, &out), MULLIGAN_OK);
  end_peer(&peer);
  assert_string_equal(out.text, curl_easy_strerror(CURLE_OPERATION_TIMEDOUT));
}

/* None of these would end within an hour. */
static void test_hangs_up_wherever_libcurl_waits(void **state) {
  static const enum other_side kinds[] = {SAYS_NOTHING, HANGS_AT_THE_END};
  struct world *world = *state;
  set(world, "alert_timeout", "600");
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    struct channel_answer out;
    struct peer peer;
    world->hang_up.asked = false;
    start_peer(&peer, kinds[i], &world->hang_up);
    assert_int_equal(attempt(world, &out), MULLIGAN_INTERRUPTED);
    end_peer(&peer);
    assert_int_equal(sent, 0);
  }
  struct channel_answer out; /* and does not begin another */
  assert_int_equal(attempt(world, &out), MULLIGAN_INTERRUPTED);
}

static void test_does_not_wait_for_a_farewell(void **state) {
  struct world *world = *state;
  struct channel_answer out;
  struct peer peer;
  set(world, "alert_timeout", "600");
  answers[0] = (struct channel_answer){.verdict = CHANNEL_DELIVERED, .text = "250 fine"};
  start_peer(&peer, HANGS_AT_QUIT, NULL);
  assert_int_equal(attempt(world, &out), MULLIGAN_OK);
  end_peer(&peer);
  assert_int_equal(out.verdict, CHANNEL_DELIVERED);
  assert_string_equal(out.text, "250 fine");
}

static void test_keeps_an_answer_that_came_before_the_hang_up(void **state) {
  struct world *world = *state;
  struct channel_answer out;
  struct peer peer;
  answers[0] = (struct channel_answer){.verdict = CHANNEL_DELIVERED, .text = "ok"};
  start_peer(&peer, ANSWERS, NULL);
  assert_int_equal(attempt(world, &out), MULLIGAN_OK);
  hang_up_ask(&world->hang_up);
  end_peer(&peer);
  assert_int_equal(out.verdict, CHANNEL_DELIVERED);
}

/* ---- alerts and pauses ---- */

static void test_links_to_the_error(void **state) {
  struct world *world = *state;
  json_object_set_new(world->alert, "groups", json_pack("[{s:s}, {}]", "ref", "ERR-2222-3333"));
  assert_true(delivery_complete(world->alert, world->settings));
  assert_string_equal(json_string_value(json_object_get(world->alert, "environment")), "production");
  assert_null(json_object_get(world->alert, "url"));
  set(world, "public_url", "https://example.com/mulligan//");
  assert_true(delivery_complete(world->alert, world->settings));
  assert_string_equal(json_string_value(json_object_get(world->alert, "url")),
                      "https://example.com/mulligan/__mulligan__/errors/ERR-7K3F-9QXA");
  const json_t *groups = json_object_get(world->alert, "groups");
  assert_string_equal(json_string_value(json_object_get(json_array_get(groups, 0), "url")),
                      "https://example.com/mulligan/__mulligan__/errors/ERR-2222-3333");
  assert_null(json_object_get(json_array_get(groups, 1), "url"));
}

static void test_pauses_grow_and_vary(void **state) {
  (void)state;
  bool varies = false;
  for (int failures = 1; failures < 100; failures++) {
    double middle = failures < 11 ? pow(2, failures - 1) : 900;
    middle = middle > 900 ? 900 : middle;
    int64_t first = back_off_us(failures);
    for (int i = 0; i < 20; i++) {
      int64_t pause = back_off_us(failures);
      assert_true((double)pause >= middle * 0.74e6 && (double)pause <= middle * 1.26e6);
      varies = varies || pause != first;
    }
  }
  assert_true(varies);
  assert_true(back_off_us(0) > 0 && back_off_us(-3) > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_passes_a_verdict_on, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_sends_plain_text_once, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_gives_up_what_is_refused_as_plain_text_too, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_tells_why_nothing_could_be_composed, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_shows_no_secret, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_always_has_an_answer, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_obeys_only_sensible_waits, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_ends_an_attempt_at_its_time, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_hangs_up_wherever_libcurl_waits, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_does_not_wait_for_a_farewell, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_keeps_an_answer_that_came_before_the_hang_up, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_links_to_the_error, set_up, tear_down),
      cmocka_unit_test(test_pauses_grow_and_vary),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
