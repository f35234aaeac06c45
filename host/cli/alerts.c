/**
 * alerts.c - `mulligan alerts`: the channels by which people are told of errors, looked at, tried and set going again.
 *
 * Runs on the main thread, beside a running host or without one: it reads and writes the outbox by itself, asks the
 * host, if one runs, what is set up there, and wakes it.
 */
#include "base/control.h"
#include "base/file.h"
#include "cli/alert_trial.h"
#include "cli/alerts_text.h"
#include "cli/command.h"
#include "data/outbox.h"
#include "operator/words.h"

#include <string.h>

enum { MOST_MESSAGES = 100, ASK_SECONDS = 10 };

/* What the running host says to `what` ("status", "retry"); NULL if none runs, or it does not say. The caller owns it.
 */
static json_t *ask_host(const struct command_context *context, const char *what) {
  json_t *answer = NULL, *question = json_pack("{s:s, s:s}", "command", "alerts", "what", what);
  if (question && control_ask(context->settings->data, question, ASK_SECONDS, &answer, NULL) != MULLIGAN_OK)
    answer = NULL;
  json_decref(question);
  return answer;
}

static bool data_folder_is_there(const struct command_context *context) {
  if (file_exists(context->settings->data))
    return true;
  /* An empty outbox for a folder that was mistyped would be taken for good news. */
  command_fail(context, COMMAND_FAILED, words("there is no data folder %s"), context->settings->data);
  return false;
}

static bool find_channel(const struct command_context *context, const char *name, enum alert_channel *out) {
  *out = alert_channel_find(name);
  if (*out < ALERT_CHANNELS)
    return true;
  command_fail(context, COMMAND_USAGE, words("there is no channel '%s'; there are slack and mail"), name);
  return false;
}

/* ---- status ---- */

/* Adds to each channel whether it is set up, by this process' settings, and what is missing. */
static void add_own_settings(const struct command_context *context, json_t *rows) {
  size_t index;
  json_t *row;
  json_array_foreach(rows, index, row) {
    const char *name = json_string_value(json_object_get(row, "channel"));
    enum alert_channel channel = name ? alert_channel_find(name) : ALERT_CHANNELS;
    struct fault missing = {.message = ""};
    bool configured = channel < ALERT_CHANNELS && channels[channel]->is_configured(context->settings, &missing);
    json_object_set_new(row, "configured", json_boolean(configured));
    json_object_set_new(row, "missing", configured ? json_null() : json_string(missing.message));
  }
}

/* The same as the running host sees it: `host` is its answer, an object by channel. */
static void add_hosts_settings(const json_t *host, json_t *rows) {
  size_t index;
  json_t *row;
  json_array_foreach(rows, index, row) {
    const json_t *seen = json_object_get(host, json_string_value(json_object_get(row, "channel")));
    json_object_set(row, "configured", json_object_get(seen, "configured"));
    json_object_set(row, "missing", json_object_get(seen, "missing"));
  }
}

static int status(struct command_context *context, char **arguments, int count) {
  (void)arguments;
  (void)count;
  if (!data_folder_is_there(context))
    return COMMAND_FAILED;
  json_t *rows, *messages;
  struct fault fault;
  if (outbox_channels(context->settings->data, &rows, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  if (outbox_messages(context->settings->data, MOST_MESSAGES, &messages, &fault) != MULLIGAN_OK) {
    json_decref(rows);
    return command_fault(context, &fault);
  }
  json_t *host = ask_host(context, "status");
  if (host)
    add_hosts_settings(host, rows);
  else
    add_own_settings(context, rows);
  int result = COMMAND_DONE;
  if (context->json) {
    json_t *all = json_pack("{s:b, s:O, s:O}", "host", host != NULL, "channels", rows, "messages", messages);
    result = command_print_json(context, all);
    json_decref(all);
  } else {
    puts(
        words(host ? "A host is running, and delivers." : "No host is running: what waits is delivered when it does."));
    alerts_text_channels(stdout, rows);
    alerts_text_messages(stdout, messages);
  }
  json_decref(host);
  json_decref(rows);
  json_decref(messages);
  return result;
}

/* ---- test ---- */

static int tell_trial(const struct command_context *context, const char *name, const struct alert_trial *trial) {
  bool arrived = trial->answer.verdict == CHANNEL_DELIVERED;
  int result = arrived ? COMMAND_DONE : COMMAND_FAILED;
  if (context->json) {
    json_t *outcome =
        json_pack("{s:s, s:b, s:s, s:s?}", "channel", name, "delivered", arrived, "answer", trial->answer.text,
                  "plain_because", trial->plain_because[0] != '\0' ? trial->plain_because : NULL);
    int printed = command_print_json(context, outcome);
    json_decref(outcome);
    return printed == COMMAND_DONE ? result : printed;
  }
  if (trial->plain_because[0] != '\0')
    command_fail(context, COMMAND_FAILED, words("as plain text, because the template could not be used: %s"),
                 trial->plain_because);
  if (!arrived)
    return command_fail(context, result, words("%s did not take it: %s"), name, trial->answer.text);
  printf(words("%s took it: %s\n"), name, trial->answer.text);
  return result;
}

static int test(struct command_context *context, char **arguments, int count) {
  (void)count;
  enum alert_channel channel;
  if (!find_channel(context, arguments[0], &channel))
    return COMMAND_USAGE;
  struct fault fault;
  if (!channels[channel]->is_configured(context->settings, &fault))
    return command_fail(context, COMMAND_FAILED, words("%s is not set up here: %s"), arguments[0], fault.message);
  struct alert_trial trial;
  if (alert_trial_send(context, channels[channel], &trial, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  return tell_trial(context, arguments[0], &trial);
}

/* ---- retry ---- */

static int retry(struct command_context *context, char **arguments, int count) {
  enum alert_channel channel = ALERT_CHANNELS;
  if (count > 0 && !find_channel(context, arguments[0], &channel))
    return COMMAND_USAGE;
  if (!data_folder_is_there(context))
    return COMMAND_FAILED;
  int64_t messages;
  struct fault fault;
  if (outbox_retry(context->settings->data, channel, &messages, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  json_t *host = ask_host(context, "retry");
  int result = COMMAND_DONE;
  if (context->json) {
    json_t *outcome = json_pack("{s:I, s:b}", "messages", (json_int_t)messages, "host", host != NULL);
    result = command_print_json(context, outcome);
    json_decref(outcome);
  } else {
    printf(words("Messages that are tried now: %lld.\n"), (long long)messages);
    if (!host)
      puts(words("No host is running: they go out when it does."));
  }
  json_decref(host);
  return result;
}

/* ---- the command ---- */

struct action {
  const char *name;
  int least, most; /* arguments */
  const char *takes;
  int (*run)(struct command_context *context, char **arguments, int count);
};

static const struct action actions[] = {
    {"status", 0, 0, "status takes no argument", status},
    {"test", 1, 1, "test takes one channel: slack or mail", test},
    {"retry", 0, 1, "retry takes one channel (slack or mail), or none for all", retry},
};

static const struct action *find_action(const char *name) {
  for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
    if (strcmp(actions[i].name, name) == 0)
      return &actions[i];
  return NULL;
}

int command_alerts(struct command_context *context, int argc, char **argv) {
  int result;
  if (!command_parse(context, NULL, 0, argc, argv, &result))
    return result;
  bool named = context->argument_count > 0;
  const char *name = named ? context->arguments[0] : "status";
  const struct action *action = find_action(name);
  if (!action)
    return command_fail(context, COMMAND_USAGE, words("there is no '%s'; there are status, test and retry"), name);
  int count = context->argument_count - (named ? 1 : 0);
  if (count < action->least || count > action->most)
    return command_fail(context, COMMAND_USAGE, "%s", words(action->takes));
  return action->run(context, context->arguments + (named ? 1 : 0), count);
}
