/**
 * debug_json.h - debug mode's report as JSON.
 */
#ifndef MULLIGAN_HTTP_DEBUG_JSON_H
#define MULLIGAN_HTTP_DEBUG_JSON_H

#include "http/debug_report.h"

/**
 * What stands under the key `debug`: of an error `type, message, value, frames, causes, request, sql, breadcrumbs,
 * curl, show`, of a 404 `routes`; of both `generation`. The caller owns it; NULL when out of memory.
 */
json_t *debug_json(const struct debug_report *report);

#endif
