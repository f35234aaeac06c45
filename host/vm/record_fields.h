/**
 * record_fields.h - an error record, filled from the table that a script gives to ErrorLog.record().
 */
#ifndef MULLIGAN_VM_RECORD_FIELDS_H
#define MULLIGAN_VM_RECORD_FIELDS_H

#include "data/error_log.h"

#include <lua.h>

/**
 * Reads the table at `index` (positive) into `record`, which must be owned by a box on the Lua stack: a field that is
 * unknown or of the wrong type raises an error that names it.
 */
void record_fields_read(lua_State *L, int index, struct error_record *record);

#endif
