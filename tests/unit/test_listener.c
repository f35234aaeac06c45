/**
 * test_listener.c - the end of listening on a port: seen at once by who waits there, and by nobody else.
 */
#include "http/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* A socket that listens on a free port of this machine. */
static int listen_somewhere(int *port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_true(fd >= 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(fd, 8), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
  *port = ntohs(address.sin_port);
  return fd;
}

/* 0, or why nobody listens on the port. */
static int try_connect(int port) {
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_true(fd >= 0);
  int error = connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
  close(fd);
  return error;
}

static void *wait_without_end(void *fd) {
  struct pollfd waiting = {.fd = *(int *)fd, .events = POLLIN};
  return (void *)(intptr_t)poll(&waiting, 1, -1);
}

/* Without the wake this test would not end. */
static void who_waits_there_is_woken(void **state) {
  (void)state;
  int port;
  int fd = listen_somewhere(&port);
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, wait_without_end, &fd), 0);
  listener_end(port);
  void *woken;
  pthread_join(thread, &woken);
  assert_int_equal((intptr_t)woken, 1);
  assert_int_equal(try_connect(port), ECONNREFUSED);
  assert_int_equal(close(fd), 0);
}

static void other_ports_are_left_alone(void **state) {
  (void)state;
  int ended, other;
  int first = listen_somewhere(&ended), second = listen_somewhere(&other);
  listener_end(ended);
  listener_end(ended); /* and once more is fine */
  assert_int_equal(try_connect(other), 0);
  close(first);
  close(second);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(who_waits_there_is_woken),
      cmocka_unit_test(other_ports_are_left_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
