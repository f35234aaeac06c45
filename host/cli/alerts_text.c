/**
 * alerts_text.c - channels and messages, written out for a person at a terminal.
 *
 * Called by the command `alerts`, on the main thread. What the other side said is shown with its control characters
 * escaped: it is not ours.
 */
#include "cli/alerts_text.h"

#include "base/buf.h"
#include "operator/printable.h"
#include "operator/words.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

enum { SECOND_US = 1000000, TIME_SIZE = 32, ANSWER_SHOWN = 400, TITLE_SHOWN = 60, SHOWN_CAP = 4096 };

static const char *text_of(const json_t *row, const char *name) {
  const char *text = json_string_value(json_object_get(row, name));
  return text ? text : "";
}

static int64_t number_of(const json_t *row, const char *name) {
  return json_integer_value(json_object_get(row, name));
}

/* `2021-11-13 23:59:00` in local time. */
static const char *local_time(int64_t us, char out[TIME_SIZE]) {
  time_t seconds = (time_t)(us / SECOND_US);
  struct tm parts;
  if (us == 0 || !localtime_r(&seconds, &parts) || strftime(out, TIME_SIZE, "%Y-%m-%d %H:%M:%S", &parts) == 0)
    snprintf(out, TIME_SIZE, "-");
  return out;
}

/* A text in at most `most` columns. */
static void put(FILE *out, const char *text, int most) {
  struct buf shown;
  buf_init(&shown, SHOWN_CAP);
  printable_add(&shown, text, strlen(text), most);
  fputs(shown.data, out);
  buf_release(&shown);
}

/* ---- channels ---- */

static void put_state(FILE *out, const json_t *channel) {
  char time[TIME_SIZE];
  const char *state = text_of(channel, "state");
  if (!json_is_true(json_object_get(channel, "configured"))) {
    fputs(words("not set up: "), out);
    put(out, text_of(channel, "missing"), ANSWER_SHOWN);
  } else if (strcmp(state, "parked") == 0) {
    fprintf(out, words("was asked to wait until %s"), local_time(number_of(channel, "until"), time));
  } else if (strcmp(state, "stopped") == 0) {
    fprintf(out, words("stopped until it is set up differently, or `mulligan alerts retry %s`"),
            text_of(channel, "channel"));
  } else if (number_of(channel, "failing_since") > 0) {
    fprintf(out, words("set up; fails since %s"), local_time(number_of(channel, "failing_since"), time));
  } else {
    fputs(words("set up"), out);
  }
  fputc('\n', out);
}

void alerts_text_channels(FILE *out, const json_t *channels) {
  size_t index;
  json_t *channel;
  char time[TIME_SIZE];
  json_array_foreach(channels, index, channel) {
    fprintf(out, "%s: ", text_of(channel, "channel"));
    put_state(out, channel);
    if (number_of(channel, "answered_at") > 0) {
      fprintf(out, words("  last answer, %s: "), local_time(number_of(channel, "answered_at"), time));
      put(out, text_of(channel, "answer"), ANSWER_SHOWN);
      fputc('\n', out);
    }
    if (number_of(channel, "delivered_at") > 0)
      fprintf(out, words("  last delivery: %s\n"), local_time(number_of(channel, "delivered_at"), time));
    fprintf(out,
            words("  waiting %" PRId64 ", held back for a digest %" PRId64 "; in 24 hours delivered %" PRId64
                  ", failed for good %" PRId64 "\n"),
            number_of(channel, "waiting"), number_of(channel, "held"), number_of(channel, "delivered"),
            number_of(channel, "failed"));
  }
}

/* ---- messages ---- */

void alerts_text_messages(FILE *out, const json_t *messages) {
  size_t index;
  json_t *message;
  char due[TIME_SIZE];
  if (json_array_size(messages) == 0) {
    fprintf(out, "\n%s\n", words("No message waits."));
    return;
  }
  fprintf(out, "\n%-7s  %-7s  %-8s  %-8s  %-19s  %s\n", "MESSAGE", "CHANNEL", "STATE", "ATTEMPTS", "DUE", "WHAT");
  json_array_foreach(messages, index, message) {
    fprintf(out, "%-7" PRId64 "  %-7s  %-8s  %-8" PRId64 "  %-19s  %s: ", number_of(message, "id"),
            text_of(message, "channel"), text_of(message, "state"), number_of(message, "attempts"),
            local_time(number_of(message, "due_at"), due), text_of(message, "kind"));
    put(out, text_of(message, "title"), TITLE_SHOWN);
    if (text_of(message, "ref")[0] != '\0')
      fprintf(out, " (%s)", text_of(message, "ref"));
    fputc('\n', out);
    if (text_of(message, "answer")[0] != '\0') {
      fputs("         ", out);
      put(out, text_of(message, "answer"), ANSWER_SHOWN);
      fputc('\n', out);
    }
  }
}
