/**
 * job_exit.c - the exit status of a command that ran an operator script.
 */
#include "cli/job_exit.h"

int job_exit(enum job_outcome outcome) {
  switch (outcome) {
  case JOB_PLANNED:
  case JOB_APPLIED:
    return COMMAND_DONE;
  case JOB_ABORTED:
  case JOB_NOT_CONFIRMED:
  case JOB_REFUSED:
    return COMMAND_REFUSED;
  case JOB_USAGE:
    return COMMAND_USAGE;
  case JOB_FAILED:
    break;
  }
  return COMMAND_FAILED;
}
