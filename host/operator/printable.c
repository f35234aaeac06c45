/**
 * printable.c - text as a terminal shows it.
 *
 * Called by whatever writes to an operator's terminal, from any thread. A value of the database may hold anything,
 * escape sequences included, and must not command the terminal. Invariant: the caller's locale is as before on return;
 * wcwidth(3) is asked in C.UTF-8, since the operator's own locale may know no Korean at all.
 */
#include "operator/printable.h"

#include <locale.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <wchar.h>

static locale_t utf8_locale;

static void make_locale(void) {
  utf8_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

static locale_t enter_locale(void) {
  static pthread_once_t made = PTHREAD_ONCE_INIT;
  pthread_once(&made, make_locale);
  return utf8_locale ? uselocale(utf8_locale) : (locale_t)0;
}

static void leave_locale(locale_t before) {
  if (before)
    uselocale(before);
}

/* One character as it is shown. */
struct glyph {
  char text[16];
  size_t length;
  int width;
};

/* Takes the next character of `text`; returns the bytes it took. */
static size_t read_glyph(const char *text, size_t length, struct glyph *out) {
  mbstate_t state = {0};
  wchar_t wide = 0;
  struct buf piece;
  buf_init(&piece, sizeof out->text - 1);
  size_t taken = mbrtowc(&wide, text, length, &state);
  if (taken == (size_t)-1 || taken == (size_t)-2) {
    taken = 1;
    out->width = 1;
    buf_add_text(&piece, "\xEF\xBF\xBD");
  } else {
    if (taken == 0)
      taken = 1; /* a NUL */
    out->width = wcwidth(wide);
    if (wide != 0 && out->width >= 0)
      buf_add(&piece, text, taken);
    else
      buf_addf(&piece, (uint32_t)wide < 0x100 ? "\\x%02X" : "\\u{%X}", (unsigned)wide);
    if (wide == 0 || out->width < 0)
      out->width = (int)piece.length;
  }
  out->length = piece.length;
  for (size_t i = 0; i < piece.length; i++)
    out->text[i] = piece.data[i];
  buf_release(&piece);
  return taken;
}

static bool is_plain(char c) {
  return c >= ' ' && c <= '~';
}

int printable_add(struct buf *out, const char *text, size_t length, int most) {
  locale_t before = enter_locale();
  int width = 0, fitting_width = 0;
  size_t fitting = out->length; /* where the text ends if the mark of a cut has to follow */
  bool cut = false;
  for (size_t at = 0; at < length;) {
    struct glyph glyph;
    if (text[at] == '\n' || text[at] == '\t')
      glyph = (struct glyph){.text = " ", .length = 1, .width = 1}, at++;
    else if (is_plain(text[at]))
      glyph = (struct glyph){.text = {text[at]}, .length = 1, .width = 1}, at++;
    else
      at += read_glyph(text + at, length - at, &glyph);
    if (width + glyph.width > most) {
      cut = true;
      break;
    }
    buf_add(out, glyph.text, glyph.length);
    width += glyph.width;
    if (width < most) {
      fitting = out->length;
      fitting_width = width;
    }
  }
  if (cut && !out->failed) {
    out->length = fitting;
    out->data[fitting] = '\0';
    buf_add_text(out, "…");
    width = fitting_width + 1;
  }
  leave_locale(before);
  return width;
}

void printable_add_lines(struct buf *out, const char *text, size_t length) {
  locale_t before = enter_locale();
  for (size_t at = 0; at < length;) {
    struct glyph glyph;
    size_t plain = at;
    while (plain < length && (is_plain(text[plain]) || text[plain] == '\n' || text[plain] == '\t'))
      plain++;
    if (plain > at) {
      buf_add(out, text + at, plain - at);
      at = plain;
      continue;
    }
    at += read_glyph(text + at, length - at, &glyph);
    buf_add(out, glyph.text, glyph.length);
  }
  leave_locale(before);
}
