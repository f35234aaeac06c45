/**
 * command_line.c - what was typed, for the audit.
 *
 * Called when a run begins, after its parameters were read, so that each name is known to be one of the script's.
 */
#include "operator/command_line.h"

#include <stdbool.h>
#include <string.h>

void command_line_add_word(struct buf *out, const char *word) {
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@,+%[]";
  buf_add_char(out, ' ');
  if (*word && strspn(word, plain) == strlen(word)) {
    buf_add_text(out, word);
    return;
  }
  buf_add_char(out, '\'');
  for (; *word; word++)
    *word == '\'' ? buf_add_text(out, "'\\''") : buf_add_char(out, *word);
  buf_add_char(out, '\'');
}

static bool is_secret(const struct operator_script *script, const struct scrub *scrub, const char *name,
                      size_t length) {
  const struct script_parameter *parameter = script_find(script, name, length);
  return !parameter || parameter->secret || scrub_is_secret_name(scrub, name, length);
}

void command_line_add_parameters(struct buf *out, const struct operator_script *script, const struct scrub *scrub,
                                 char *const *words, size_t count) {
  bool hide_next = false;
  for (size_t i = 0; i < count; i++) {
    const char *word = words[i];
    bool is_name = strncmp(word, "--", 2) == 0 && !hide_next;
    size_t length = is_name ? strcspn(word + 2, "=") : 0;
    if (!is_name) {
      command_line_add_word(out, hide_next ? MULLIGAN_SCRUBBED : word);
      hide_next = false;
      continue;
    }
    bool secret = is_secret(script, scrub, word + 2, length), has_value = word[2 + length] == '=';
    if (secret && has_value)
      buf_addf(out, " --%.*s=%s", (int)length, word + 2, MULLIGAN_SCRUBBED);
    else
      command_line_add_word(out, word);
    hide_next = secret && !has_value;
  }
}

void command_line_add_keys(struct buf *out, const struct operator_script *script, const struct scrub *scrub,
                           char *const *words, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const char *word = words[i] + 2;
    size_t length = strcspn(word, "=");
    buf_add_text(out, " -p");
    if (is_secret(script, scrub, word, length))
      buf_addf(out, " %.*s=%s", (int)length, word, MULLIGAN_SCRUBBED);
    else
      command_line_add_word(out, word);
  }
}
