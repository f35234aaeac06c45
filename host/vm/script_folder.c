/**
 * script_folder.c - looks at every name below the scripts folder.
 *
 * Called by script_check.c. Whoever loads scripts passes these by, and their `require` says that there is no such file.
 */
#include "vm/script_folder.h"

#include "base/file.h"
#include "vm/finding.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_DEPTH = 64 };

static void look_below(const char *path, const char *shown, int depth, json_t *findings);

static void look_at(const char *folder, const char *shown_folder, const char *name, int depth, json_t *findings) {
  struct stat about;
  char *path = file_join(folder, name), *shown = file_join(shown_folder, name);
  size_t length = strlen(name);
  if (path && shown && stat(path, &about) == 0) {
    if (!S_ISREG(about.st_mode) && length > 4 && strcmp(name + length - 4, ".lua") == 0)
      finding_add(findings, FINDING_ERROR, shown, 0, "this is %s, and no script",
                  S_ISDIR(about.st_mode) ? "a folder" : "no regular file");
    if (S_ISDIR(about.st_mode) && depth < MOST_DEPTH)
      look_below(path, shown, depth + 1, findings);
  }
  free(path);
  free(shown);
}

static void look_below(const char *path, const char *shown, int depth, json_t *findings) {
  DIR *folder = opendir(path);
  const struct dirent *entry;
  while (folder && (entry = readdir(folder)) != NULL)
    if (entry->d_name[0] != '.')
      look_at(path, shown, entry->d_name, depth, findings);
  if (folder)
    closedir(folder);
}

void script_folder_check(const char *scripts, json_t *findings) {
  look_below(scripts, "scripts", 0, findings);
}
