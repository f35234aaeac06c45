/**
 * finding.h - what `mulligan check` has found: a list of {file, line, level, message}, as --json prints it.
 */
#ifndef MULLIGAN_VM_FINDING_H
#define MULLIGAN_VM_FINDING_H

#include <jansson.h>
#include <stdbool.h>

enum finding_level { FINDING_ERROR, FINDING_WARNING };

/**
 * Adds a finding to the list `findings`, unless it is there already. `file` is NULL where it is no single file's,
 * `line` 0 where it is unknown; both are null in the list.
 */
void finding_add(json_t *findings, enum finding_level level, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/**
 * Adds an error as whoever loads scripts puts it: "scripts/routes/hello.lua:3: message", or with the file's own path,
 * below the folder `scripts`, anywhere in it. Of a line that has an error already it is taken for that error's
 * consequence, and left out.
 */
void finding_add_sentence(json_t *findings, const char *scripts, const char *sentence);
/** Orders them by file and line. */
void finding_sort(json_t *findings);
/** Has the list an error in this file (NULL: in any)? */
bool finding_has_error(const json_t *findings, const char *file);

#endif
