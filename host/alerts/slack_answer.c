/**
 * slack_answer.c - what Slack's answers mean.
 *
 * Called by slack.c after each transfer that brought an answer. Slack says what is wrong in one word, of which there is
 * a table here, for both ways of sending; what has no such word is judged by its status.
 */
#include "alerts/slack_answer.h"

#include "base/utf8.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { PARK_SECONDS = 30, MOST_PARK_SECONDS = 24 * 3600, LONGEST_WORD = 80, EXCERPT = 120 };

struct word {
  const char *word;
  enum channel_verdict verdict;
  const char *help; /* what a person can do about it; NULL: the word says it */
};

#define SHAPE   CHANNEL_PLAIN, NULL
#define THREAD  CHANNEL_PLAIN, "outside of its thread"
#define LATER   CHANNEL_RETRY, NULL
#define TOKEN   CHANNEL_STOP, "check SLACK_TOKEN"
#define SCOPE   CHANNEL_STOP, "give the app the scope chat:write"
#define CHANNEL CHANNEL_STOP, "check SLACK_CHANNEL, and that the app is in it"
#define WEBHOOK CHANNEL_STOP, "make a new SLACK_WEBHOOK_URL"
#define RULE    CHANNEL_STOP, "the workspace's rules forbid it"
#define METHOD  CHANNEL_STOP, "check SLACK_API_URL"

static const struct word words[] = {
    /* about the message: once more as plain text, which hardly anything can be wrong with */
    {"invalid_blocks", SHAPE},
    {"invalid_blocks_format", SHAPE},
    {"msg_too_long", SHAPE},
    {"msg_blocks_too_long", SHAPE},
    {"too_many_attachments", SHAPE},
    {"invalid_attachments", SHAPE},
    {"attachment_payload_limit_exceeded", SHAPE},
    {"no_text", SHAPE},
    {"missing_text_or_fallback_or_attachments", SHAPE},
    {"invalid_payload", SHAPE},
    {"invalid_arguments", SHAPE},
    {"invalid_json", SHAPE},
    {"json_not_object", SHAPE},
    {"invalid_arg_name", SHAPE},
    {"invalid_array_arg", SHAPE},
    {"invalid_form_data", SHAPE},
    {"invalid_charset", SHAPE},
    {"invalid_post_type", SHAPE},
    {"missing_post_type", SHAPE},
    {"missing_charset", SHAPE},
    {"superfluous_charset", SHAPE},
    {"slack_connect_file_link_sharing_blocked", SHAPE},
    /* about the thread, which somebody may have removed: a plain message begins its own */
    {"thread_not_found", THREAD},
    {"message_not_found", THREAD},
    {"invalid_thread_ts", THREAD},
    {"cannot_reply_to_message", THREAD},
    {"restricted_action_non_threadable_channel", THREAD},
    {"restricted_action_thread_locked", THREAD},
    /* how we are set up: every message would meet it */
    {"invalid_auth", TOKEN},
    {"not_authed", TOKEN},
    {"account_inactive", TOKEN},
    {"token_revoked", TOKEN},
    {"token_expired", TOKEN},
    {"not_allowed_token_type", TOKEN},
    {"team_access_not_granted", TOKEN},
    {"two_factor_setup_required", TOKEN},
    {"team_not_found", TOKEN},
    {"as_user_not_supported", TOKEN},
    {"missing_scope", SCOPE},
    {"no_permission", SCOPE},
    {"channel_not_found", CHANNEL},
    {"user_not_found", CHANNEL},
    {"not_in_channel", CHANNEL},
    {"is_archived", CHANNEL},
    {"channel_is_archived", CHANNEL},
    {"channel_type_not_supported", CHANNEL},
    {"messages_tab_disabled", CHANNEL},
    {"restricted_action", RULE},
    {"restricted_action_read_only_channel", RULE},
    {"restricted_action_thread_only_channel", RULE},
    {"posting_to_general_channel_denied", RULE},
    {"action_prohibited", RULE},
    {"ekm_access_denied", RULE},
    {"enterprise_is_restricted", RULE},
    {"access_denied", RULE},
    {"accesslimited", RULE},
    {"app_access_restricted", RULE},
    {"org_login_required", RULE},
    {"team_disabled", WEBHOOK},
    {"no_service", WEBHOOK},
    {"no_service_id", WEBHOOK},
    {"no_team", WEBHOOK},
    {"no_active_hooks", WEBHOOK},
    {"invalid_token", WEBHOOK},
    {"deprecated_endpoint", METHOD},
    {"method_deprecated", METHOD},
    {"method_not_supported_for_channel_type", CHANNEL},
    {"unknown_method", METHOD},
    /* too much at once */
    {"ratelimited", CHANNEL_PARK, NULL},
    {"rate_limited", CHANNEL_PARK, NULL},
    {"message_limit_exceeded", CHANNEL_PARK, NULL},
    /* Slack's own troubles */
    {"internal_error", LATER},
    {"fatal_error", LATER},
    {"service_unavailable", LATER},
    {"request_timeout", LATER},
    {"rollup_error", LATER},
    {"team_added_to_org", LATER},
    {"external_channel_migrating", LATER},
};

static const struct word *find_word(const char *text, size_t length) {
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strlen(words[i].word) == length && memcmp(words[i].word, text, length) == 0)
      return &words[i];
  return NULL;
}

/* ---- what is said about it ---- */

__attribute__((format(printf, 2, 3))) static void add(struct channel_answer *out, const char *format, ...) {
  size_t used = strlen(out->text);
  va_list args;
  va_start(args, format);
  vsnprintf(out->text + used, sizeof out->text - used, format, args);
  va_end(args);
  out->text[utf8_valid_prefix(out->text, strlen(out->text))] = '\0';
}

/* The beginning of what came, on one line; nothing of what is no text. */
static void add_excerpt(struct channel_answer *out, const char *text, size_t length) {
  size_t shown = utf8_valid_prefix(text, length < EXCERPT ? length : EXCERPT);
  if (shown == 0)
    return;
  char line[EXCERPT + 1];
  for (size_t i = 0; i < shown; i++)
    line[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7F ? ' ' : text[i];
  line[shown] = '\0';
  add(out, ": %s%s", line, shown < length ? "…" : "");
}

/* What Slack tells beside the word: what is wrong in the blocks, which scope is missing. */
static void add_details(struct channel_answer *out, const json_t *body) {
  const json_t *messages = json_object_get(json_object_get(body, "response_metadata"), "messages");
  const json_t *details = json_array_size(messages) > 0 ? messages : json_object_get(body, "errors");
  const json_t *first = json_array_get(details, 0), *needed = json_object_get(body, "needed");
  if (json_is_string(first))
    add_excerpt(out, json_string_value(first), json_string_length(first));
  if (json_is_string(needed))
    add_excerpt(out, json_string_value(needed), json_string_length(needed));
}

/* ---- the verdict ---- */

static void park(const struct slack_answer *answer, struct channel_answer *out) {
  out->verdict = CHANNEL_PARK;
  double seconds = answer->retry_after > 0 ? answer->retry_after : PARK_SECONDS;
  out->retry_after = seconds < MOST_PARK_SECONDS ? seconds : MOST_PARK_SECONDS;
}

/* What plain text cannot mend, nothing can. */
static void try_plain(const struct slack_answer *answer, struct channel_answer *out) {
  out->verdict = answer->plain ? CHANNEL_GIVE_UP : CHANNEL_PLAIN;
}

static void judge_word(const struct slack_answer *answer, const struct word *word, struct channel_answer *out) {
  if (word->verdict == CHANNEL_PARK)
    park(answer, out);
  else if (word->verdict == CHANNEL_PLAIN)
    try_plain(answer, out);
  else
    out->verdict = word->verdict;
  add(out, "%s", word->word);
}

static void add_help(const struct word *word, struct channel_answer *out) {
  if (word && word->help)
    add(out, " (%s)", word->help);
}

static void judge_status(const struct slack_answer *answer, struct channel_answer *out) {
  long status = answer->status;
  if (status == 429 || (status == 503 && answer->retry_after > 0))
    park(answer, out);
  else if (status == 401 || status == 403 || status == 404 || status == 405 || status == 410)
    out->verdict = CHANNEL_STOP;
  else if (status == 400 || status == 411 || status == 413 || status == 415 || status == 422)
    try_plain(answer, out);
  else
    out->verdict = CHANNEL_RETRY;
}

static void say_status(const struct slack_answer *answer, struct channel_answer *out) {
  add(out, "HTTP %ld", answer->status);
  if (answer->location)
    add(out, " to %.200s, which is not followed", answer->location);
}

/* A timestamp as Slack gives them, "1503435956.000247". */
static bool is_timestamp(const char *ts) {
  size_t seconds = strspn(ts, "0123456789");
  return seconds > 0 && seconds < 20 && ts[seconds] == '.' && ts[seconds + 1] != '\0' &&
         strspn(ts + seconds + 1, "0123456789") == strlen(ts + seconds + 1) && strlen(ts) < MULLIGAN_OUTBOX_THREAD;
}

static void judge_ok(const json_t *body, struct channel_answer *out) {
  const char *ts = json_string_value(json_object_get(body, "ts"));
  out->verdict = CHANNEL_DELIVERED;
  add(out, "ok");
  if (ts && is_timestamp(ts))
    memcpy(out->thread, ts, strlen(ts) + 1);
}

/* An answer of chat.postMessage that is JSON. */
static void judge_json(const struct slack_answer *answer, const json_t *body, struct channel_answer *out) {
  if (json_is_true(json_object_get(body, "ok"))) {
    judge_ok(body, out);
    return;
  }
  const json_t *error = json_object_get(body, "error");
  const char *text = json_string_value(error);
  const struct word *word = text ? find_word(text, json_string_length(error)) : NULL;
  if (word && (answer->status < 500 || word->verdict == CHANNEL_PARK)) {
    judge_word(answer, word, out);
  } else {
    /* Slack adds words. One that is unknown here may be about the message, which plain text mends, or pass as well as
     * last, so that it is tried again as after any trouble of Slack's: with growing pauses, until after a day a digest
     * takes the message's place. */
    judge_status(answer, out);
    if (text && answer->status < 300 && !answer->plain)
      out->verdict = CHANNEL_PLAIN;
    add(out, "%s", text ? "" : "no word of what is wrong, ");
    say_status(answer, out);
    if (text)
      add_excerpt(out, text, json_string_length(error));
  }
  add_details(out, body);
  add_help(word, out);
}

static void judge_garbage(const struct slack_answer *answer, struct channel_answer *out) {
  judge_status(answer, out);
  say_status(answer, out);
  if (answer->status < 300)
    add(out, answer->whole ? ", an answer that is not Slack's" : ", an answer that did not come to its end");
  add_excerpt(out, answer->body, answer->length);
}

static void judge_webhook(const struct slack_answer *answer, struct channel_answer *out) {
  if (answer->status >= 200 && answer->status < 300) {
    out->verdict = CHANNEL_DELIVERED;
    add(out, "ok");
    return;
  }
  size_t length = answer->length;
  while (length > 0 && strchr(" \r\n", answer->body[length - 1]))
    length--;
  const struct word *word = length <= LONGEST_WORD ? find_word(answer->body, length) : NULL;
  if (word && answer->status < 500 && answer->status != 429) {
    judge_word(answer, word, out);
    add_help(word, out);
  } else {
    judge_status(answer, out);
    say_status(answer, out);
    add_excerpt(out, answer->body, length);
  }
}

void slack_answer_judge(const struct slack_answer *answer, struct channel_answer *out) {
  *out = (struct channel_answer){.verdict = CHANNEL_RETRY};
  if (answer->webhook) {
    judge_webhook(answer, out);
    return;
  }
  json_t *body = answer->whole ? json_loadb(answer->body, answer->length, 0, NULL) : NULL;
  if (json_is_object(body) && (answer->status < 300 || json_is_string(json_object_get(body, "error"))))
    judge_json(answer, body, out);
  else
    judge_garbage(answer, out);
  json_decref(body);
}
