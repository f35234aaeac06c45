/**
 * slack_limits.c - blocks within Slack's limits.
 *
 * Called by slack.c for each message. A builder collects the new blocks, and every text in them, so that all can be
 * measured together at the end. Places are written as the template's author would: lists count from 1.
 */
#include "alerts/slack_limits.h"

#include "alerts/slack_markup.h"
#include "base/fault.h"

#include <string.h>

enum { TEXT_CAP = 1 << 20, PLACE_SIZE = 80 };

struct builder {
  json_t *blocks;
  json_t *texts;     /* every object whose member `text` is shown */
  json_t *block_ids; /* those that are taken */
  size_t more;       /* blocks for which there was no room */
  struct buf *remarks;
  char place[PLACE_SIZE]; /* of the block under way: "blocks[2]" */
  bool failed;            /* out of memory */
};

__attribute__((format(printf, 3, 4))) static void remark(struct builder *b, const char *member, const char *format,
                                                         ...) {
  struct fault fault;
  va_list args;
  va_start(args, format);
  fault_vset(&fault, MULLIGAN_INVALID, format, args);
  va_end(args);
  buf_addf(b->remarks, "%s%s%s: %s\n", b->place, *b->place && *member ? "." : "", member, fault.message);
}

static void append(struct builder *b, json_t *list, json_t *item) {
  if (json_array_append_new(list, item) != 0)
    b->failed = true;
}

static void set(struct builder *b, json_t *object, const char *member, json_t *value) {
  if (json_object_set_new(object, member, value) != 0)
    b->failed = true;
}

/* ---- texts ---- */

static bool is_blank(const char *text) {
  return text[strspn(text, " \n")] == '\0';
}

/* The tidy and cut form of a text; NULL if it is blank. */
static json_t *tidy(struct builder *b, const json_t *value, size_t most, bool lines) {
  struct buf whole, cut;
  buf_init(&whole, TEXT_CAP);
  buf_init(&cut, TEXT_CAP);
  json_t *text = NULL;
  if (!slack_markup_add_tidy(&whole, json_string_value(value), json_string_length(value), lines) ||
      !slack_markup_add_cut(&cut, whole.data, whole.length, most))
    b->failed = true;
  else if (!is_blank(cut.data) && !(text = json_stringn(cut.data, cut.length)))
    b->failed = true;
  buf_release(&whole);
  buf_release(&cut);
  return text;
}

/* What is meant by a text: an object of Slack's, or just a string. NULL for something else, which is remarked, and for
 * none. */
static const json_t *text_of(struct builder *b, const json_t *holder, const char *member) {
  const json_t *value = json_object_get(holder, member);
  const json_t *text = json_is_object(value) ? json_object_get(value, "text") : value;
  if (!text || json_is_null(text))
    return NULL;
  if (json_is_string(text))
    return text;
  remark(b, member, "is no text");
  return NULL;
}

/* A text object of the given type; NULL if the text is blank. */
static json_t *make_text(struct builder *b, const json_t *text, const char *type, size_t most) {
  bool plain = strcmp(type, "plain_text") == 0;
  json_t *tidied = text ? tidy(b, text, most, !plain) : NULL;
  if (!tidied)
    return NULL;
  /* verbatim: Slack makes no links or channels of words that look like such. */
  json_t *object = json_pack("{s:s, s:o, s:b}", "type", type, "text", tidied, plain ? "emoji" : "verbatim", 1);
  if (!object || json_array_append(b->texts, object) != 0)
    b->failed = true;
  return object;
}

/* A mrkdwn text, or a plain one where the template says so. */
static json_t *make_any_text(struct builder *b, const json_t *value, const json_t *text, size_t most) {
  const char *type = json_string_value(json_object_get(value, "type"));
  return make_text(b, text, type && strcmp(type, "plain_text") == 0 ? "plain_text" : "mrkdwn", most);
}

/* A short text that is no markup, as a member; returns whether it has one. */
static bool copy_words(struct builder *b, json_t *into, const json_t *from, const char *member, size_t most) {
  const json_t *text = text_of(b, from, member);
  json_t *words = text ? tidy(b, text, most, false) : NULL;
  if (words)
    set(b, into, member, words);
  return words != NULL;
}

/* An id that is too long, or of which there are two, is not needed. */
static void copy_id(struct builder *b, json_t *into, const json_t *from, const char *member, json_t *taken) {
  const char *id = json_string_value(json_object_get(from, member));
  if (!id || !*id || slack_markup_count(id, strlen(id)) > SLACK_ID_MOST || json_object_get(taken, id))
    return;
  set(b, taken, id, json_true());
  set(b, into, member, json_string(id));
}

/* Of what an address is written in; anything else has to be percent-encoded. */
static bool is_address(const char *url) {
  const char *host = strncmp(url, "https://", 8) == 0 ? url + 8 : strncmp(url, "http://", 7) == 0 ? url + 7 : "";
  for (const char *at = host; *at; at++)
    if (*at <= ' ' || *at > '~' || strchr("<>\"", *at))
      return false;
  return *host != '\0';
}

/* A cut address would lead elsewhere: one that is too long, or none of the web, is left out. */
static bool copy_url(struct builder *b, json_t *into, const json_t *from, const char *member) {
  const char *url = json_string_value(json_object_get(from, member));
  if (!url)
    return false;
  bool web = is_address(url);
  if (web && strlen(url) <= SLACK_URL_MOST) {
    set(b, into, member, json_string(url));
    return true;
  }
  remark(b, member, web ? "is longer than 3000 characters" : "is no address of http:// or https://");
  return false;
}

/* ---- elements ---- */

static json_t *make_button(struct builder *b, const json_t *from, json_t *taken) {
  json_t *text = make_text(b, text_of(b, from, "text"), "plain_text", SLACK_BUTTON_MOST);
  if (!text)
    return NULL;
  json_t *button = json_pack("{s:s, s:o}", "type", "button", "text", text);
  const char *style = json_string_value(json_object_get(from, "style"));
  bool has_url = copy_url(b, button, from, "url");
  if (json_object_get(from, "url") && !has_url) {
    json_decref(button);
    return NULL;
  }
  copy_words(b, button, from, "value", SLACK_VALUE_MOST);
  copy_words(b, button, from, "accessibility_label", SLACK_BUTTON_MOST);
  copy_id(b, button, from, "action_id", taken);
  if (style && (strcmp(style, "primary") == 0 || strcmp(style, "danger") == 0))
    set(b, button, "style", json_string(style));
  return button;
}

static json_t *make_image(struct builder *b, const json_t *from) {
  json_t *image = json_pack("{s:s}", "type", "image");
  if (copy_url(b, image, from, "image_url") && copy_words(b, image, from, "alt_text", SLACK_VALUE_MOST))
    return image;
  json_decref(image);
  return NULL;
}

static json_t *make_element(struct builder *b, const json_t *from, json_t *taken) {
  const char *type = json_string_value(json_object_get(from, "type"));
  if (type && strcmp(type, "button") == 0)
    return make_button(b, from, taken);
  if (type && strcmp(type, "image") == 0)
    return make_image(b, from);
  remark(b, "", "an element is of the type button or image, not %s", type ? type : "none");
  return NULL;
}

/* ---- blocks ---- */

static void add_block(struct builder *b, const json_t *from, json_t *block) {
  copy_id(b, block, from, "block_id", b->block_ids);
  if (json_array_size(b->blocks) < SLACK_BLOCKS) {
    append(b, b->blocks, block);
    return;
  }
  b->more++;
  json_decref(block);
}

static void add_header(struct builder *b, const json_t *from) {
  json_t *text = make_text(b, text_of(b, from, "text"), "plain_text", SLACK_HEADER_MOST);
  if (text)
    add_block(b, from, json_pack("{s:s, s:o}", "type", "header", "text", text));
}

/* At most ten fields from `*index` on, which moves on; NULL if none is left. */
static json_t *make_fields(struct builder *b, const json_t *list, size_t *index) {
  json_t *fields = json_array();
  while (*index < json_array_size(list) && json_array_size(fields) < SLACK_FIELDS) {
    const json_t *value = json_array_get(list, (*index)++);
    const json_t *text = json_is_object(value) ? json_object_get(value, "text") : value;
    json_t *field = json_is_string(text) ? make_any_text(b, value, text, SLACK_FIELD_MOST) : NULL;
    if (!json_is_string(text))
      remark(b, "fields", "[%zu] is no text", *index);
    if (field)
      append(b, fields, field);
  }
  if (json_array_size(fields) > 0)
    return fields;
  json_decref(fields);
  return NULL;
}

/* What is beyond the tenth field stands in a section of its own. */
static void add_section(struct builder *b, const json_t *from) {
  const json_t *list = json_object_get(from, "fields"), *accessory = json_object_get(from, "accessory");
  json_t *text = make_any_text(b, json_object_get(from, "text"), text_of(b, from, "text"), SLACK_SECTION_MOST);
  size_t index = 0;
  json_t *fields = make_fields(b, list, &index);
  json_t *taken = json_object();
  json_t *element = accessory && (text || fields) ? make_element(b, accessory, taken) : NULL;
  json_decref(taken);
  for (bool first = true; text || fields; first = false) {
    json_t *section = json_pack("{s:s, s:o*, s:o*, s:o*}", "type", "section", "text", text, "fields", fields,
                                "accessory", first ? element : NULL);
    add_block(b, from, section);
    text = NULL;
    fields = make_fields(b, list, &index);
  }
}

static void add_context(struct builder *b, const json_t *from) {
  json_t *elements = json_array();
  size_t index;
  json_t *value;
  json_array_foreach(json_object_get(from, "elements"), index, value) {
    const char *type = json_string_value(json_object_get(value, "type"));
    const json_t *text = json_is_object(value) ? json_object_get(value, "text") : value;
    json_t *element = NULL;
    if (type && strcmp(type, "image") == 0)
      element = make_image(b, value);
    else if (json_is_string(text))
      element = make_any_text(b, value, text, SLACK_CONTEXT_MOST);
    else
      remark(b, "elements", "[%zu] is no text or image", index + 1);
    if (element && json_array_size(elements) < SLACK_ELEMENTS)
      append(b, elements, element);
    else
      json_decref(element);
  }
  if (json_array_size(elements) > 0)
    add_block(b, from, json_pack("{s:s, s:o}", "type", "context", "elements", elements));
  else
    json_decref(elements);
}

static void add_actions(struct builder *b, const json_t *from) {
  json_t *elements = json_array(), *taken = json_object(), *value;
  size_t index;
  json_array_foreach(json_object_get(from, "elements"), index, value) {
    const char *type = json_string_value(json_object_get(value, "type"));
    json_t *button = type && strcmp(type, "button") == 0 ? make_button(b, value, taken) : NULL;
    if (!type || strcmp(type, "button") != 0)
      remark(b, "elements", "[%zu] is no button", index + 1);
    if (button && json_array_size(elements) < SLACK_ACTIONS)
      append(b, elements, button);
    else
      json_decref(button);
  }
  json_decref(taken);
  if (json_array_size(elements) > 0)
    add_block(b, from, json_pack("{s:s, s:o}", "type", "actions", "elements", elements));
  else
    json_decref(elements);
}

static void add_image(struct builder *b, const json_t *from) {
  json_t *image = make_image(b, from);
  if (!image)
    return;
  json_t *title = make_text(b, text_of(b, from, "title"), "plain_text", SLACK_VALUE_MOST);
  if (title)
    set(b, image, "title", title);
  add_block(b, from, image);
}

static void add_divider(struct builder *b, const json_t *from) {
  add_block(b, from, json_pack("{s:s}", "type", "divider"));
}

static const struct {
  const char *type;
  void (*add)(struct builder *b, const json_t *from);
} kinds[] = {
    {"header", add_header},   {"section", add_section}, {"context", add_context},
    {"actions", add_actions}, {"image", add_image},     {"divider", add_divider},
};

static void add_any(struct builder *b, const json_t *from) {
  const char *type = json_string_value(json_object_get(from, "type"));
  if (json_array_size(b->blocks) >= SLACK_BLOCKS) {
    b->more++;
    return;
  }
  for (size_t i = 0; type && i < sizeof kinds / sizeof *kinds; i++)
    if (strcmp(kinds[i].type, type) == 0) {
      kinds[i].add(b, from);
      return;
    }
  remark(b, "type", "a block is header, section, context, actions, image or divider, not %s", type ? type : "this");
}

/* The last place is taken by a word of how many are missing. */
static void tell_more(struct builder *b) {
  if (b->more == 0)
    return;
  struct buf words;
  buf_init(&words, 100);
  buf_addf(&words, "… (+%zu)", b->more + 1);
  json_t *text = json_string(words.data);
  json_array_remove(b->blocks, SLACK_BLOCKS - 1);
  append(b, b->blocks,
         json_pack("{s:s, s:[o]}", "type", "context", "elements", make_text(b, text, "mrkdwn", SLACK_CONTEXT_MOST)));
  json_decref(text);
  buf_release(&words);
}

/* ---- all of it ---- */

static size_t length_of(const json_t *object) {
  const json_t *text = json_object_get(object, "text");
  return slack_markup_count(json_string_value(text), json_string_length(text));
}

/* The characters of all texts if none were longer than `most`. */
static size_t sum(const json_t *texts, size_t most) {
  size_t index, all = 0;
  json_t *object;
  json_array_foreach((json_t *)texts, index, object) {
    size_t length = length_of(object);
    all += length < most ? length : most;
  }
  return all;
}

/* Finds the length that the longest texts must keep to so that all fit together, and cuts them to it. */
static void fit_all(struct builder *b) {
  size_t least = 1, most = SLACK_ALL_MOST;
  if (sum(b->texts, most) <= SLACK_ALL_MOST)
    return;
  while (least < most) {
    size_t middle = (least + most + 1) / 2;
    if (sum(b->texts, middle) <= SLACK_ALL_MOST)
      least = middle;
    else
      most = middle - 1;
  }
  size_t index;
  json_t *object;
  json_array_foreach(b->texts, index, object) {
    if (length_of(object) <= least)
      continue;
    const json_t *text = json_object_get(object, "text");
    struct buf cut;
    buf_init(&cut, TEXT_CAP);
    if (!slack_markup_add_cut(&cut, json_string_value(text), json_string_length(text), least))
      b->failed = true;
    set(b, object, "text", json_stringn(cut.data, cut.length));
    buf_release(&cut);
  }
}

static void add_blocks(struct builder *b, const json_t *blocks) {
  size_t index;
  json_t *block;
  json_array_foreach((json_t *)blocks, index, block) {
    struct buf place;
    buf_init(&place, PLACE_SIZE - 1);
    buf_addf(&place, "blocks[%zu]", index + 1);
    memcpy(b->place, place.data, place.length + 1);
    buf_release(&place);
    add_any(b, block);
  }
  b->place[0] = '\0';
  tell_more(b);
}

static void check_members(struct builder *b, const json_t *message) {
  const char *member;
  json_t *value;
  json_object_foreach((json_t *)message, member, value) {
    bool is_blocks = strcmp(member, "blocks") == 0;
    if (!is_blocks && strcmp(member, "text") != 0)
      remark(b, member, "a message has text and blocks");
    else if (is_blocks && !json_is_array(value) && !(json_is_object(value) && json_object_size(value) == 0))
      remark(b, member, "is no list");
  }
}

json_t *slack_limits_apply(const json_t *message, const char *text, struct buf *remarks) {
  struct builder b = {
      .blocks = json_array(), .texts = json_array(), .block_ids = json_object(), .remarks = remarks, .place = ""};
  json_t *out = json_object();
  check_members(&b, message);
  const json_t *own = text_of(&b, message, "text");
  json_t *given = json_string(text);
  json_t *tidied = own ? tidy(&b, own, SLACK_TEXT_MOST, true) : NULL;
  if (!tidied)
    tidied = tidy(&b, given, SLACK_TEXT_MOST, true);
  json_decref(given);
  set(&b, out, "text", tidied ? tidied : json_string("…"));
  if (json_array_append(b.texts, out) != 0)
    b.failed = true;
  add_blocks(&b, json_object_get(message, "blocks"));
  fit_all(&b);
  if (json_array_size(b.blocks) > 0)
    set(&b, out, "blocks", json_incref(b.blocks));
  json_decref(b.blocks);
  json_decref(b.texts);
  json_decref(b.block_ids);
  if (!b.failed)
    return out;
  json_decref(out);
  return NULL;
}
