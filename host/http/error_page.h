/**
 * error_page.h - the page of an error by its reference, which alerts link to: GET /__mulligan__/errors/ERR-XXXX-XXXX.
 *
 * It is open to whoever has the link, so it says what a client was told anyway: reference, time, status, application
 * code, and that the error is on record. What happened is for those who have the command line, or debug mode.
 */
#ifndef MULLIGAN_HTTP_ERROR_PAGE_H
#define MULLIGAN_HTTP_ERROR_PAGE_H

#include "vm/request.h"
#include "vm/response.h"

#include <stdbool.h>

/**
 * Answers a request below /__mulligan__/errors/ as HTML, JSON or plain text, as `accept` (NULL: no such header) would
 * rather have it; false for any other path, the response being untouched then. `errors` is ErrorLog's folder; with
 * `debug` there is a link to debug mode's page of the error. Blocks on errors.db, for up to 3 seconds where somebody
 * has locked it; what it cannot find out is a 503.
 */
bool error_page_answer(struct vm_response *response, const struct vm_request *request, const char *accept,
                       const char *errors, bool debug);

#endif
