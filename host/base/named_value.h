/**
 * named_value.h - a value that stands beside its secret name inside a text.
 *
 * `"password": "x"` in a body that is not JSON after all, `token=x` in a path, `secret = "x"` in a line of source,
 * `Cookie: x` in a dump of headers. Pure; any thread.
 */
#ifndef MULLIGAN_BASE_NAMED_VALUE_H
#define MULLIGAN_BASE_NAMED_VALUE_H

#include "base/giveaway.h"
#include "base/scrub.h"

/**
 * Is the `=` or `:` at `at` between a name that `scrub` knows as secret and a value? Then `*found` is the value,
 * without quotes and never empty. Bytes before `from` are not looked at. Asking for every separator of a text in turn
 * (going on at `found->end` after a hit) takes linear time in all.
 */
bool named_value_at(const struct scrub *scrub, const char *text, size_t length, size_t from, size_t at,
                    struct giveaway *found);

#endif
