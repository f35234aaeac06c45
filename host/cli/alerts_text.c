/**
 * alerts_text.c - channels and messages, written out for a person at a terminal.
 *
 * Called by the command `alerts`, on the main thread. What the other side said is shown with its control characters
 * escaped: it is not ours.
 */
#include "cli/alerts_text.h"

#include "base/buf.h"
#include "cli/row_field.h"
#include "operator/printable.h"
#include "operator/words.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

enum { ANSWER_SHOWN = 400, TITLE_SHOWN = 60, SHOWN_CAP = 4096 };

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
  char time[ROW_TIME_SIZE];
  const char *state = row_text(channel, "state");
  if (!json_is_true(json_object_get(channel, "configured"))) {
    fputs(words("not set up: "), out);
    put(out, row_text(channel, "missing"), ANSWER_SHOWN);
  } else if (strcmp(state, "parked") == 0) {
    fprintf(out, words("was asked to wait until %s"), row_time(row_number(channel, "until"), time));
  } else if (strcmp(state, "stopped") == 0) {
    fprintf(out, words("stopped until it is set up differently, or `mulligan alerts retry %s`"),
            row_text(channel, "channel"));
  } else if (row_number(channel, "failing_since") > 0) {
    fprintf(out, words("set up; fails since %s"), row_time(row_number(channel, "failing_since"), time));
  } else {
    fputs(words("set up"), out);
  }
  fputc('\n', out);
}

void alerts_text_channels(FILE *out, const json_t *channels) {
  size_t index;
  json_t *channel;
  char time[ROW_TIME_SIZE];
  json_array_foreach(channels, index, channel) {
    fprintf(out, "%s: ", row_text(channel, "channel"));
    put_state(out, channel);
    if (row_number(channel, "answered_at") > 0) {
      fprintf(out, words("  last answer, %s: "), row_time(row_number(channel, "answered_at"), time));
      put(out, row_text(channel, "answer"), ANSWER_SHOWN);
      fputc('\n', out);
    }
    if (row_number(channel, "delivered_at") > 0)
      fprintf(out, words("  last delivery: %s\n"), row_time(row_number(channel, "delivered_at"), time));
    fprintf(out,
            words("  waiting %" PRId64 ", held back for a digest %" PRId64 "; in 24 hours delivered %" PRId64
                  ", failed for good %" PRId64 "\n"),
            row_number(channel, "waiting"), row_number(channel, "held"), row_number(channel, "delivered"),
            row_number(channel, "failed"));
  }
}

/* ---- messages ---- */

void alerts_text_messages(FILE *out, const json_t *messages) {
  size_t index;
  json_t *message;
  char due[ROW_TIME_SIZE];
  if (json_array_size(messages) == 0) {
    fprintf(out, "\n%s\n", words("No message waits."));
    return;
  }
  fprintf(out, "\n%-7s  %-7s  %-8s  %-8s  %-19s  %s\n", "MESSAGE", "CHANNEL", "STATE", "ATTEMPTS", "DUE", "WHAT");
  json_array_foreach(messages, index, message) {
    fprintf(out, "%-7" PRId64 "  %-7s  %-8s  %-8" PRId64 "  %-19s  %s: ", row_number(message, "id"),
            row_text(message, "channel"), row_text(message, "state"), row_number(message, "attempts"),
            row_time(row_number(message, "due_at"), due), row_text(message, "kind"));
    put(out, row_text(message, "title"), TITLE_SHOWN);
    if (row_text(message, "ref")[0] != '\0')
      fprintf(out, " (%s)", row_text(message, "ref"));
    fputc('\n', out);
    if (row_text(message, "answer")[0] != '\0') {
      fputs("         ", out);
      put(out, row_text(message, "answer"), ANSWER_SHOWN);
      fputc('\n', out);
    }
  }
}
