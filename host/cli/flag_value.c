/**
 * flag_value.c - what is typed behind a flag, read as what it means.
 *
 * Called by the commands that list, on the main thread.
 */
#include "cli/flag_value.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

bool flag_value_number(const struct command_context *context, const char *name, const char *text, int64_t least,
                       int64_t fallback, int64_t *out) {
  *out = fallback;
  if (text == NULL)
    return true;
  char *end;
  long long value = strtoll(text, &end, 10);
  *out = value;
  if (*text != '\0' && *end == '\0' && value >= least && value <= INT32_MAX)
    return true;
  command_fail(context, COMMAND_USAGE, "%s takes a whole number from %lld, not '%s'", name, (long long)least, text);
  return false;
}

bool flag_value_moment(const struct command_context *context, const char *name, const char *text, int64_t *out) {
  int64_t span;
  *out = 0;
  if (text == NULL || clock_parse_rfc3339(text, strlen(text), out))
    return true;
  if (clock_parse_span(text, &span) && span >= 0) {
    *out = clock_wall_us() - span;
    return true;
  }
  command_fail(context, COMMAND_USAGE,
               "%s takes a span such as 20s, 5m, 1h or 90d, or a time such as "
               "2021-11-13T14:59:00Z, not '%s'",
               name, text);
  return false;
}
