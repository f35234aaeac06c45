/**
 * debug_page.h - what debug mode makes of an answer: the traceback in place of the sentence that a user is told.
 *
 * None of this is ever used unless the setting `debug` is on, and then only for requests under a name of this machine
 * (loopback_host()) or with --debug-anyone.
 */
#ifndef MULLIGAN_HTTP_DEBUG_PAGE_H
#define MULLIGAN_HTTP_DEBUG_PAGE_H

#include "base/settings.h"
#include "http/pages.h"
#include "vm/generation.h"
#include "vm/request.h"
#include "vm/response.h"

#include <jansson.h>

/** The forms that a report has, whatever those of the application are. */
enum { DEBUG_PAGE_FORMATS = ROUTE_JSON | ROUTE_HTML | ROUTE_TEXT | ROUTE_PROBLEM };

/** Is debug mode on for a request with this Host header (NULL: none)? */
bool debug_page_wanted(const struct settings *settings, const char *host);

/**
 * Completes the response to a failed request, which has its usual body already: a page takes that one's place, plain
 * text is appended to it, and JSON gets the key `debug`. `row` is what ErrorLog recorded, or NULL of a 404, which lists
 * the routes instead. A report that does not fit leaves the response as it was.
 */
void debug_page_add(struct vm_response *response, const struct page *page, enum route_renderer format,
                    const struct vm_request *request, const struct generation *generation, const json_t *row);

/** Of what debug_page_answer() tells. */
struct debug_page_sources {
  const struct generation *generation; /* that serves */
  struct last_save *last_save;         /* NULL: nothing is saved while this runs */
  const struct scrub *scrub;
  const char *errors; /* the folder of ErrorLog */
};

/**
 * Answers a GET below /__mulligan__/debug/ that needs no script: `generation` tells which scripts are served,
 * and whether what was saved last does; `errors/ERR-…` shows an error of ErrorLog, in this format. False for any other
 * path, the response being untouched then.
 */
bool debug_page_answer(struct vm_response *response, const struct vm_request *request, enum route_renderer format,
                       const struct debug_page_sources *sources);

#endif
