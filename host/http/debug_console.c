/**
 * debug_console.c - who may evaluate, and what becomes of it.
 *
 * Called by the workers in debug mode. Nothing here is ever recorded in ErrorLog: a refusal is the developer's own, or
 * an attacker's, and goes to the log where it matters. The token of the cookie is made at the start and is the same for
 * every browser that knows the PIN.
 */
#include "http/debug_console.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loopback.h"
#include "http/pin_lock.h"
#include "vm/failed_index.h"
#include "vm/frame_console.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TOKEN_BYTES = 32, TOKEN_LENGTH = 2 * TOKEN_BYTES, MOST_CODE = 64 * 1024, COOKIE_NAME = 32 };

#define FOLDER MULLIGAN_OWN_PATHS "/debug/"

struct debug_console {
  const struct vm_services *services;
  struct vm_pool *pool;
  struct pin_lock lock;
  char token[TOKEN_LENGTH + 1];
};

/* One request, while it is answered. */
struct visit {
  struct debug_console *console;
  const struct vm_request *request;
  int port;
  struct vm_response *response;
};

/* ---- life ---- */

struct debug_console *debug_console_create(const struct vm_services *services, struct vm_pool *pool) {
  struct debug_console *console = calloc(1, sizeof *console);
  if (!console)
    return NULL;
  unsigned char bytes[TOKEN_BYTES];
  console->services = services;
  console->pool = pool;
  pin_lock_init(&console->lock);
  randombytes_buf(bytes, sizeof bytes);
  sodium_bin2hex(console->token, sizeof console->token, bytes, sizeof bytes);
  sodium_memzero(bytes, sizeof bytes);
  return console;
}

void debug_console_destroy(struct debug_console *console) {
  if (!console)
    return;
  pin_lock_release(&console->lock);
  sodium_memzero(console->token, sizeof console->token);
  free(console);
}

const char *debug_console_pin(const struct debug_console *console) {
  return console->lock.pin;
}

/* ---- answers ---- */

/* Takes over `body`. */
static bool answer(struct visit *visit, int status, json_t *body) {
  struct vm_response *response = visit->response;
  char *text = json_dumps(body, JSON_COMPACT);
  json_decref(body);
  response->status = status;
  response->content_type = "application/json";
  buf_add_text(&response->body, text ? text : "{}");
  buf_add_text(&response->headers, "Cache-Control: no-store\r\n");
  free(text);
  return true;
}

/* The sentence in the developer's language. */
static const char *words(const struct visit *visit, const char *english, const char *korean) {
  return strcmp(visit->request->language, "ko") == 0 ? korean : english;
}

static bool refuse(struct visit *visit, int status, const char *code, const char *english, const char *korean) {
  return answer(visit, status, json_pack("{s:s, s:s}", "code", code, "detail", words(visit, english, korean)));
}

static void retry_after(struct visit *visit, int64_t wait_ns) {
  buf_addf(&visit->response->headers, "Retry-After: %" PRId64 "\r\n", wait_ns / 1000000000 + 1);
}

/* ---- who asks ---- */

/* The value of a header, NULL if there is none, "" if there are two, which nobody sends. */
static const char *header(const struct visit *visit, const char *name) {
  const char *found = NULL;
  for (int i = 0; i < visit->request->header_count; i++)
    if (strcasecmp(visit->request->headers[i].name, name) == 0)
      found = found ? "" : visit->request->headers[i].value;
  return found;
}

/* Does the Host header name the port that the request came in by? */
static bool is_own_port(const char *host, int port) {
  const char *rest = host[0] == '[' ? strchr(host, ']') : host;
  const char *colon = rest ? strchr(rest, ':') : NULL;
  return colon ? strtol(colon + 1, NULL, 10) == port : port == 80;
}

/*
 * A page of another site says in Origin that it is one, or is asked for under that site's name. With --debug-anyone the
 * names are not known here, nor what stands between, so only the former can be found out.
 */
static bool is_own_page(const struct visit *visit) {
  const char *host = header(visit, "Host"), *origin = header(visit, "Origin");
  bool anyone = visit->console->services->settings->debug_anyone;
  if (!host || !*host || !origin || (!anyone && (!loopback_host(host) || !is_own_port(host, visit->port))))
    return false;
  size_t scheme = strncmp(origin, "http://", 7) == 0 ? 7 : anyone && strncmp(origin, "https://", 8) == 0 ? 8 : 0;
  return scheme > 0 && strcasecmp(origin + scheme, host) == 0;
}

static bool is_json(const struct visit *visit) {
  static const char type[] = "application/json";
  const char *given = header(visit, "Content-Type");
  if (!given || strncasecmp(given, type, sizeof type - 1) != 0)
    return false;
  const char *rest = given + sizeof type - 1;
  rest += strspn(rest, " \t");
  return *rest == '\0' || *rest == ';';
}

/* Browsers do not tell the ports of a machine apart where cookies are concerned, so the name does. */
static void cookie_name(const struct visit *visit, char out[COOKIE_NAME]) {
  snprintf(out, COOKIE_NAME, "mulligan_debug_%d", visit->port);
}

/* Is the token among the request's cookies? */
static bool has_token(const struct visit *visit) {
  char name[COOKIE_NAME];
  cookie_name(visit, name);
  size_t length = strlen(name);
  for (const char *at = header(visit, "Cookie"); at && *at;) {
    at += strspn(at, "; \t");
    size_t size = strcspn(at, ";");
    if (size == length + 1 + TOKEN_LENGTH && strncmp(at, name, length) == 0 && at[length] == '=' &&
        sodium_memcmp(at + length + 1, visit->console->token, TOKEN_LENGTH) == 0)
      return true;
    at += size;
  }
  return false;
}

/* ---- unlocking ---- */

static bool accept_pin(struct visit *visit) {
  char name[COOKIE_NAME];
  cookie_name(visit, name);
  log_info("debug console: unlocked from %s", visit->request->remote_addr);
  buf_addf(&visit->response->headers, "Set-Cookie: %s=%s; Path=" FOLDER "; HttpOnly; SameSite=Strict\r\n", name,
           visit->console->token);
  return answer(visit, 200, json_pack("{s:b}", "unlocked", true));
}

static bool refuse_pin(struct visit *visit, const struct pin_rest *rest) {
  log_warning("debug console: a wrong PIN from %s, %d tries are left", visit->request->remote_addr, rest->tries);
  const char *detail = words(visit, "This is not the PIN that the server printed when it started.",
                             "서버가 시작할 때 출력한 PIN이 아닙니다.");
  return answer(visit, 403, json_pack("{s:s, s:s, s:i}", "code", "wrong_pin", "detail", detail, "tries", rest->tries));
}

static bool unlock(struct visit *visit, const json_t *body) {
  const json_t *pin = json_object_get(body, "pin");
  struct pin_rest rest;
  if (!json_is_string(pin))
    return refuse(visit, 400, "malformed", "`pin` must be a text.", "`pin`은 텍스트여야 합니다.");
  switch (pin_lock_try(&visit->console->lock, json_string_value(pin), json_string_length(pin), clock_monotonic_ns(),
                       &rest)) {
  case PIN_RIGHT:
    return accept_pin(visit);
  case PIN_WRONG:
    return refuse_pin(visit, &rest);
  case PIN_TOO_SOON:
    retry_after(visit, rest.wait_ns);
    return refuse(visit, 429, "too_soon", "The last try was wrong; the next one has to wait a little.",
                  "방금 PIN이 틀렸습니다. 조금 기다린 뒤 다시 시도하세요.");
  case PIN_LOCKED:
    break;
  }
  log_warning("debug console: locked until the next start, after %d wrong PINs; the last from %s", PIN_LOCK_TRIES,
              visit->request->remote_addr);
  return refuse(visit, 403, "locked",
                "The PIN was wrong ten times: the console is locked until the server is started again.",
                "PIN이 열 번 틀렸습니다. 서버를 다시 시작할 때까지 콘솔이 잠깁니다.");
}

/* ---- evaluating ---- */

/* The vm is gone already where a limit was met, so what it kept is gone as well. */
static const char *stop_words(const struct visit *visit, enum frame_end end) {
  return end == FRAME_DEADLINE
             ? words(
                   visit,
                   "Stopped: it ran for too long. Its Lua state was given up, and with it the failed call; repeat the "
                   "request to have another.",
                   "중지했습니다: 너무 오래 실행되었습니다. Lua 상태를 버렸으므로 실패한 호출도 사라졌습니다. 요청을 "
                   "다시 보내면 새로 생깁니다.")
             : words(
                   visit,
                   "Stopped: it used too much memory. Its Lua state was given up, and with it the failed call; repeat "
                   "the request to have another.",
                   "중지했습니다: 메모리를 너무 많이 썼습니다. Lua 상태를 버렸으므로 실패한 호출도 사라졌습니다. 요청을 "
                   "다시 보내면 새로 생깁니다.");
}

static bool answer_evaluation(struct visit *visit, struct frame_answer *result) {
  bool stopped = result->end == FRAME_DEADLINE || result->end == FRAME_MEMORY;
  const char *error = stopped ? stop_words(visit, result->end) : result->error;
  json_t *body = json_pack("{s:s, s:O, s:O, s:b, s:b}", "printed", result->printed ? result->printed : "", "values",
                           result->values, "trace", result->trace, "truncated", result->truncated, "kept", !stopped);
  json_object_set_new(body, "error", result->end == FRAME_DONE ? json_null() : json_string(error ? error : ""));
  json_object_set_new(body, "line", result->error_line > 0 ? json_integer(result->error_line) : json_null());
  frame_answer_release(result);
  return answer(visit, 200, body);
}

static bool refuse_gone(struct visit *visit, const char *id) {
  switch (failed_index_end(visit->console->services->failed_index, id)) {
  case FAILED_CROWDED_OUT:
    return refuse(visit, 410, "crowded_out",
                  "This failure is no longer kept: only the last 50 are. Repeat the request to have another.",
                  "이 실패는 더 이상 보관되지 않습니다. 마지막 50개만 보관합니다. 요청을 다시 보내면 새로 생깁니다.");
  case FAILED_TOO_LARGE:
    return refuse(visit, 410, "too_large", "This failure is no longer kept: it took up memory that others needed.",
                  "이 실패는 더 이상 보관되지 않습니다. 차지하던 메모리가 다른 곳에 필요했습니다.");
  case FAILED_RELOADED:
    return refuse(visit, 410, "reloaded",
                  "This failure is no longer kept: the scripts have been loaded anew since. Repeat the request.",
                  "이 실패는 더 이상 보관되지 않습니다. 그 뒤에 스크립트를 다시 불러왔습니다. 요청을 다시 보내세요.");
  case FAILED_RETIRED:
    return refuse(visit, 410, "retired",
                  "This failure is no longer kept: something else in its Lua state met a limit or left too much memory "
                  "behind, and the state was given up. Repeat the request to have another.",
                  "이 실패는 더 이상 보관되지 않습니다. 같은 Lua 상태가 한도에 걸렸거나 메모리를 너무 많이 남겨 "
                  "버려졌습니다. 요청을 다시 보내면 새로 생깁니다.");
  case FAILED_KEPT:
    return refuse(visit, 404, "no_frame", "This failure has no such frame, or its script has closed the coroutine.",
                  "이 실패에는 그런 프레임이 없거나, 스크립트가 코루틴을 닫았습니다.");
  case FAILED_UNKNOWN:
    break;
  }
  return refuse(visit, 410, "unknown",
                "This failure is not kept: it was before the server's start, or there was nothing to keep of it.",
                "이 실패는 보관되어 있지 않습니다. 서버가 시작하기 전이었거나 보관할 것이 없었습니다.");
}

static bool evaluate(struct visit *visit, const json_t *body) {
  struct debug_console *console = visit->console;
  const json_t *id = json_object_get(body, "request"), *level = json_object_get(body, "level");
  const json_t *code = json_object_get(body, "code");
  if (!json_is_string(id) || !json_is_integer(level) || !json_is_string(code) || json_string_length(code) > MOST_CODE)
    return refuse(visit, 400, "malformed",
                  "`request` and `code` must be texts, the code of at most 64 KiB, and `level` a whole number.",
                  "`request`와 `code`는 텍스트(코드는 64KiB까지), `level`은 정수여야 합니다.");
  if (!has_token(visit))
    return refuse(visit, 403, "pin_needed", "The PIN is needed: the server printed it when it started.",
                  "서버가 시작할 때 출력한 PIN이 필요합니다.");

  struct vm *vm;
  double wait = console->services->settings->pool_wait;
  enum mulligan_status status = vm_pool_take_keeper(console->pool, json_string_value(id), wait, &vm, NULL);
  if (status == MULLIGAN_BUSY) {
    retry_after(visit, 0);
    return refuse(visit, 503, "busy", "The Lua state that keeps this failure is serving a request; try again.",
                  "이 실패를 보관하는 Lua 상태가 다른 요청을 처리하고 있습니다. 다시 시도하세요.");
  }
  if (status != MULLIGAN_OK)
    return refuse_gone(visit, json_string_value(id));
  struct frame_answer result;
  status = frame_console_evaluate(vm, json_string_value(id), json_integer_value(level), json_string_value(code),
                                  json_string_length(code), &result, NULL);
  vm_pool_give(console->pool, vm);
  if (status == MULLIGAN_NOMEM)
    return refuse(visit, 503, "busy", "The server is out of memory; try again.",
                  "서버의 메모리가 모자랍니다. 다시 시도하세요.");
  return status == MULLIGAN_OK ? answer_evaluation(visit, &result) : refuse_gone(visit, json_string_value(id));
}

/* ---- both ---- */

static bool is_path(const struct vm_request *request, const char *path) {
  return request->path_length == strlen(path) && memcmp(request->path, path, request->path_length) == 0;
}

/* What the two have in common: from where, how and in what form they are asked. */
static bool answer_visit(struct visit *visit, bool (*action)(struct visit *visit, const json_t *body)) {
  const struct vm_request *request = visit->request;
  if (strcmp(request->method, "POST") != 0) {
    buf_add_text(&visit->response->headers, "Allow: POST\r\n");
    return refuse(visit, 405, "method_not_allowed", "Only POST is allowed here.", "POST만 쓸 수 있습니다.");
  }
  if (!is_own_page(visit))
    return refuse(visit, 403, "foreign",
                  "The console is only for pages of this server, under a name of this machine with its port.",
                  "콘솔은 이 서버의 페이지에서, 이 컴퓨터의 이름과 포트로 열었을 때만 쓸 수 있습니다.");
  if (!is_json(visit))
    return refuse(visit, 415, "unsupported_media_type", "The body must be application/json.",
                  "본문은 application/json이어야 합니다.");
  json_error_t error;
  json_t *body = json_loadb(request->body ? request->body : "", request->body_length,
                            JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
  bool answered = json_is_object(body) ? action(visit, body)
                                       : refuse(visit, 400, "malformed", "The body must be a JSON object.",
                                                "본문은 JSON 객체여야 합니다.");
  json_decref(body);
  return answered;
}

bool debug_console_answer(struct debug_console *console, const struct vm_request *request, int port,
                          struct vm_response *response) {
  struct visit visit = {.console = console, .request = request, .port = port, .response = response};
  if (is_path(request, FOLDER "unlock"))
    return answer_visit(&visit, unlock);
  return is_path(request, FOLDER "evaluate") && answer_visit(&visit, evaluate);
}
