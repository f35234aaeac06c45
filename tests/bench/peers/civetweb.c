/**
 * civetweb.c - `bench_civetweb PATH=FILE…`: the least that a C handler on civetweb does, to measure the host against.
 *
 * Each PATH is answered with the bytes of its FILE, as JSON with status 200, by one mg_write of a response that was put
 * together at the start; another path with a 404. civetweb is set as host/http/server.c sets it. Standard output gets
 * one line with the port; INT and TERM end it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <civetweb.h>

struct answer {
  const char *path;
  char *bytes;
  size_t length;
};

enum { MOST_ANSWERS = 16 };

static struct answer answers[MOST_ANSWERS];
static size_t answers_count;

static void give_up(const char *what) {
  fprintf(stderr, "bench_civetweb: %s\n", what);
  exit(1);
}

static char *read_file(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END) != 0)
    give_up(path);
  *length = (size_t)ftell(file);
  rewind(file);
  char *bytes = malloc(*length + 1);
  if (!bytes || fread(bytes, 1, *length, file) != *length)
    give_up(path);
  fclose(file);
  return bytes;
}

/* Puts the whole response together; `argument` stays, and is cut at its `=`. */
static void prepare(struct answer *answer, char *argument) {
  char *equals = strchr(argument, '=');
  if (!equals)
    give_up("usage: bench_civetweb PATH=FILE...");
  *equals = '\0';
  size_t body_length;
  char *body = read_file(equals + 1, &body_length);
  answer->path = argument;
  answer->bytes = malloc(body_length + 256);
  if (!answer->bytes)
    give_up("out of memory");
  int head = snprintf(answer->bytes, 256,
                      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                      "Connection: keep-alive\r\n\r\n",
                      body_length);
  memcpy(answer->bytes + head, body, body_length);
  answer->length = (size_t)head + body_length;
  free(body);
}

static int on_request(struct mg_connection *connection) {
  const char *path = mg_get_request_info(connection)->local_uri;
  for (size_t i = 0; i < answers_count; i++) {
    if (strcmp(path, answers[i].path) == 0) {
      mg_write(connection, answers[i].bytes, answers[i].length);
      return 200;
    }
  }
  static const char missing[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  mg_write(connection, missing, sizeof missing - 1);
  return 404;
}

int main(int argc, char **argv) {
  if (argc < 2 || argc - 1 > MOST_ANSWERS)
    give_up("usage: bench_civetweb PATH=FILE...");
  for (int i = 1; i < argc; i++)
    prepare(&answers[answers_count++], argv[i]);

  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGINT);
  sigaddset(&ending, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ending, NULL);

  static const char *const options[] = {
      "listening_ports",
      "127.0.0.1:0",
      "num_threads",
      "256",
      "tcp_nodelay",
      "1",
      "enable_keep_alive",
      "yes",
      "keep_alive_timeout_ms",
      "2000",
      "request_timeout_ms",
      "10000",
      "decode_url",
      "no",
      "connection_queue",
      "256",
      "listen_backlog",
      "1024",
      "enable_directory_listing",
      "no",
      "enable_auth_domain_check",
      "no",
      "allow_sendfile_call",
      "no",
      "cgi_pattern",
      "",
      "ssi_pattern",
      "",
      "access_control_allow_origin",
      "",
      "access_control_allow_methods",
      "",
      "access_control_allow_headers",
      "",
      NULL,
  };
  struct mg_callbacks callbacks;
  memset(&callbacks, 0, sizeof callbacks);
  callbacks.begin_request = on_request;
  mg_init_library(MG_FEATURES_DEFAULT);
  struct mg_context *context = mg_start(&callbacks, NULL, (const char **)options);
  struct mg_server_port port;
  if (!context || mg_get_server_ports(context, 1, &port) != 1)
    give_up("civetweb does not start");
  printf("bench_civetweb: listening on http://127.0.0.1:%d\n", port.port);
  fflush(stdout);

  int signal_number;
  sigwait(&ending, &signal_number);
  mg_stop(context);
  mg_exit_library();
  for (size_t i = 0; i < answers_count; i++)
    free(answers[i].bytes);
  return 0;
}
