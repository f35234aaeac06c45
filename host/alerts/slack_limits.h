/**
 * slack_limits.h - what Slack takes, made of whatever a template has returned.
 *
 * Slack refuses a message for any one thing that is wrong in it. So each block is built anew here, of what Slack
 * documents for it: texts escaped and cut to their limits, empty ones left out, and what is unknown, too. Pure; any
 * thread.
 */
#ifndef MULLIGAN_ALERTS_SLACK_LIMITS_H
#define MULLIGAN_ALERTS_SLACK_LIMITS_H

#include "base/buf.h"

#include <jansson.h>

/** In characters, but for those that count things. */
enum {
  SLACK_TEXT_MOST = 4000, /* of the text beside the blocks; Slack's own advice */
  SLACK_HEADER_MOST = 150,
  SLACK_SECTION_MOST = 3000,
  SLACK_FIELD_MOST = 2000,
  SLACK_CONTEXT_MOST = 2000, /* of each text in it */
  SLACK_BUTTON_MOST = 75,
  SLACK_URL_MOST = 3000,
  SLACK_VALUE_MOST = 2000, /* a button's value, an image's words */
  SLACK_ID_MOST = 255,
  SLACK_ALL_MOST = 10000,
  SLACK_FIELDS = 10,
  SLACK_ELEMENTS = 10, /* of a context */
  SLACK_ACTIONS = 25,
  SLACK_BLOCKS = 50
};

/**
 * A message within all limits, { text, blocks }, of `message`, an object of `text` and `blocks` (headers, sections,
 * contexts, actions, images, dividers). Where it has no text, `text` is, which is markup, too. If all of it is too
 * long, the longest texts give way. `remarks` gets a line for each thing that is no message's and was left out, with
 * its place
 * ("blocks[2].text: …"); what is only empty or too long is none.
 *
 * The caller owns it. NULL when out of memory.
 */
json_t *slack_limits_apply(const json_t *message, const char *text, struct buf *remarks);

#endif
