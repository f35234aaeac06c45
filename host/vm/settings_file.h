/**
 * settings_file.h - scripts/settings.lua, read into the settings.
 */
#ifndef MULLIGAN_VM_SETTINGS_FILE_H
#define MULLIGAN_VM_SETTINGS_FILE_H

#include "base/fault.h"
#include "base/settings.h"

/**
 * Runs the file, which returns a table of settings, and applies each. No file is no failure. The fault names the file,
 * the setting (and the one that was meant, if its name is misspelt) and what is wrong with it.
 */
enum mulligan_status settings_file_apply(struct settings *settings, const char *path, struct fault *fault);
/** The same with the file's text. */
enum mulligan_status settings_file_apply_source(struct settings *settings, const char *source, size_t length,
                                                struct fault *fault);

/** Told of a setting that is refused, and why. */
typedef void settings_file_refused(void *context, const char *name, const struct fault *fault);
/** Applies the file's text to nothing, and tells of every setting that would be refused. The fault is the file's own.
 */
enum mulligan_status settings_file_judge(const char *source, size_t length, settings_file_refused *refused,
                                         void *context, struct fault *fault);

#endif
