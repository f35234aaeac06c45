/**
 * mail_message.c - what a mail says of an alert.
 *
 * Called for each mail, on any thread: what happened, to whom, where, how often, and how to look further. An alert has
 * no locals, headers or bodies in it (outbox.h), and neither has a mail.
 */
#include "alerts/mail_message.h"

#include "alerts/mail_field.h"
#include "alerts/mail_subject.h"

#include <inttypes.h>
#include <string.h>

enum { SUBJECT_MOST = 16 * 1024, LINE_MOST = 12 * 1024 };

struct writing {
  struct mail_sheet *sheet;
  const json_t *alert;
  bool korean;
};

static const char *words(const struct writing *writing, const char *english, const char *korean) {
  return writing->korean ? korean : english;
}

static const char *text_of(const struct writing *writing, const char *key) {
  return mail_field_text(writing->alert, key);
}

static int64_t number_of(const struct writing *writing, const char *key) {
  return mail_field_number(writing->alert, key);
}

static bool is_kind(const struct writing *writing, const char *kind) {
  return strcmp(text_of(writing, "kind"), kind) == 0;
}

/* ---- what happened ---- */

/** A sentence for the kind, and one for each other reason. */
static void write_headline(const struct writing *writing) {
  static const struct {
    const char *kind, *english, *korean;
  } sentences[] = {
      {"new", "A new error.", "새로운 오류입니다."},
      {"regression", "An error that was resolved is back.", "해결했던 오류가 다시 났습니다."},
      {"repeats", "An error has happened again since the last message.", "지난 메시지 뒤로 오류가 또 났습니다."},
      {"reload", "Scripts do not load. Those before them go on serving.",
       "스크립트를 불러오지 못했습니다. 앞선 스크립트가 계속 서비스합니다."},
      {"operator", "An operator's run has failed.", "운영자의 작업이 실패했습니다."},
      {"spike", "It happens unusually often right now.", "지금 유난히 자주 나고 있습니다."},
      {"count", "It goes on happening.", "계속 나고 있습니다."},
      {"digest", "What was held back, in one message.", "보류된 메시지를 하나로 모았습니다."},
      {"test", "This is a test: alerts by mail arrive. Nothing has happened.",
       "시험입니다. 메일 알림이 잘 도착합니다. 아무 일도 없었습니다."},
  };
  const json_t *reasons = json_object_get(writing->alert, "reasons");
  struct buf line;
  buf_init(&line, LINE_MOST);
  for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
    bool applies = is_kind(writing, sentences[i].kind);
    size_t index;
    const json_t *reason;
    json_array_foreach(reasons, index, reason) {
      const char *word = json_string_value(reason);
      applies = applies || (word != NULL && strcmp(word, sentences[i].kind) == 0);
    }
    if (!applies)
      continue;
    buf_add_text(&line, line.length > 0 ? " " : "");
    buf_add_text(&line, words(writing, sentences[i].english, sentences[i].korean));
  }
  mail_sheet_add_headline(writing->sheet, &line);
  buf_release(&line);
}

static void write_quotation(const struct writing *writing) {
  const char *message = text_of(writing, "message");
  size_t length = strcspn(message, "\r\n");
  struct buf first;
  buf_init(&first, LINE_MOST);
  if (*message == '\0') {
    mail_field_add_title(&first, writing->alert);
  } else {
    if (mail_field_add(&first, writing->alert, "exc_type"))
      buf_add_text(&first, ": ");
    mail_field_add_line(&first, message, length, LINE_MOST / 2);
  }
  if (first.length > 0)
    mail_sheet_add_quotation(writing->sheet, &first, message + length);
  buf_release(&first);
}

/* ---- the rows: to whom, where, how often ---- */

static void add_status(struct buf *out, const struct writing *writing) {
  int64_t status = number_of(writing, "status"), app_code = number_of(writing, "app_code");
  if (status <= 0)
    return;
  buf_addf(out, "%" PRId64, status);
  if (app_code != 0)
    buf_addf(out, " (%" PRId64 ")", app_code);
}

static void add_user(struct buf *out, const struct writing *writing) {
  int64_t id = number_of(writing, "user_id");
  bool named = mail_field_add(out, writing->alert, "user_email");
  if (id != 0)
    buf_addf(out, named ? " (%" PRId64 ")" : "%" PRId64, id);
}

static void add_frame(struct buf *out, const struct writing *writing) {
  const json_t *frame = json_object_get(writing->alert, "frame");
  if (!mail_field_add(out, frame, "file")) {
    mail_field_add(out, writing->alert, "culprit");
    return;
  }
  if (mail_field_number(frame, "line") > 0)
    buf_addf(out, ":%" PRId64, mail_field_number(frame, "line"));
  const char *function = mail_field_text(frame, "function");
  if (*function != '\0' && *function != '(') { /* as in "(anonymous)" */
    buf_add_text(out, " (");
    mail_field_add(out, frame, "function");
    buf_add_char(out, ')');
  }
}

static void add_counts(struct buf *out, const struct writing *writing) {
  int64_t total = number_of(writing, "total"), times = number_of(writing, "times"), users = number_of(writing, "users");
  if (total <= 0)
    return;
  mail_field_add_number(out, total);
  if (times > 0 && times < total) {
    buf_add_text(out, words(writing, "; since the last message ", "; 지난 메시지 뒤로 "));
    mail_field_add_number(out, times);
  }
  if (users > 0) {
    buf_add_text(out, words(writing, "; users ", "; 사용자 "));
    mail_field_add_number(out, users);
  }
}

static void add_time(struct buf *out, const struct writing *writing, const char *key) {
  if (number_of(writing, key) > 0)
    mail_field_add_time(out, number_of(writing, key));
}

static void write_rows(const struct writing *writing) {
  struct mail_sheet *sheet = writing->sheet;
  const json_t *alert = writing->alert;
  struct buf value;
  buf_init(&value, MAIL_VALUE_MOST);
  mail_sheet_begin_rows(sheet);
  add_status(&value, writing);
  mail_sheet_add_row(sheet, words(writing, "Status", "상태"), &value, NULL);
  mail_field_add_request(&value, alert);
  mail_sheet_add_row(sheet, words(writing, "Request", "요청"), &value, NULL);
  if (*text_of(writing, "route") != '\0' && strcmp(text_of(writing, "route"), text_of(writing, "path")) != 0)
    mail_field_add(&value, alert, "path");
  mail_sheet_add_row(sheet, words(writing, "Path", "경로"), &value, NULL);
  add_user(&value, writing);
  mail_sheet_add_row(sheet, words(writing, "User", "사용자"), &value, NULL);
  mail_field_add(&value, alert, "script");
  mail_sheet_add_row(sheet, words(writing, "Script", "스크립트"), &value, NULL);
  mail_field_add(&value, alert, "operator");
  mail_sheet_add_row(sheet, words(writing, "Operator", "운영자"), &value, NULL);
  add_frame(&value, writing);
  mail_sheet_add_row(sheet, words(writing, "Where", "위치"), &value, NULL);
  add_counts(&value, writing);
  mail_sheet_add_row(sheet, words(writing, "Count", "횟수"), &value, NULL);
  add_time(&value, writing, "first_seen");
  mail_sheet_add_row(sheet, words(writing, "First seen", "처음"), &value, NULL);
  if (number_of(writing, "last_seen") != number_of(writing, "first_seen"))
    add_time(&value, writing, "last_seen");
  mail_sheet_add_row(sheet, words(writing, "Last seen", "마지막"), &value, NULL);
  mail_field_add(&value, alert, "ref");
  mail_sheet_add_row(sheet, words(writing, "Reference", "참조 번호"), &value, NULL);
  mail_field_add(&value, alert, "request_id");
  mail_sheet_add_row(sheet, words(writing, "Request id", "요청 번호"), &value, NULL);
  mail_sheet_end_rows(sheet);
  buf_release(&value);
}

/** The groups of a digest, a row each: how often, what, and a reference to look up. */
static void write_groups(const struct writing *writing) {
  struct mail_sheet *sheet = writing->sheet;
  struct buf label, value;
  buf_init(&label, LINE_MOST);
  buf_init(&value, MAIL_VALUE_MOST);
  mail_sheet_begin_rows(sheet);
  add_time(&value, writing, "since");
  buf_add_text(&value, value.length > 0 ? " – " : "");
  add_time(&value, writing, "until");
  mail_sheet_add_row(sheet, words(writing, "When", "기간"), &value, NULL);
  size_t index;
  const json_t *group;
  json_array_foreach(json_object_get(writing->alert, "groups"), index, group) {
    buf_clear(&label, LINE_MOST);
    buf_add_text(&label, "×");
    mail_field_add_number(&label, mail_field_number(group, "times"));
    mail_field_add(&value, group, "title");
    if (mail_field_number(group, "status") > 0)
      buf_addf(&value, " [%" PRId64 "]", mail_field_number(group, "status"));
    buf_add_text(&value, *mail_field_text(group, "ref") != '\0' ? " – " : "");
    mail_field_add(&value, group, "ref");
    mail_sheet_add_row(sheet, label.data, &value, mail_field_text(group, "url"));
  }
  if (number_of(writing, "more_groups") > 0)
    mail_field_add_number(&value, number_of(writing, "more_groups"));
  mail_sheet_add_row(sheet, words(writing, "Errors beside these", "이 밖의 오류 종류"), &value, NULL);
  mail_sheet_end_rows(sheet);
  buf_release(&label);
  buf_release(&value);
}

/* ---- the end: how to look further, and who says so ---- */

static void write_ways(const struct writing *writing) {
  const char *look = words(writing, "To look further", "더 보려면");
  struct buf line;
  buf_init(&line, LINE_MOST);
  mail_field_add(&line, writing->alert, "url");
  mail_sheet_add_link(writing->sheet, words(writing, "The error's page", "오류 페이지"), line.data);
  buf_clear(&line, LINE_MOST);
  if (is_kind(writing, "digest")) {
    buf_add_text(&line, "mulligan errors groups");
    mail_sheet_add_command(writing->sheet, look, &line);
  } else if (*text_of(writing, "ref") != '\0') {
    buf_add_text(&line, "mulligan errors show ");
    mail_field_add(&line, writing->alert, "ref");
    mail_sheet_add_command(writing->sheet, look, &line);
  }
  if (number_of(writing, "group") > 0) {
    buf_clear(&line, LINE_MOST);
    buf_addf(&line, "mulligan errors mute %" PRId64, number_of(writing, "group"));
    mail_sheet_add_command(writing->sheet, words(writing, "To hear no more of it", "더 받지 않으려면"), &line);
  }
  buf_release(&line);
}

static void write_signature(const struct writing *writing) {
  static const char *const origins[] = {"environment", "host", "release"};
  struct buf line;
  buf_init(&line, 3 * LINE_MOST);
  buf_add_text(&line, "Mulligan");
  for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
    buf_add_text(&line, *text_of(writing, origins[i]) != '\0' ? " · " : "");
    mail_field_add(&line, writing->alert, origins[i]);
  }
  if (number_of(writing, "generation") > 0)
    buf_addf(&line, "%s%" PRId64, words(writing, " · generation ", " · 세대 "), number_of(writing, "generation"));
  mail_sheet_add_signature(writing->sheet, &line);
  buf_release(&line);
}

enum mulligan_status mail_message_compose(struct mail_message *out, const json_t *alert, const char *language,
                                          struct fault *fault) {
  const struct writing writing = {&out->body, alert, strcmp(language, "ko") == 0};
  buf_init(&out->subject, SUBJECT_MOST);
  bool whole = mail_subject_add(&out->subject, alert, writing.korean);
  mail_sheet_begin(&out->body, out->subject.data, writing.korean);
  write_headline(&writing);
  if (is_kind(&writing, "digest")) {
    write_groups(&writing);
  } else if (!is_kind(&writing, "test")) {
    write_quotation(&writing);
    write_rows(&writing);
  }
  write_ways(&writing);
  write_signature(&writing);
  if (mail_sheet_end(&out->body) && whole)
    return MULLIGAN_OK;
  mail_message_release(out);
  return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
}

void mail_message_release(struct mail_message *message) {
  buf_release(&message->subject);
  mail_sheet_release(&message->body);
}
