/**
 * response.h - one answer, on its way from a handler's results to the HTTP floor.
 */
#ifndef MULLIGAN_VM_RESPONSE_H
#define MULLIGAN_VM_RESPONSE_H

#include "base/buf.h"
#include "data/error_log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

/** What is answered. */
struct vm_response {
  int status;
  const char *content_type; /* static text; NULL for no body */
  struct buf headers;       /* "Name: value\r\n" lines of the script's */
  struct buf body;
  bool json_object;            /* the body is a JSON object, to which the error's keys may be added */
  bool has_code, has_app_code; /* the object has these keys already */
  struct buf detail;           /* the body's `detail`, for pages and plain text */
  bool own;                    /* nothing of the script's: the host writes its own page for `status` */
  char code[64];               /* of the error; "" for none */
  int64_t app_code;
  struct error_record *error; /* to be recorded: set for every status of 400 and above; owned */
  int64_t user_id;            /* who asked, as far as the handler has found that out; 0 for nobody */
  char user_email[256];       /* "" for none */
  struct taint *taint;        /* what turned out to be secret, if anybody asked; owned */
};

/** Makes an empty response whose buffers may grow to `body_cap`. */
void vm_response_init(struct vm_response *response, size_t body_cap);
void vm_response_release(struct vm_response *response);
/** Empties it for another answer to the same request; keeps its error record. */
void vm_response_clear(struct vm_response *response);
/** Empties it for the next request; keeps its memory. */
void vm_response_reset(struct vm_response *response);

/**
 * Fills the response from a handler's three results (status, body, headers), which stand at `first` and after. Raises,
 * naming what is wrong, where they cannot be sent. Uses the stack above.
 */
void vm_response_write(lua_State *L, struct vm_response *response, int first);

#endif
