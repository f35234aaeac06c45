/**
 * mail_address.c - a mail address as people write it.
 *
 * Called when a channel is set up and for each mail, on any thread. Stricter than the standard on purpose: no quoted
 * local parts, comments or routes, so that nothing that passes here can mean something else to a server or in a header.
 */
#include "alerts/mail_address.h"

#include "base/utf8.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { LOCAL_MOST = 64, LABEL_MOST = 63 };

static bool is_ascii_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/** Words of letters, digits and the characters of `others`, of at most `most` bytes each, with single dots between. */
static bool is_dotted(const char *text, size_t length, const char *others, size_t most) {
  size_t word = 0;
  for (size_t i = 0; i < length; i++) {
    if (text[i] == '.' && word > 0) {
      word = 0;
    } else if (is_ascii_alnum(text[i]) || (text[i] != '\0' && strchr(others, text[i]) != NULL)) {
      if (++word > most)
        return false;
    } else {
      return false;
    }
  }
  return word > 0;
}

static enum mulligan_status read_address(struct mail_address *out, const char *text, size_t length,
                                         struct fault *fault) {
  for (size_t i = 0; i < length; i++)
    if ((unsigned char)text[i] >= 0x80)
      return fault_set(fault, MULLIGAN_INVALID,
                       "\"%.*s\" is no mail address: letters beyond ASCII have no place in it (a domain has an xn-- "
                       "form)",
                       (int)length, text);
  const char *at = memchr(text, '@', length);
  size_t local = at != NULL ? (size_t)(at - text) : 0;
  if (at == NULL || local > LOCAL_MOST || !is_dotted(text, local, "!#$%&'*+-/=?^_`{|}~", LOCAL_MOST) ||
      !is_dotted(at + 1, length - local - 1, "-", LABEL_MOST))
    return fault_set(fault, MULLIGAN_INVALID, "\"%.*s\" is no mail address, such as kim@example.com", (int)length,
                     text);
  if (length >= sizeof out->address)
    return fault_set(fault, MULLIGAN_INVALID, "the mail address \"%.40s…\" is longer than %zu characters", text,
                     sizeof out->address - 1);
  memcpy(out->address, text, length);
  out->address[length] = '\0';
  return MULLIGAN_OK;
}

/** The name before the angle bracket, out of its quotation marks if it has any. */
static enum mulligan_status read_name(struct mail_address *out, const char *text, size_t length, struct fault *fault) {
  while (length > 0 && text[length - 1] == ' ')
    length--;
  bool quoted = length >= 2 && text[0] == '"' && text[length - 1] == '"';
  size_t used = 0;
  for (size_t i = quoted; i < length - quoted; i++) {
    if (quoted && text[i] == '\\' && i + 1 < length - quoted)
      i++;
    else if (strchr("\"<>", text[i]) != NULL)
      return fault_set(fault, MULLIGAN_INVALID, "in \"%.*s <…>\" stands a character that a name cannot have: %c",
                       (int)length, text, text[i]);
    if (iscntrl((unsigned char)text[i]))
      return fault_set(fault, MULLIGAN_INVALID, "a mail address holds a control character");
    if (used + 1 >= sizeof out->name)
      return fault_set(fault, MULLIGAN_INVALID, "the name \"%.40s…\" is longer than %zu bytes", text,
                       sizeof out->name - 1);
    out->name[used++] = text[i];
  }
  out->name[used] = '\0';
  return MULLIGAN_OK;
}

enum mulligan_status mail_address_read(struct mail_address *out, const char *text, struct fault *fault) {
  while (*text == ' ')
    text++;
  size_t length = strlen(text);
  while (length > 0 && text[length - 1] == ' ')
    length--;
  if (!utf8_valid(text, length))
    return fault_set(fault, MULLIGAN_INVALID, "a mail address is not valid UTF-8");
  const char *open = memrchr(text, '<', length);
  if (open == NULL) {
    out->name[0] = '\0';
    return read_address(out, text, length, fault);
  }
  if (text[length - 1] != '>')
    return fault_set(fault, MULLIGAN_INVALID, "\"%.*s\" has no > at its end", (int)length, text);
  enum mulligan_status status = read_name(out, text, (size_t)(open - text), fault);
  if (status == MULLIGAN_OK)
    status = read_address(out, open + 1, (size_t)(text + length - 1 - (open + 1)), fault);
  return status;
}

const char *mail_address_domain(const struct mail_address *address) {
  return strchr(address->address, '@') + 1;
}
