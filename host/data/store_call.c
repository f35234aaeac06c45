/**
 * store_call.c - one statement being filled from left to right, run and finished.
 *
 * Used by the writing side of ErrorLog, on the thread that has the store.
 */
#include "data/store_call.h"

#include <string.h>

void store_call_prepare(struct store_call *call, struct store *store, const char *sql, struct fault *fault) {
  *call = (struct store_call){0};
  call->status = store_prepare(store, sql, strlen(sql), &call->statement, fault);
}

void store_call_integer(struct store_call *call, int64_t value, struct fault *fault) {
  if (call->status == MULLIGAN_OK)
    call->status = store_bind_integer(call->statement, ++call->index, value, fault);
}

void store_call_text(struct store_call *call, const char *text, size_t length, struct fault *fault) {
  if (call->status == MULLIGAN_OK)
    call->status = store_bind_text(call->statement, ++call->index, text, length, fault);
}

void store_call_null(struct store_call *call, struct fault *fault) {
  if (call->status == MULLIGAN_OK)
    call->status = store_bind_null(call->statement, ++call->index, fault);
}

bool store_call_step(struct store_call *call, struct fault *fault) {
  bool row = false;
  if (call->status == MULLIGAN_OK)
    call->status = store_step(call->statement, &row, fault);
  return call->status == MULLIGAN_OK && row;
}

enum mulligan_status store_call_finish(struct store_call *call) {
  store_finish(call->statement);
  return call->status;
}
