/**
 * fuzz_scrub.c - any bytes as text, form and JSON to scrub: no overrun, and no secret left that a line is made of.
 */
#include "base/scrub.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef bool scrub_function(const struct scrub *scrub, const char *text, size_t length, struct buf *out,
                            struct scrub_tally *tally);

static void require(bool truth) {
  if (!truth)
    abort();
}

/** Without a hit the text is as it was. */
static void check(const struct scrub *scrub, scrub_function *function, const char *text, size_t length) {
  struct buf out;
  struct scrub_tally tally = {0};
  buf_init(&out, SIZE_MAX);
  require(function(scrub, text, length, &out, &tally));
  require(tally.count > 0 || (out.length == length && memcmp(out.data, text, length) == 0));
  buf_release(&out);
}

/** Whatever goes before, a secret on a line of its own goes. */
static void check_planted(const struct scrub *scrub, const char *text, size_t length, const char *secret) {
  struct buf planted, out;
  struct scrub_tally tally = {0};
  buf_init(&planted, SIZE_MAX);
  buf_init(&out, SIZE_MAX);
  require(buf_add(&planted, text, length) && buf_addf(&planted, "\n%s\n", secret));
  require(scrub_text(scrub, planted.data, planted.length, &out, &tally));
  require(memmem(out.data, out.length, "Planted1", 8) == NULL);
  buf_release(&planted);
  buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct scrub *scrub;
  if (scrub == NULL)
    scrub = scrub_create(NULL, 0);
  const char *text = (const char *)data;
  check(scrub, scrub_text, text, size);
  check(scrub, scrub_form, text, size);
  if (memmem(text, size, "Planted1", 8) == NULL) {
    check_planted(scrub, text, size, "Bearer Planted1");
    check_planted(scrub, text, size, "token=Planted1");
    check_planted(scrub, text, size, "\"password\": \"Planted1\"");
    check_planted(scrub, text, size, "http://me:Planted1@host/");
    check_planted(scrub, text, size, "-----BEGIN A-----\nPlanted1\n-----END A-----");
  }

  json_t *value = json_loadb(text, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
  if (value != NULL) {
    struct scrub_tally tally = {0};
    json_t *scrubbed = scrub_json(scrub, value, &tally);
    require(scrubbed != NULL);
    require(tally.count > 0 || json_equal(scrubbed, value));
    json_decref(scrubbed);
    json_decref(value);
  }
  return 0;
}
