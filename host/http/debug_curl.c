/**
 * debug_curl.c - a recorded request as a command for a shell.
 *
 * Pure; any thread. The command is meant to be pasted: whatever a client has sent, each word of it stays one word of
 * the shell's, and no byte of it commands the terminal that it is pasted into.
 */
#include "http/debug_curl.h"

#include "base/utf8.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static bool is_plain(const char *text) {
  for (; *text; text++)
    if (!isalnum((unsigned char)*text) && !strchr("-_./:=@%+,", *text))
      return false;
  return true;
}

/* Control characters, and the beginnings of those that turn the direction of writing or have no width. */
static bool is_unsafe(const char *text) {
  for (; *text; text++) {
    unsigned char c = (unsigned char)*text;
    if ((c < ' ' && c != '\n') || c == 0x7F || (c == 0xC2 && (unsigned char)text[1] < 0xA0) ||
        (c == 0xE2 && ((unsigned char)text[1] == 0x80 || (unsigned char)text[1] == 0x81)) ||
        (c == 0xD8 && (unsigned char)text[1] == 0x9C) || (c == 0xEF && (unsigned char)text[1] == 0xBB))
      return true;
  }
  return false;
}

/* One word of the shell's. */
static void add_word(struct buf *out, const char *text) {
  if (*text && is_plain(text)) {
    buf_add_text(out, text);
    return;
  }
  bool unsafe = is_unsafe(text);
  buf_add_text(out, unsafe ? "$'" : "'");
  for (; *text; text++) {
    unsigned char c = (unsigned char)*text;
    if (unsafe && (c < ' ' || c >= 0x7F))
      buf_addf(out, "\\x%02X", c);
    else if (unsafe && (c == '\'' || c == '\\'))
      buf_addf(out, "\\%c", c);
    else if (c == '\'')
      buf_add_text(out, "'\\''");
    else
      buf_add_char(out, (char)c);
  }
  buf_add_char(out, '\'');
}

/* What curl sets by itself, or what says how the client's connection went rather than what it asked. */
static bool is_of_the_connection(const char *name) {
  static const char *const names[] = {"Host",   "Content-Length", "Connection",      "Transfer-Encoding",
                                      "Expect", "Upgrade",        "Accept-Encoding", "Keep-Alive"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcasecmp(names[i], name) == 0)
      return true;
  return strncasecmp(name, "Sec-", 4) == 0;
}

static const char *text_of(const json_t *row, const char *name) {
  const char *text = json_string_value(json_object_get(row, name));
  return text ? text : "";
}

static const char *host_of(const json_t *headers) {
  const char *name;
  json_t *value;
  json_object_foreach((json_t *)headers, name, value) {
    if (strcasecmp(name, "Host") == 0 && json_string_length(value) > 0)
      return json_string_value(value);
  }
  return "127.0.0.1";
}

static void add_url(struct buf *out, const json_t *row) {
  struct buf url;
  buf_init(&url, 256 * 1024);
  buf_addf(&url, "http://%s", host_of(json_object_get(row, "headers")));
  for (const char *at = text_of(row, "path"); *at; at++) {
    if (isalnum((unsigned char)*at) || strchr("-._~/:@!$&'()*+,;=", *at))
      buf_add_char(&url, *at);
    else
      buf_addf(&url, "%%%02X", (unsigned char)*at);
  }
  if (*text_of(row, "query"))
    buf_addf(&url, "?%s", text_of(row, "query"));
  add_word(out, url.data);
  buf_release(&url);
}

static void add_headers(struct buf *out, const json_t *headers) {
  const char *name;
  json_t *value;
  json_object_foreach((json_t *)headers, name, value) {
    struct buf line;
    if (is_of_the_connection(name) || !json_is_string(value))
      continue;
    buf_init(&line, 64 * 1024);
    /* curl sends a header without a value only if a semicolon ends it. */
    if (json_string_length(value) > 0)
      buf_addf(&line, "%s: %s", name, json_string_value(value));
    else
      buf_addf(&line, "%s;", name);
    buf_add_text(out, " \\\n  -H ");
    add_word(out, line.data);
    buf_release(&line);
  }
}

void debug_curl_add(struct buf *out, const json_t *row) {
  const char *method = text_of(row, "method"), *body = text_of(row, "body");
  buf_add_text(out, "curl -i -g ");
  if (strcmp(method, "HEAD") == 0) {
    buf_add_text(out, "--head ");
  } else if (*method && strcmp(method, *body ? "POST" : "GET") != 0) {
    buf_add_text(out, "-X ");
    add_word(out, method);
    buf_add_char(out, ' ');
  }
  add_url(out, row);
  add_headers(out, json_object_get(row, "headers"));
  if (*body) {
    buf_add_text(out, " \\\n  --data-raw ");
    add_word(out, body);
  }
}
