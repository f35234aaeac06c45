/**
 * notebook_play.h - a notebook's cells run on a plan's copy: one by one as somebody watches, and all of them once more.
 *
 * Each cell is one step of the plan (console.h). Cells share variables; the parameters are variables before the first
 * code cell, and are set once more behind the cell that is tagged `parameters`, so that what stands there is what they
 * are without a value.
 */
#ifndef MULLIGAN_OPERATOR_NOTEBOOK_PLAY_H
#define MULLIGAN_OPERATOR_NOTEBOOK_PLAY_H

#include "base/fault.h"
#include "base/taint.h"
#include "operator/console.h"
#include "operator/notebook.h"
#include "operator/notebook_output.h"
#include "operator/plan.h"

#include <jansson.h>
#include <stdbool.h>

/** What is run, and for whom. Everything is borrowed. */
struct notebook_work {
  const struct vm_services *services; /* with app_path and app_lock */
  struct generation *generation;
  const struct notebook *notebook;
  const char *name;
  const char *file;      /* how errors call it */
  const json_t *values;  /* the parameters, secrets among them */
  const json_t *secrets; /* the texts among them that are secret */
  const char *operator_name;
  const json_t *answers; /* to its questions, for notebook_play_again(); NULL: yes to all */
};

/** Who watches; both as in struct console_options. */
struct notebook_front {
  void (*publish)(void *context, const json_t *message);                 /* NULL: nothing is shown */
  bool (*ask)(void *context, const json_t *message, struct buf *answer); /* NULL: questions are answered with yes */
  void *context;
  int width;
};

enum notebook_end { NOTEBOOK_DONE, NOTEBOOK_FAILED, NOTEBOOK_ABORTED, NOTEBOOK_INTERRUPTED };

/** Cells under way; embedded by value. */
struct notebook_play {
  const struct notebook_work *work;
  const struct notebook_front *front; /* NULL: nobody watches, and questions are answered from `answers` */
  struct console *console;
  struct notebook_output output; /* of the cell under way */
  json_t *answers;               /* given so far: a list of booleans; owned */
  size_t answered;               /* how many of them were taken */
  size_t *marks;                 /* for each cell, how many were taken before it; owned */
  struct taint *taint;           /* what turned out to be secret; owned */
};

/** Opens a console on the plan; on failure there is nothing to close. */
enum mulligan_status notebook_play_open(struct notebook_play *out, const struct notebook_work *work, struct plan *plan,
                                        const struct notebook_front *front, struct fault *fault);
/** The plan has its store back afterwards. */
void notebook_play_close(struct notebook_play *play);

/**
 * Runs the code cell at `index`. `*outputs`, the caller's, gets what it showed, and `*count` its number. Unless it is
 * NOTEBOOK_DONE, `fault` says where it failed and why.
 */
enum notebook_end notebook_play_cell(struct notebook_play *play, size_t index, json_t **outputs, int *count,
                                     struct fault *fault);
/**
 * Starts over on `fresh` (of plan_open_again()) and runs the cells before `end` as they were run, without showing them;
 * the old console is closed. What cells did beside the database (ErrorLog) is done once more. On failure the play is
 * closed.
 */
enum mulligan_status notebook_play_rewind(struct notebook_play *play, struct plan *fresh, size_t end,
                                          struct fault *fault);
/** Runs all of a struct notebook_work (`context`) silently, with its answers. For run_record_apply(). */
enum mulligan_status notebook_play_again(void *context, struct plan *fresh, struct fault *fault);

#endif
