/**
 * store_call.h - one statement being filled from left to right, run and finished; the first failure sticks.
 *
 * For callers with many statements whose values are known in order: they look at the status once, at the end. A call
 * lives on the caller's stack between store_call_prepare() and store_call_finish().
 */
#ifndef MULLIGAN_DATA_STORE_CALL_H
#define MULLIGAN_DATA_STORE_CALL_H

#include "base/fault.h"
#include "data/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_call {
  struct store_statement *statement; /* for its columns, once store_call_step() has found a row */
  int index;                         /* of the last value */
  enum mulligan_status status;
};

void store_call_prepare(struct store_call *call, struct store *store, const char *sql, struct fault *fault);
/** Each gives the next parameter its value. */
void store_call_integer(struct store_call *call, int64_t value, struct fault *fault);
void store_call_text(struct store_call *call, const char *text, size_t length, struct fault *fault);
void store_call_null(struct store_call *call, struct fault *fault);
/** Steps once; false also when something failed before. */
bool store_call_step(struct store_call *call, struct fault *fault);
/** Gives the statement back and returns the first failure, or MULLIGAN_OK. */
enum mulligan_status store_call_finish(struct store_call *call);

#endif
