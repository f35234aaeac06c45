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

#endif
