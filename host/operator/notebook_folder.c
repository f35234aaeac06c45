/**
 * notebook_folder.c - the notebooks that there are.
 *
 * Called by the commands and the prompt on the main thread. A notebook's name is its path below the notebooks folder;
 * what has an ending or leads elsewhere is a path as any other. Of two files of one name the .lua is meant.
 */
#include "operator/notebook_folder.h"

#include "base/file.h"
#include "base/spelling.h"
#include "operator/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const endings[] = {".lua", ".ipynb"};
enum { ENDING_COUNT = sizeof endings / sizeof *endings };

/* The length of a file's name without its ending. */
static size_t stem_length(const char *file) {
  size_t length = strlen(file);
  for (size_t i = 0; i < ENDING_COUNT; i++) {
    size_t ending = strlen(endings[i]);
    if (length > ending && strcmp(file + length - ending, endings[i]) == 0)
      return length - ending;
  }
  return length;
}

json_t *notebook_folder_files(const struct settings *settings) {
  json_t *files = json_array();
  char *folder = settings_notebooks(settings);
  for (size_t i = 0; files && folder && file_exists(folder) && i < ENDING_COUNT; i++) {
    struct file_list found = {0};
    struct fault fault;
    if (file_walk(folder, endings[i], &found, &fault) != MULLIGAN_OK)
      continue;
    for (size_t at = 0; at < found.count; at++)
      json_array_append_new(files, json_string(found.paths[at]));
    file_list_release(&found);
  }
  free(folder);
  return files;
}

static enum mulligan_status settle(struct notebook_place *out, char *name, char *path, char *file,
                                   struct fault *fault) {
  *out = (struct notebook_place){.name = name, .path = path, .file = file};
  if (name && path && file)
    return MULLIGAN_OK;
  notebook_place_release(out);
  return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
}

/* The file of the folder that is meant by `name`; the nearest one goes to `*nearest` (NULL: none is near). */
static const char *look_up(const json_t *files, const char *name, const char **nearest) {
  size_t index, least = 0;
  json_t *each;
  *nearest = NULL;
  if (strncmp(name, "notebooks/", 10) == 0)
    name += 10; /* as messages say it */
  size_t wanted = stem_length(name);
  bool whole = wanted < strlen(name);
  json_array_foreach((json_t *)files, index, each) {
    const char *file = json_string_value(each);
    size_t length = stem_length(file), distance = spelling_distance(file, length, name, wanted);
    if (length == wanted && distance == 0 && (!whole || strcmp(file + length, name + wanted) == 0))
      return file;
    if (spelling_is_near(wanted, distance) && (!*nearest || distance < least)) {
      *nearest = file;
      least = distance;
    }
  }
  return NULL;
}

static enum mulligan_status find_in_folder(struct notebook_place *out, const struct settings *settings,
                                           const json_t *files, const char *name, struct fault *fault) {
  const char *nearest, *file = look_up(files, name, &nearest);
  if (file) {
    char *folder = settings_notebooks(settings), *path = folder ? file_join(folder, file) : NULL;
    free(folder);
    return settle(out, strndup(file, stem_length(file)), path, file_join("notebooks", file), fault);
  }
  if (nearest)
    return fault_set(fault, MULLIGAN_MISSING, words("there is no notebook %s; did you mean %.*s?"), name,
                     (int)stem_length(nearest), nearest);
  return fault_set(fault, MULLIGAN_MISSING, words("there is no notebook %s; `mulligan notebook list` lists them"),
                   name);
}

enum mulligan_status notebook_place_find(struct notebook_place *out, const struct settings *settings, const char *name,
                                         struct fault *fault) {
  *out = (struct notebook_place){0};
  if (stem_length(name) < strlen(name) && file_exists(name))
    return settle(out, strdup(name), strdup(name), strdup(name), fault);
  json_t *files = notebook_folder_files(settings);
  enum mulligan_status status = find_in_folder(out, settings, files, name, fault);
  json_decref(files);
  return status;
}

void notebook_place_release(struct notebook_place *place) {
  free(place->name);
  free(place->path);
  free(place->file);
  *place = (struct notebook_place){0};
}
