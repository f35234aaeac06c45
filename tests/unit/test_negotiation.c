/**
 * test_negotiation.c - which format and language a client gets.
 */
#include "http/negotiation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ALL = ROUTE_JSON | ROUTE_HTML | ROUTE_TEXT | ROUTE_PROBLEM };

static void chooses_a_format(void **state) {
  (void)state;
  static const struct {
    const char *accept;
    unsigned offered, chosen;
  } cases[] = {
      {NULL, ALL, ROUTE_JSON},
      {"", ALL, ROUTE_JSON},
      {"*/*", ALL, ROUTE_JSON},
      {"*/*", ROUTE_HTML, ROUTE_HTML},
      {"application/json", ALL, ROUTE_JSON},
      {"APPLICATION/JSON", ALL, ROUTE_JSON},
      {"application/*", ALL, ROUTE_JSON},
      {"application/json; indent=4", ALL, ROUTE_JSON},
      {"text/html", ALL, ROUTE_HTML},
      {"text/html", ROUTE_JSON, 0},
      {"text/plain", ROUTE_JSON, 0},
      {"text/plain", ALL, ROUTE_TEXT},
      {"application/problem+json", ALL, ROUTE_PROBLEM},
      {"application/problem+json, application/json;q=0.5", ALL, ROUTE_PROBLEM},
      {"text/html,application/json;q=0.9", ROUTE_JSON, ROUTE_JSON},
      {"text/html,application/json;q=0.9", ALL, ROUTE_HTML},
      {"text/html,*/*;q=0.1", ROUTE_JSON, ROUTE_JSON},
      {"text/html;q=0, */*", ROUTE_HTML, 0},
      {"application/json;q=0.1, text/*;q=0.2", ALL, ROUTE_HTML},
      {"application/json;q=0.1, */*;q=0.9", ROUTE_JSON, ROUTE_JSON},
      {"*/*;q=0.9, application/json;q=0", ALL, ROUTE_HTML},
      {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", ALL, ROUTE_HTML},
      {"image/png", ALL, 0},
      {",,;q=1,", ALL, 0},
      {"text/html;q=abc", ALL, ROUTE_HTML},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    if (negotiation_format(cases[i].accept, cases[i].offered) != cases[i].chosen)
      fail_msg("'%s' of %u chose %u", cases[i].accept ? cases[i].accept : "(none)", cases[i].offered,
               negotiation_format(cases[i].accept, cases[i].offered));
}

static void chooses_a_language(void **state) {
  (void)state;
  static const struct {
    const char *header, *language;
  } cases[] = {
      {NULL, "en"},
      {"", "en"},
      {"ko", "ko"},
      {"ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", "ko"},
      {"en-US,ko;q=0.9", "en"},
      {"fr, ko;q=0.1", "ko"},
      {"fr", "en"},
      {"*", "en"},
      {"ko;q=0", "en"},
      {"KO-kr", "ko"},
      {"kok", "en"},
      {"en;q=0.5, ko;q=0.6", "ko"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_string_equal(negotiation_language(cases[i].header), cases[i].language);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(chooses_a_format),
      cmocka_unit_test(chooses_a_language),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
