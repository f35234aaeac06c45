/**
 * slack_text.c - an alert as plain text.
 *
 * Called by slack.c for each message. What an alert does not know is left out, label and all.
 */
#include "alerts/slack_text.h"

#include "alerts/slack_markup.h"

#include <string.h>

struct phrase {
  const char *key, *english, *korean;
};

/* What happened, by the alert's kind. */
static const struct phrase kinds[] = {
    {"new", "a new error", "새 오류"},
    {"regression", "a resolved error is back", "해결했던 오류가 다시 발생"},
    {"count", "an error goes on happening", "계속 발생하는 오류"},
    {"spike", "an error happens very often", "급증한 오류"},
    {"reload", "the saved scripts do not load, the ones before serve on",
     "저장한 스크립트를 불러오지 못해 이전 스크립트로 계속 서비스 중"},
    {"operator", "an operator's run failed", "운영 작업 실패"},
    {"repeats", "an error happened again", "같은 오류가 다시 발생"},
    {"digest", "messages that were held back", "보류했던 알림 모음"},
    {"test", "a test message, nothing is wrong", "시험 메시지, 아무 문제 없음"},
};

static const struct phrase labels[] = {
    {"header", "Error! code: ", "Error 발생! code : "},
    {"user", "User: ", "사용자: "},
    {"request", "Request: ", "요청: "},
    {"frame", "At: ", "위치: "},
    {"total", "Times: ", "횟수: "},
    {"script", "Script: ", "스크립트: "},
    {"ref", "Reference: ", "오류 번호: "},
    {"host", "Host: ", "호스트: "},
    {"held", "Held back: ", "보류한 알림: "},
    {"more", "More groups: ", "그 밖의 묶음: "},
};

static const char *find(const struct phrase *phrases, size_t count, const char *key, const char *language) {
  for (size_t i = 0; key && i < count; i++)
    if (strcmp(phrases[i].key, key) == 0)
      return strcmp(language, "ko") == 0 ? phrases[i].korean : phrases[i].english;
  return "";
}

static const char *label(const char *key, const char *language) {
  return find(labels, sizeof labels / sizeof *labels, key, language);
}

static const json_t *text_of(const json_t *alert, const char *key) {
  const json_t *value = json_object_get(alert, key);
  return json_string_length(value) > 0 ? value : NULL;
}

static bool is(const json_t *alert, const char *key, const char *word) {
  const char *value = json_string_value(json_object_get(alert, key));
  return value && strcmp(value, word) == 0;
}

static void add_value(struct buf *out, const json_t *value) {
  if (json_is_string(value))
    slack_markup_add_value(out, json_string_value(value), json_string_length(value));
  else if (json_is_integer(value))
    buf_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
}

/* "500 (9000)", or the error's type where it has no status. */
static void add_code(struct buf *out, const json_t *alert) {
  const json_t *status = json_object_get(alert, "status"), *app_code = json_object_get(alert, "app_code");
  if (json_integer_value(status) == 0) {
    add_value(out, text_of(alert, "exc_type"));
    return;
  }
  add_value(out, status);
  if (json_is_integer(app_code)) {
    buf_add_text(out, " (");
    add_value(out, app_code);
    buf_add_char(out, ')');
  }
}

static bool has_code(const json_t *alert) {
  return json_integer_value(json_object_get(alert, "status")) != 0 || text_of(alert, "exc_type");
}

bool slack_text_add_line(struct buf *out, const json_t *alert, const char *language) {
  const char *kind = json_string_value(json_object_get(alert, "kind"));
  const char *what = find(kinds, sizeof kinds / sizeof *kinds, kind, language);
  bool about_error = !is(alert, "kind", "digest") && !is(alert, "kind", "test") && has_code(alert);
  const json_t *environment = text_of(alert, "environment"), *message = text_of(alert, "message");
  if (environment) {
    buf_add_char(out, '[');
    add_value(out, environment);
    buf_add_text(out, "] ");
  }
  if (about_error) {
    buf_add_text(out, label("header", language));
    add_code(out, alert);
    buf_add_text(out, " - ");
  }
  buf_add_text(out, what);
  if (about_error && message) {
    buf_add_text(out, ": ");
    add_value(out, message);
  }
  return !out->failed;
}

/* ---- the lines below ---- */

static void begin_line(struct buf *out, const char *key, const char *language) {
  buf_add_char(out, '\n');
  buf_add_text(out, label(key, language));
}

static void add_user(struct buf *out, const json_t *alert, const char *language) {
  const json_t *email = text_of(alert, "user_email"), *id = json_object_get(alert, "user_id");
  if (!email && !json_is_integer(id))
    return;
  begin_line(out, "user", language);
  add_value(out, email);
  buf_add_text(out, email && json_is_integer(id) ? " (#" : json_is_integer(id) ? "#" : "");
  add_value(out, id);
  buf_add_text(out, email && json_is_integer(id) ? ")" : "");
}

static void add_request(struct buf *out, const json_t *alert, const char *language) {
  const json_t *path = text_of(alert, "path");
  if (!path && !(path = text_of(alert, "route")))
    return;
  begin_line(out, "request", language);
  add_value(out, text_of(alert, "method"));
  buf_add_char(out, ' ');
  add_value(out, path);
}

static void add_frame(struct buf *out, const json_t *alert, const char *language) {
  const json_t *frame = json_object_get(alert, "frame");
  if (!text_of(frame, "file"))
    return;
  begin_line(out, "frame", language);
  add_value(out, text_of(frame, "file"));
  buf_add_char(out, ':');
  add_value(out, json_object_get(frame, "line"));
  if (text_of(frame, "function")) {
    buf_add_text(out, " (");
    add_value(out, text_of(frame, "function"));
    buf_add_char(out, ')');
  }
}

static void add_labelled(struct buf *out, const json_t *alert, const char *key, const char *language) {
  const json_t *value = json_object_get(alert, key);
  if (!text_of(alert, key) && !json_is_integer(value))
    return;
  begin_line(out, key, language);
  add_value(out, value);
}

static void add_groups(struct buf *out, const json_t *alert, const char *language) {
  size_t index;
  json_t *group;
  if (json_is_integer(json_object_get(alert, "messages"))) {
    begin_line(out, "held", language);
    add_value(out, json_object_get(alert, "messages"));
  }
  json_array_foreach(json_object_get(alert, "groups"), index, group) {
    buf_addf(out, "\n%" JSON_INTEGER_FORMAT " × ", json_integer_value(json_object_get(group, "times")));
    add_value(out, text_of(group, "title"));
    buf_add_text(out, text_of(group, "ref") ? " (" : "");
    add_value(out, text_of(group, "ref"));
    buf_add_text(out, text_of(group, "ref") ? ")" : "");
  }
  if (json_integer_value(json_object_get(alert, "more_groups")) > 0) {
    begin_line(out, "more", language);
    add_value(out, json_object_get(alert, "more_groups"));
  }
}

bool slack_text_add_whole(struct buf *out, const json_t *alert, const char *language) {
  slack_text_add_line(out, alert, language);
  add_groups(out, alert, language);
  add_user(out, alert, language);
  add_request(out, alert, language);
  add_labelled(out, alert, "script", language);
  add_frame(out, alert, language);
  add_labelled(out, alert, "total", language);
  add_labelled(out, alert, "ref", language);
  add_labelled(out, alert, "host", language);
  if (text_of(alert, "url")) {
    buf_add_char(out, '\n');
    add_value(out, text_of(alert, "url"));
  }
  return !out->failed;
}
