/**
 * script_folder.h - what is called a script in the scripts folder, and is none.
 */
#ifndef MULLIGAN_VM_SCRIPT_FOLDER_H
#define MULLIGAN_VM_SCRIPT_FOLDER_H

#include <jansson.h>

/** Finds folders, sockets and the like whose names end in ".lua". For a folder that generation_read() has walked. */
void script_folder_check(const char *scripts, json_t *findings);

#endif
