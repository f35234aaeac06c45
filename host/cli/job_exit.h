/**
 * job_exit.h - the exit status of a command that ran an operator script.
 */
#ifndef MULLIGAN_CLI_JOB_EXIT_H
#define MULLIGAN_CLI_JOB_EXIT_H

#include "cli/command.h"
#include "operator/job.h"

/** 3 where somebody or something said no, 1 where something broke. */
int job_exit(enum job_outcome outcome);

#endif
