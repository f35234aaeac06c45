/**
 * mail_sheet.c - a mail's body, once as text and once as HTML.
 *
 * Used for one mail on one thread. Invariant: what is not this program's own passes through html_add() on its way into
 * the HTML. The only colours are a red bar and a blue button with white on it; what should stand back is half
 * transparent, in whatever colour the mail program writes.
 */
#include "alerts/mail_sheet.h"

#include "alerts/mail_field.h"
#include "alerts/mail_header.h"
#include "base/html.h"
#include "base/utf8.h"

#include <string.h>

enum { TEXT_MOST = 512 * 1024, HTML_MOST = 2 * 1024 * 1024, QUOTATION_MOST = 12 * 1024 };

#define MONOSPACE "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:14px"
#define FAINT     "opacity:.7"

void mail_sheet_begin(struct mail_sheet *sheet, const char *title, bool korean) {
  buf_init(&sheet->text, TEXT_MOST);
  buf_init(&sheet->html, HTML_MOST);
  buf_addf(&sheet->html,
           "<!DOCTYPE html>\r\n"
           "<html lang=\"%s\"><head><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\"><title>",
           korean ? "ko" : "en");
  html_add(&sheet->html, title, strlen(title));
  buf_add_text(&sheet->html, "</title></head>\r\n"
                             "<body style=\"margin:0\"><div style=\"max-width:640px;padding:16px;"
                             "font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;"
                             "font-size:15px;line-height:1.5\">\r\n");
}

bool mail_sheet_end(struct mail_sheet *sheet) {
  buf_add_text(&sheet->html, "</div></body></html>\r\n");
  return !sheet->text.failed && !sheet->html.failed;
}

void mail_sheet_release(struct mail_sheet *sheet) {
  buf_release(&sheet->text);
  buf_release(&sheet->html);
}

/** Makes the text end with an empty line. */
static void separate(struct buf *text) {
  static const char empty[] = "\r\n\r\n";
  size_t size = strlen(empty);
  if (text->length < size || memcmp(text->data + text->length - size, empty, size) != 0)
    buf_add_text(text, "\r\n");
}

void mail_sheet_add_headline(struct mail_sheet *sheet, const struct buf *line) {
  buf_addf(&sheet->text, "%s\r\n", line->data);
  buf_add_text(&sheet->html, "<p style=\"margin:0 0 12px;font-size:18px;font-weight:600\">");
  html_add(&sheet->html, line->data, line->length);
  buf_add_text(&sheet->html, "</p>\r\n");
}

void mail_sheet_add_quotation(struct mail_sheet *sheet, const struct buf *first, const char *rest) {
  size_t whole = strlen(rest);
  const char *end = rest + utf8_cut(rest, whole, QUOTATION_MOST);
  bool cut = *end != '\0';
  struct buf line;
  buf_init(&line, MAIL_VALUE_MOST);
  separate(&sheet->text);
  buf_addf(&sheet->text, "    %s\r\n", first->data);
  buf_add_text(&sheet->html, "<pre style=\"margin:0 0 16px;padding:8px 12px;border-left:4px solid #d9534f;"
                             "white-space:pre-wrap;overflow-wrap:anywhere;" MONOSPACE "\">");
  html_add(&sheet->html, first->data, first->length);
  while (rest < end) {
    size_t length = strcspn(rest, "\r\n");
    if (length > (size_t)(end - rest))
      length = (size_t)(end - rest);
    buf_clear(&line, MAIL_VALUE_MOST);
    mail_header_add_line(&line, rest, length);
    rest += length + (rest + length < end);
    if (rest == end && cut)
      buf_add_text(&line, "…");
    if (line.length > 0) {
      buf_addf(&sheet->text, "    %s\r\n", line.data);
      buf_add_text(&sheet->html, "\r\n");
      html_add(&sheet->html, line.data, line.length);
    }
    sheet->text.failed |= line.failed;
  }
  buf_add_text(&sheet->html, "</pre>\r\n");
  buf_release(&line);
}

void mail_sheet_begin_rows(struct mail_sheet *sheet) {
  separate(&sheet->text);
  buf_add_text(&sheet->html, "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" "
                             "style=\"border-collapse:collapse\">\r\n");
}

void mail_sheet_end_rows(struct mail_sheet *sheet) {
  separate(&sheet->text);
  buf_add_text(&sheet->html, "</table>\r\n");
}

/** Only the web's own schemes are linked: what else a mail program would do with an address is not known. */
static bool is_of_the_web(const char *url) {
  return url != NULL && (strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0);
}

void mail_sheet_add_row(struct mail_sheet *sheet, const char *label, struct buf *value, const char *url) {
  if (value->length > 0) {
    buf_addf(&sheet->text, "%s: %s\r\n", label, value->data);
    buf_addf(&sheet->html,
             "<tr><td style=\"padding:2px 16px 2px 0;vertical-align:top;white-space:nowrap;" FAINT "\">%s</td>"
             "<td style=\"padding:2px 0;overflow-wrap:anywhere\">",
             label);
    if (is_of_the_web(url)) {
      buf_add_text(&sheet->html, "<a style=\"color:inherit\" href=\"");
      html_add(&sheet->html, url, strlen(url));
      buf_add_text(&sheet->html, "\">");
    }
    html_add(&sheet->html, value->data, value->length);
    buf_add_text(&sheet->html, is_of_the_web(url) ? "</a></td></tr>\r\n" : "</td></tr>\r\n");
  }
  sheet->text.failed |= value->failed;
  buf_clear(value, MAIL_VALUE_MOST);
}

void mail_sheet_add_link(struct mail_sheet *sheet, const char *label, const char *url) {
  if (!is_of_the_web(url))
    return;
  buf_addf(&sheet->text, "%s: %s\r\n", label, url);
  buf_add_text(&sheet->html, "<p style=\"margin:16px 0\"><a href=\"");
  html_add(&sheet->html, url, strlen(url));
  buf_addf(&sheet->html,
           "\" style=\"display:inline-block;padding:8px 16px;border-radius:6px;background:#2563eb;color:#ffffff;"
           "text-decoration:none;font-weight:600\">%s</a></p>\r\n",
           label);
}

void mail_sheet_add_command(struct mail_sheet *sheet, const char *label, const struct buf *command) {
  buf_addf(&sheet->text, "%s: %s\r\n", label, command->data);
  buf_addf(&sheet->html,
           "<p style=\"margin:4px 0\"><span style=\"" FAINT "\">%s:</span> <code style=\"" MONOSPACE "\">", label);
  html_add(&sheet->html, command->data, command->length);
  buf_add_text(&sheet->html, "</code></p>\r\n");
  sheet->text.failed |= command->failed;
}

void mail_sheet_add_signature(struct mail_sheet *sheet, const struct buf *line) {
  separate(&sheet->text);
  buf_addf(&sheet->text, "-- \r\n%s\r\n", line->data);
  buf_add_text(&sheet->html, "<p style=\"margin:20px 0 0;font-size:13px;" FAINT "\">");
  html_add(&sheet->html, line->data, line->length);
  buf_add_text(&sheet->html, "</p>\r\n");
  sheet->text.failed |= line->failed;
}
