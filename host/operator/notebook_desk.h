/**
 * notebook_desk.h - notebooks at the command line: listed, shown, run, converted.
 *
 * What is wrong is told on standard error.
 */
#ifndef MULLIGAN_OPERATOR_NOTEBOOK_DESK_H
#define MULLIGAN_OPERATOR_NOTEBOOK_DESK_H

#include "operator/notebook_run.h"

/** Every notebook of the folder with its title. JOB_PLANNED; JOB_FAILED if one cannot be read, which is told. */
enum job_outcome notebook_desk_list(const struct settings *settings, bool json, int width);
/** One in full: what it takes, its texts, its code. */
enum job_outcome notebook_desk_show(const struct settings *settings, const char *name, bool json);
/** Runs one; `options` without a front, which is made here. */
struct notebook_result notebook_desk_run(const struct vm_services *services, struct generation *generation,
                                         const struct notebook_run_options *options);
/** Writes the notebook `from` (a name or a path) to the path `to`, in the format of its end. */
enum job_outcome notebook_desk_convert(const struct settings *settings, const char *from, const char *to);

#endif
