/**
 * notebook_folder.h - the notebooks that there are, and the one that somebody means.
 */
#ifndef MULLIGAN_OPERATOR_NOTEBOOK_FOLDER_H
#define MULLIGAN_OPERATOR_NOTEBOOK_FOLDER_H

#include "base/fault.h"
#include "base/settings.h"

#include <jansson.h>

/** Where a notebook is. Ended with notebook_place_release(). */
struct notebook_place {
  char *name; /* "reverse_drop": below the notebooks folder, without its ending; of a path the path */
  char *path; /* to open it */
  char *file; /* how it is called in messages and in the audit: "notebooks/reverse_drop.lua", or the path */
};

/**
 * Finds a notebook by its name in the notebooks folder, with or without its ending (`-` is taken for `_`), or by its
 * path. MULLIGAN_MISSING names the nearest one.
 */
enum mulligan_status notebook_place_find(struct notebook_place *out, const struct settings *settings, const char *name,
                                         struct fault *fault);
void notebook_place_release(struct notebook_place *place);

/** The names in the notebooks folder, with their endings, as a sorted list of texts; empty where there is no folder.
 * The caller owns it; NULL when out of memory. */
json_t *notebook_folder_files(const struct settings *settings);

#endif
