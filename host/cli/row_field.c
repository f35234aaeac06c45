/**
 * row_field.c - members of a row, for people to read.
 *
 * Called by the commands' texts, on the main thread.
 */
#include "cli/row_field.h"

#include <stdio.h>
#include <time.h>

enum { SECOND_US = 1000000 };

const char *row_text(const json_t *row, const char *name) {
  const char *text = json_string_value(json_object_get(row, name));
  return text ? text : "";
}

int64_t row_number(const json_t *row, const char *name) {
  return json_integer_value(json_object_get(row, name));
}

const char *row_time(int64_t us, char out[ROW_TIME_SIZE]) {
  time_t seconds = (time_t)(us / SECOND_US);
  struct tm parts;
  if (us == 0 || !localtime_r(&seconds, &parts) || strftime(out, ROW_TIME_SIZE, "%Y-%m-%d %H:%M:%S", &parts) == 0)
    snprintf(out, ROW_TIME_SIZE, "-");
  return out;
}
