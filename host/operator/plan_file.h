/**
 * plan_file.h - plans that are kept: DATA/plans/SHA.json, named by the SHA-256 of their content.
 *
 * A plan's file holds what is needed to show it, to apply it and to do the same work once more: the changes with their
 * values, the parameters with their secrets, the seed. So it is readable to its owner only (0600), and what is shown of
 * it is masked. A file whose content does not fit its name is refused.
 */
#ifndef MULLIGAN_OPERATOR_PLAN_FILE_H
#define MULLIGAN_OPERATOR_PLAN_FILE_H

#include "base/buf.h"
#include "base/fault.h"
#include "operator/plan.h"

#include <jansson.h>

enum { PLAN_FILE_SHA_SIZE = 65, PLAN_FILE_LEAST_PREFIX = 4 };

/**
 * Writes a finished plan as text into `out`, with its origin: an object {run, kind, name, operator, reason,
 * command_line, script, script_hash, undoes, parameters, masked, answers}, of which any but run, kind, name and
 * operator may be null. `sha` gets the text's hash.
 */
enum mulligan_status plan_file_compose(struct plan *plan, const json_t *origin, struct buf *out,
                                       char sha[PLAN_FILE_SHA_SIZE], struct fault *fault);
/** Puts such a text into DATA/plans. */
enum mulligan_status plan_file_write(const char *data, const char *sha, const struct buf *text, struct fault *fault);
/** Removes the plans made before `before` (microseconds). What cannot be removed stays. */
void plan_file_prune(const char *data, int64_t before);

/** The plan whose SHA begins with `prefix`. MULLIGAN_INVALID for no such prefix or an ambiguous one, MULLIGAN_MISSING
 * if there is none. */
enum mulligan_status plan_file_find(const char *data, const char *prefix, char sha[PLAN_FILE_SHA_SIZE],
                                    struct fault *fault);
/**
 * Reads one. `*plan` is finished, without a copy; `*origin` is as it was composed, with made_at (RFC 3339) and rows;
 * both are the caller's. MULLIGAN_CORRUPT if the file was changed.
 */
enum mulligan_status plan_file_read(const char *data, const char *sha, struct plan **plan, json_t **origin,
                                    struct fault *fault);
/** Every plan, the newest first: {sha, made_at, run, kind, name, operator, reason, rows}. One that cannot be read has
 * `problem` instead of most. */
enum mulligan_status plan_file_list(const char *data, json_t **out, struct fault *fault);

#endif
