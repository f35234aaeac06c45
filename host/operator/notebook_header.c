/**
 * notebook_header.c - YAML as JSON and back, by libyaml.
 *
 * Pure functions of their arguments; any thread. Anchors, tags and several documents are no business of a header: an
 * alias is taken for what it stands for, up to a depth that no header has.
 */
#include "operator/notebook_header.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

enum { MOST_DEPTH = 20, MOST_NODES = 10000 };

/* ---- reading ---- */

/* A plain scalar is what YAML's core schema takes it for; a quoted one is a text. */
static json_t *scalar_value(const yaml_node_t *node) {
  const char *text = (const char *)node->data.scalar.value;
  size_t length = node->data.scalar.length;
  if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
    return json_stringn(text, length);
  if (length == 0 || strcmp(text, "null") == 0 || strcmp(text, "~") == 0)
    return json_null();
  if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
    return json_boolean(text[0] == 't');
  char *end;
  errno = 0;
  long long integer = strtoll(text, &end, 10);
  if (*end == '\0' && errno == 0 && end != text)
    return json_integer(integer);
  double number = strtod(text, &end);
  json_t *real = *end == '\0' && strpbrk(text, "0123456789") && !strpbrk(text, "xX") ? json_real(number) : NULL;
  return real ? real : json_stringn(text, length);
}

/* `*left` bounds what aliases may blow up. NULL for what is too deep or too much. */
static json_t *node_value(yaml_document_t *document, int index, int depth, int *left) {
  const yaml_node_t *node = yaml_document_get_node(document, index);
  if (!node || depth > MOST_DEPTH || --*left < 0)
    return NULL;
  json_t *value = NULL;
  bool good = true;
  switch (node->type) {
  case YAML_SCALAR_NODE:
    return scalar_value(node);
  case YAML_SEQUENCE_NODE:
    value = json_array();
    for (const int *item = node->data.sequence.items.start; good && item < node->data.sequence.items.top; item++)
      good = json_array_append_new(value, node_value(document, *item, depth + 1, left)) == 0;
    break;
  case YAML_MAPPING_NODE:
    value = json_object();
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; good && pair < node->data.mapping.pairs.top;
         pair++) {
      const yaml_node_t *key = yaml_document_get_node(document, pair->key);
      good = key && key->type == YAML_SCALAR_NODE &&
             json_object_set_new(value, (const char *)key->data.scalar.value,
                                 node_value(document, pair->value, depth + 1, left)) == 0;
    }
    break;
  default:
    return NULL;
  }
  if (good)
    return value;
  json_decref(value);
  return NULL;
}

/* What stands beside `jupyter` goes where jupytext keeps it. */
static json_t *metadata_of(json_t *header) {
  json_t *metadata = json_incref(json_object_get(header, "jupyter"));
  json_object_del(header, "jupyter");
  if (!json_is_object(metadata)) {
    json_decref(metadata);
    metadata = json_object();
  }
  if (json_object_size(header) > 0) {
    json_t *jupytext = json_object_get(metadata, "jupytext");
    if (!json_is_object(jupytext)) {
      json_object_set_new(metadata, "jupytext", json_object());
      jupytext = json_object_get(metadata, "jupytext");
    }
    json_object_set(jupytext, "root_level_metadata", header);
  }
  return metadata;
}

enum mulligan_status notebook_header_read(json_t **out, const char *text, size_t length, int first_line,
                                          struct fault *fault) {
  yaml_parser_t parser;
  yaml_document_t document;
  *out = NULL;
  if (!yaml_parser_initialize(&parser))
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
  if (!yaml_parser_load(&parser, &document)) {
    enum mulligan_status status =
        fault_set(fault, MULLIGAN_INVALID, "line %d: the header is not YAML: %s",
                  first_line + (int)parser.problem_mark.line, parser.problem ? parser.problem : "it cannot be read");
    yaml_parser_delete(&parser);
    return status;
  }
  const yaml_node_t *root = yaml_document_get_root_node(&document);
  int left = MOST_NODES;
  json_t *header = root ? node_value(&document, 1, 0, &left) : json_object();
  yaml_document_delete(&document);
  yaml_parser_delete(&parser);
  if (json_is_object(header))
    *out = metadata_of(header);
  json_decref(header);
  return *out ? MULLIGAN_OK
              : fault_set(fault, MULLIGAN_INVALID, "line %d: the header is no table of names and values", first_line);
}

/* ---- writing ---- */

static int write_bytes(void *out, unsigned char *bytes, size_t length) {
  return buf_add(out, bytes, length) ? 1 : 0;
}

static int add_scalar(yaml_document_t *document, const char *text, bool quoted) {
  return yaml_document_add_scalar(document, NULL, (const unsigned char *)text, (int)strlen(text),
                                  quoted ? YAML_SINGLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE);
}

/* Would the text, unquoted, be read as something else? */
static bool needs_quotes(const char *text) {
  yaml_node_t node;
  memset(&node, 0, sizeof node);
  node.data.scalar.value = (unsigned char *)(uintptr_t)text;
  node.data.scalar.length = strlen(text);
  node.data.scalar.style = YAML_PLAIN_SCALAR_STYLE;
  json_t *value = scalar_value(&node);
  bool other = !json_is_string(value);
  json_decref(value);
  return other;
}

/* Adds the value and returns the number of its node; 0 when out of memory. */
static int add_value(yaml_document_t *document, const json_t *value) {
  int node;
  size_t index;
  const char *key;
  json_t *item;
  switch (json_typeof(value)) {
  case JSON_OBJECT:
    node = yaml_document_add_mapping(document, NULL, YAML_BLOCK_MAPPING_STYLE);
    json_object_foreach((json_t *)(uintptr_t)value, key, item) {
      int name = add_scalar(document, key, needs_quotes(key)), place = add_value(document, item);
      if (!node || !name || !place || !yaml_document_append_mapping_pair(document, node, name, place))
        return 0;
    }
    return node;
  case JSON_ARRAY:
    node = yaml_document_add_sequence(document, NULL, YAML_FLOW_SEQUENCE_STYLE);
    json_array_foreach((json_t *)(uintptr_t)value, index, item) {
      int place = add_value(document, item);
      if (!node || !place || !yaml_document_append_sequence_item(document, node, place))
        return 0;
    }
    return node;
  case JSON_STRING:
    return add_scalar(document, json_string_value(value), needs_quotes(json_string_value(value)));
  default: {
    char *text = json_dumps(value, JSON_ENCODE_ANY);
    node = text ? add_scalar(document, text, false) : 0;
    free(text);
    return node;
  }
  }
}

/* A copy of the metadata with what every header of ours says, `language_info` left to the kernel. */
static json_t *complete(const json_t *metadata) {
  json_t *header = json_object(), *whole = json_deep_copy(metadata);
  json_object_del(whole, "language_info");
  if (!json_is_object(json_object_get(whole, "jupytext")))
    json_object_set_new(whole, "jupytext", json_object());
  json_t *jupytext = json_object_get(whole, "jupytext");
  json_t *beside = json_object_get(jupytext, "root_level_metadata");
  if (json_is_object(beside))
    json_object_update(header, beside);
  json_object_del(jupytext, "root_level_metadata");
  json_object_set_new(
      jupytext, "text_representation",
      json_pack("{s:s, s:s, s:s}", "extension", ".lua", "format_name", "percent", "format_version", "1.3"));
  if (!json_object_get(whole, "kernelspec"))
    json_object_set_new(
        whole, "kernelspec",
        json_pack("{s:s, s:s, s:s}", "display_name", "Lua (Mulligan)", "language", "lua", "name", "mulligan"));
  json_object_set_new(header, "jupyter", whole);
  return header;
}

bool notebook_header_write(const json_t *metadata, struct buf *out) {
  yaml_emitter_t emitter;
  yaml_document_t document;
  json_t *header = complete(metadata);
  if (!header || !yaml_emitter_initialize(&emitter)) {
    json_decref(header);
    return false;
  }
  yaml_emitter_set_output(&emitter, write_bytes, out);
  yaml_emitter_set_unicode(&emitter, 1);
  yaml_emitter_set_width(&emitter, -1);
  bool good = yaml_document_initialize(&document, NULL, NULL, NULL, 1, 1);
  if (good && add_value(&document, header))
    good = yaml_emitter_open(&emitter) && yaml_emitter_dump(&emitter, &document) && yaml_emitter_close(&emitter);
  yaml_emitter_delete(&emitter);
  json_decref(header);
  return good && !out->failed;
}
