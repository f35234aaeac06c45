/**
 * negotiation.c - Accept and Accept-Language, read by the rules of RFC 9110.
 *
 * Pure functions of their text; any thread.
 */
#include "http/negotiation.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* One element of a list header: its value, without parameters, and its quality in thousandths. */
struct element {
  const char *text;
  size_t length;
  int quality;
};

static const char *skip_blank(const char *at) {
  while (*at == ' ' || *at == '\t')
    at++;
  return at;
}

/* `0.5` in thousandths; what is no quality counts as 1, as most servers have it. */
static int read_quality(const char *at) {
  if (*at != '0' && *at != '1')
    return 1000;
  int quality = (*at++ - '0') * 1000;
  if (*at == '.')
    at++;
  for (int place = 100; place > 0 && *at >= '0' && *at <= '9'; place /= 10)
    quality += (*at++ - '0') * place;
  return quality > 1000 ? 1000 : quality;
}

/* Moves `*at` past the next element; false at the end. */
static bool next_element(const char **at, struct element *element) {
  const char *text = *at;
  while (*text == ' ' || *text == '\t' || *text == ',')
    text++;
  if (!*text)
    return false;
  element->text = text;
  element->length = strcspn(text, " \t,;");
  element->quality = 1000;
  text += element->length;
  for (text = skip_blank(text); *text == ';'; text = skip_blank(text)) {
    text = skip_blank(text + 1);
    if ((text[0] == 'q' || text[0] == 'Q') && text[1] == '=')
      element->quality = read_quality(text + 2);
    text += strcspn(text, ",;");
  }
  *at = text + strcspn(text, ",");
  return true;
}

static bool is(const struct element *element, const char *text) {
  return strlen(text) == element->length && strncasecmp(element->text, text, element->length) == 0;
}

/* 3 for the type itself, 2 for its whole kind, 1 for anything, 0 for no match. */
static int specificity(const struct element *element, const char *type, const char *kind) {
  if (is(element, type))
    return 3;
  if (is(element, kind))
    return 2;
  return is(element, "*/*") || is(element, "*") ? 1 : 0;
}

static int quality_of(const char *accept, const char *type, const char *kind) {
  struct element element;
  int best = 0, quality = 0;
  while (next_element(&accept, &element)) {
    int match = specificity(&element, type, kind);
    if (match > best || (match == best && match > 0 && element.quality > quality)) {
      best = match;
      quality = element.quality;
    }
  }
  return quality;
}

unsigned negotiation_format(const char *accept, unsigned offered) {
  static const struct {
    enum route_renderer format;
    const char *type, *kind;
  } formats[] = {
      {ROUTE_JSON, "application/json", "application/*"},
      {ROUTE_HTML, "text/html", "text/*"},
      {ROUTE_TEXT, "text/plain", "text/*"},
      {ROUTE_PROBLEM, "application/problem+json", "application/*"},
  };
  bool any = !accept || !*skip_blank(accept) || strcmp(accept, "*/*") == 0;
  unsigned chosen = 0;
  int best = 0;
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
    if (!(offered & formats[i].format))
      continue;
    int quality = any ? 1000 : quality_of(accept, formats[i].type, formats[i].kind);
    if (quality > best) {
      best = quality;
      chosen = formats[i].format;
    }
  }
  return chosen;
}

const char *negotiation_language(const char *accept_language) {
  struct element element;
  int english = 0, korean = 0;
  while (accept_language && next_element(&accept_language, &element)) {
    bool ko = is(&element, "ko") || (element.length > 3 && strncasecmp(element.text, "ko-", 3) == 0);
    bool en = is(&element, "en") || (element.length > 3 && strncasecmp(element.text, "en-", 3) == 0);
    if (ko && element.quality > korean)
      korean = element.quality;
    if ((en || is(&element, "*")) && element.quality > english)
      english = element.quality;
  }
  return korean > english ? "ko" : "en";
}
