/**
 * test_form.c - forms are taken apart exactly, and what is ambiguous or broken is refused.
 */
#include "base/form.h"
#include "dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/** Writes each field as `[name|value|filename|type]`, with `-` where there is none. */
static bool note(void *context, const struct form_field *field) {
  struct buf *notes = context;
  buf_addf(notes, "[%.*s|", (int)field->name_length, field->name);
  buf_add(notes, field->value, field->value_length);
  buf_addf(notes, "|%.*s", field->filename ? (int)field->filename_length : 1, field->filename ? field->filename : "-");
  buf_addf(notes, "|%.*s]", field->content_type ? (int)field->content_type_length : 1,
           field->content_type ? field->content_type : "-");
  return !notes->failed;
}

static void escapes_are_decoded(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool plus;
    const char *decoded; /* NULL: refused */
  } cases[] = {
      {"", true, ""},
      {"a+b%20c", true, "a b c"},
      {"a+b%20c", false, "a+b c"},
      {"%41%7a%C3%a9", true, "Az\xC3\xA9"},
      {"%", true, NULL},
      {"%4", true, NULL},
      {"a%4g", true, NULL},
      {"%%41", true, NULL},
      {"%+1", true, NULL},
      {"100%25", true, "100%"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct buf out;
    buf_init(&out, 100);
    buf_add_text(&out, "kept:");
    bool ok = form_percent_decode(cases[i].text, strlen(cases[i].text), cases[i].plus, &out);
    assert_int_equal(ok, cases[i].decoded != NULL);
    assert_memory_equal(out.data, "kept:", 5);
    assert_string_equal(out.data + 5, cases[i].decoded == NULL ? "" : cases[i].decoded);
    buf_release(&out);
  }
}

static void any_bytes_survive_encoding_and_decoding(void **state) {
  (void)state;
  struct dice dice = {21};
  for (int round = 0; round < 3000; round++) {
    char bytes[64], text[200];
    size_t length = dice_roll(&dice, sizeof bytes), at = 0;
    for (size_t i = 0; i < length; i++) {
      bytes[i] = (char)dice_roll(&dice, 256);
      if (bytes[i] == ' ' && dice_roll(&dice, 2) == 0)
        text[at++] = '+';
      else if (strchr("%+", bytes[i]) != NULL || dice_roll(&dice, 2) == 0)
        at += (size_t)snprintf(text + at, 4, dice_roll(&dice, 2) ? "%%%02x" : "%%%02X", (unsigned char)bytes[i]);
      else
        text[at++] = bytes[i];
    }
    struct buf out;
    buf_init(&out, at);
    assert_true(form_percent_decode(text, at, true, &out));
    assert_int_equal(out.length, length);
    assert_memory_equal(out.data, bytes, length);
    buf_release(&out);
  }
}

static void urlencoded_forms_are_read_in_order(void **state) {
  (void)state;
  static const struct {
    const char *text;
    enum mulligan_status status;
    const char *notes;
  } cases[] = {
      {"", MULLIGAN_OK, ""},
      {"&&", MULLIGAN_OK, ""},
      {"a=1&b=2&a=3", MULLIGAN_OK, "[a|1|-|-][b|2|-|-][a|3|-|-]"},
      {"a&b=&=c", MULLIGAN_OK, "[a||-|-][b||-|-][|c|-|-]"},
      {"a=b=c", MULLIGAN_OK, "[a|b=c|-|-]"},
      {"na+me=%EA%B9%80+%26", MULLIGAN_OK, "[na me|\xEA\xB9\x80 &|-|-]"},
      {"a=1&b=%zz", MULLIGAN_INVALID, "[a|1|-|-]"},
      {"a=1&b=%ff", MULLIGAN_INVALID, "[a|1|-|-]"},
      {"%ff=1", MULLIGAN_INVALID, ""},
      {"%C3=%A9", MULLIGAN_INVALID, ""},
      {"a%00b=1", MULLIGAN_INVALID, ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct buf notes;
    struct fault fault = {0};
    buf_init(&notes, 1000);
    assert_int_equal(form_urlencoded(cases[i].text, strlen(cases[i].text), note, &notes, &fault), cases[i].status);
    assert_string_equal(notes.data, cases[i].notes);
    assert_int_equal(fault.message[0] != '\0', cases[i].status != MULLIGAN_OK);
    buf_release(&notes);
  }
}

static void a_form_has_at_most_a_thousand_fields(void **state) {
  (void)state;
  struct buf notes, form;
  buf_init(&notes, 100000);
  buf_init(&form, 100000);
  for (int i = 0; i < 1000; i++)
    buf_add_text(&form, "a=1&");
  assert_int_equal(form_urlencoded(form.data, form.length, note, &notes, NULL), MULLIGAN_OK);
  buf_add_text(&form, "a=1");
  assert_int_equal(form_urlencoded(form.data, form.length, note, &notes, NULL), MULLIGAN_INVALID);

  buf_clear(&form, 0);
  for (int i = 0; i < 1000; i++)
    buf_add_text(&form, "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n");
  size_t thousand = form.length;
  buf_add_text(&form, "--b--");
  assert_int_equal(form_multipart("multipart/form-data; boundary=b", form.data, form.length, note, &notes, NULL),
                   MULLIGAN_OK);
  form.length = thousand;
  buf_add_text(&form, "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--b--");
  assert_int_equal(form_multipart("multipart/form-data; boundary=b", form.data, form.length, note, &notes, NULL),
                   MULLIGAN_INVALID);
  buf_release(&form);
  buf_release(&notes);
}

static bool refuse(void *context, const struct form_field *field) {
  (void)field;
  ++*(int *)context;
  return false;
}

static void the_reader_may_stop(void **state) {
  (void)state;
  int calls = 0;
  static const char body[] = "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n"
                             "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n2\r\n--b--\r\n";
  assert_int_equal(form_urlencoded("a=1&b=2", 7, refuse, &calls, NULL), MULLIGAN_INTERRUPTED);
  assert_int_equal(form_multipart("multipart/form-data; boundary=b", body, sizeof body - 1, refuse, &calls, NULL),
                   MULLIGAN_INTERRUPTED);
  assert_int_equal(calls, 2);
}

/** `^` stands for CRLF. */
static void unfold(const char *text, struct buf *out) {
  for (; *text != '\0'; text++) {
    if (*text == '^')
      buf_add_text(out, "\r\n");
    else
      buf_add_char(out, *text);
  }
}

#define PART(parameters) "--b^Content-Disposition: form-data" parameters "^^v^--b--^"

static void multipart_forms_are_read(void **state) {
  (void)state;
  static const struct {
    const char *type, *body, *notes;
  } cases[] = {
      {"b", "--b--", ""},
      {"b", "--b--^", ""},
      {"b", PART("; name=\"a\""), "[a|v|-|-]"},
      {"b", PART("; name=a"), "[a|v|-|-]"},
      {"b", PART(" ;name=\"a\" ; filename=\"f.txt\""), "[a|v|f.txt|-]"},
      {"b", PART("; NAME=\"a\"; filename=\"\""), "[a|v||-]"},
      {"b", PART("; name=\"say \\\"hi\\\" \\\\ %22x%22 %0D%0a 100%25\""), "[say \"hi\" \\ \"x\" \r\n 100%25|v|-|-]"},
      {"b", PART("; name=\"a\"; filename=\"C:\\dir\\f.txt\""), "[a|v|C:\\dir\\f.txt|-]"},
      {"b", PART("; name=\"이름\"; filename*=UTF-8''na%C3%AFve"), "[이름|v|na\xC3\xAFve|-]"},
      {"b", PART("; name=a; filename=\"x\"; filename*=utf-8'en'y"), "[a|v|y|-]"},
      {"b", PART("; name=a; filename*=utf-8''y; filename=\"x\""), "[a|v|y|-]"},
      {"b", PART("; name=a; other=\"; name=b\""), "[a|v|-|-]"},
      {"\"b\"", PART("; name=a"), "[a|v|-|-]"},
      {"b; charset=utf-8", PART("; name=a"), "[a|v|-|-]"},
      {"b", "preamble^--bad^--b ^Content-Disposition: form-data; name=a^^v^--b--^epilogue --b^x", NULL},
      {"b", "preamble^^--b \t^content-disposition:form-data; name=a^^v^--b-- ^epilogue^--b^x", "[a|v|-|-]"},
      {"b", "--b^Content-Type: text/plain; charset=utf-8 ^Content-Disposition: form-data; name=f^X-Other: 1^^v^--b--",
       "[f|v|-|text/plain; charset=utf-8]"},
      {"b", "--b^Content-Disposition: form-data; name=a^^^--b--", "[a||-|-]"},
      {"b", "--b^Content-Disposition: form-data; name=a^^^^--b--", "[a|^|-|-]"},
      {"b", "--b^Content-Disposition: form-data; name=a^^--b-^ --b^-b--^--b--", "[a|--b-^ --b^-b--|-|-]"},
      {"b", "--b^Content-Disposition: form-data; name=a^Content-Transfer-Encoding: 8BIT^^v^--b--", "[a|v|-|-]"},
      {"\"a b'()+_,-./:=?\"", "--a b'()+_,-./:=?^Content-Disposition: form-data; name=a^^v^--a b'()+_,-./:=?--",
       "[a|v|-|-]"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct buf notes, body, expected;
    struct fault fault = {0};
    char type[100];
    buf_init(&notes, 1000);
    buf_init(&body, 1000);
    buf_init(&expected, 1000);
    unfold(cases[i].body, &body);
    snprintf(type, sizeof type, "Multipart/Form-Data ;  Boundary=%s", cases[i].type);
    enum mulligan_status status = form_multipart(type, body.data, body.length, note, &notes, &fault);
    if (cases[i].notes == NULL) {
      assert_int_equal(status, MULLIGAN_INVALID);
    } else {
      unfold(cases[i].notes, &expected);
      if (status != MULLIGAN_OK || strcmp(notes.data, expected.data) != 0)
        fail_msg("%s was read as %s: %s", cases[i].body, notes.data, fault.message);
    }
    buf_release(&notes);
    buf_release(&body);
    buf_release(&expected);
  }
}

static void broken_multipart_forms_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *type, *body;
  } cases[] = {
      {"", PART("; name=a")},
      {"; boundary=", PART("; name=a")},
      {"; boundary=\"b", PART("; name=a")},
      {"; boundary=b; boundary=b", PART("; name=a")},
      {"; boundary=\"b \"", PART("; name=a")},
      {"; boundary=\"b\\\"\"", PART("; name=a")},
      {"; boundary=1234567890123456789012345678901234567890123456789012345678901234567890x", PART("; name=a")},
      {"; boundary=b junk", PART("; name=a")},
      {"; boundary=b", ""},
      {"; boundary=b", "--"},
      {"; boundary=b", "no boundary at all"},
      {"; boundary=b", "--b"},
      {"; boundary=b", "--b^"},
      {"; boundary=b", "--b^^v^--b--"},
      {"; boundary=b", "--b^Content-Disposition: form-data; name=a^^v"},
      {"; boundary=b", "--b^Content-Disposition: form-data; name=a^^v^--b"},
      {"; boundary=b", "--b^Content-Disposition: form-data; name=a^^v^--b^"},
      {"; boundary=b", "--b^Content-Disposition: form-data; name=a^^v^--b-"},
      {"; boundary=b", "--b^Content-Disposition: form-data; name=a^^v^--bx^--b--"},
      {"; boundary=b", "--b^Content-Disposition: form-data; name=a^^v^--b--x"},
      {"; boundary=b", "--b^Content-Disposition: form-data; name=a^--b--"},
      {"; boundary=b", "--b\nContent-Disposition: form-data; name=a\n\nv\n--b--"},
      {"; boundary=b", "--b^Content-Type: text/plain^^v^--b--"},
      {"; boundary=b", "--b^Content-Disposition: attachment; name=a^^v^--b--"},
      {"; boundary=b", "--b^Content-Disposition : form-data; name=a^^v^--b--"},
      {"; boundary=b", "--b^ Content-Disposition: form-data; name=a^^v^--b--"},
      {"; boundary=b", "--b^Content-Disposition: form-data;^ name=a^^v^--b--"},
      {"; boundary=b", "--b^Content-Disposition: form-data; name=a\nX: y^^v^--b--"},
      {"; boundary=b", "--b^Content-Disposition: form-data; name=a^Content-Disposition: form-data; name=b^^v^--b--"},
      {"; boundary=b", "--b^Content-Disposition: form-data; name=a^Content-Type: a/b^Content-Type: c/d^^v^--b--"},
      {"; boundary=b", "--b^Content-Disposition: form-data; name=a^Content-Transfer-Encoding: base64^^v^--b--"},
      {"; boundary=b", PART("")},
      {"; boundary=b", PART("; name=\"\"")},
      {"; boundary=b", PART("; name=")},
      {"; boundary=b", PART("; name=\"a")},
      {"; boundary=b", PART("; name=\"a\" x")},
      {"; boundary=b", PART("; name=a; name=b")},
      {"; boundary=b", PART("; name=a; filename=b; filename=c")},
      {"; boundary=b", PART("; name=a; filename*=b")},
      {"; boundary=b", PART("; name=a; filename*=latin1''b")},
      {"; boundary=b", PART("; name=a; filename*=UTF-8''%zz")},
      {"; boundary=b", PART("; name=a; filename*=UTF-8''%00")},
      {"; boundary=b", PART("; name=a; filename*=UTF-8''%ff")},
      {"; boundary=b", PART("; name=\"\xFF\"")},
      {"; boundary=b", PART("; name=\"a\x01\"")},
      {"; boundary=b", PART("; filename=\"a\"")},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct buf notes, body;
    struct fault fault = {0};
    char type[150];
    buf_init(&notes, 1000);
    buf_init(&body, 1000);
    unfold(cases[i].body, &body);
    snprintf(type, sizeof type, "multipart/form-data%s", cases[i].type);
    if (form_multipart(type, body.data, body.length, note, &notes, &fault) != MULLIGAN_INVALID)
      fail_msg("%s (%s) was read as %s", cases[i].body, cases[i].type, notes.data);
    assert_true(fault.message[0] != '\0');
    buf_release(&notes);
    buf_release(&body);
  }
  int calls = 0;
  assert_int_equal(form_multipart("multipart/mixed; boundary=b", "--b--", 5, refuse, &calls, NULL), MULLIGAN_INVALID);
  assert_int_equal(form_multipart("", "--b--", 5, refuse, &calls, NULL), MULLIGAN_INVALID);
  static const char nul[] = "--b\r\nContent-Disposition: form-data; name=\"a\0b\"\r\n\r\nv\r\n--b--";
  assert_int_equal(form_multipart("multipart/form-data; boundary=b", nul, sizeof nul - 1, refuse, &calls, NULL),
                   MULLIGAN_INVALID);
  assert_int_equal(calls, 0);
}

static void a_parts_headers_are_bounded(void **state) {
  (void)state;
  struct buf notes, body;
  for (int fits = 0; fits < 2; fits++) {
    buf_init(&notes, 1000);
    buf_init(&body, 20000);
    buf_add_text(&body, "--b\r\nContent-Disposition: form-data; name=a\r\nX: ");
    for (int i = 0; i < (fits ? 8000 : 8200); i++)
      buf_add_char(&body, 'x');
    buf_add_text(&body, "\r\n\r\nv\r\n--b--");
    assert_int_equal(form_multipart("multipart/form-data; boundary=b", body.data, body.length, note, &notes, NULL),
                     fits ? MULLIGAN_OK : MULLIGAN_INVALID);
    buf_release(&notes);
    buf_release(&body);
  }
}

/** What random_forms_are_read_back() sent, and how much of it came back. */
struct sent {
  struct {
    char name[9];
    char value[64];
    size_t length;
  } parts[8];
  size_t count, seen;
};

static bool compare(void *context, const struct form_field *field) {
  struct sent *sent = context;
  assert_true(sent->seen < sent->count);
  assert_int_equal(field->name_length, strlen(sent->parts[sent->seen].name));
  assert_memory_equal(field->name, sent->parts[sent->seen].name, field->name_length);
  assert_int_equal(field->value_length, sent->parts[sent->seen].length);
  assert_memory_equal(field->value, sent->parts[sent->seen].value, field->value_length);
  sent->seen++;
  return true;
}

static void random_forms_are_read_back(void **state) {
  (void)state;
  struct dice dice = {31};
  for (int round = 0; round < 5000; round++) {
    struct sent sent = {.count = dice_roll(&dice, 8)};
    struct buf body;
    buf_init(&body, 10000);
    for (size_t i = 0; i < sent.count; i++) {
      dice_fill(&dice, sent.parts[i].name, 1 + dice_roll(&dice, 8), "abc xyz", 7);
      sent.parts[i].length = dice_roll(&dice, sizeof sent.parts[i].value);
      /* All of the boundary's own characters, but no letter of it: near misses, never a hit. */
      dice_fill(&dice, sent.parts[i].value, sent.parts[i].length, "-\r\n\0x", 5);
      buf_addf(&body, "%s--zz\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n", i > 0 ? "\r\n" : "",
               sent.parts[i].name);
      buf_add(&body, sent.parts[i].value, sent.parts[i].length);
    }
    buf_addf(&body, "%s--zz--\r\n", sent.count > 0 ? "\r\n" : "");
    struct fault fault;
    if (form_multipart("multipart/form-data; boundary=zz", body.data, body.length, compare, &sent, &fault) !=
        MULLIGAN_OK)
      fail_msg("%s", fault.message);
    assert_int_equal(sent.seen, sent.count);

    /* Cut anywhere before the closing hyphens, it must not pass for whole. The copy makes an overrun show. */
    size_t cut = dice_roll(&dice, body.length - 3);
    char *part = malloc(cut + 1);
    assert_non_null(part);
    memcpy(part, body.data, cut);
    sent.seen = 0;
    assert_int_equal(form_multipart("multipart/form-data; boundary=zz", part, cut, compare, &sent, NULL),
                     MULLIGAN_INVALID);
    free(part);
    buf_release(&body);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(escapes_are_decoded),
      cmocka_unit_test(any_bytes_survive_encoding_and_decoding),
      cmocka_unit_test(urlencoded_forms_are_read_in_order),
      cmocka_unit_test(a_form_has_at_most_a_thousand_fields),
      cmocka_unit_test(the_reader_may_stop),
      cmocka_unit_test(multipart_forms_are_read),
      cmocka_unit_test(broken_multipart_forms_are_refused),
      cmocka_unit_test(a_parts_headers_are_bounded),
      cmocka_unit_test(random_forms_are_read_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
