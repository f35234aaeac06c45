/**
 * db_call.h - one SQL statement, from Lua values to Lua values: the part of mulligan.db that runs protected.
 */
#ifndef MULLIGAN_VM_DB_CALL_H
#define MULLIGAN_VM_DB_CALL_H

#include "data/store.h"

#include <lua.h>

enum db_call_shape {
  DB_CALL_LIST,   /* all rows, and their columns */
  DB_CALL_ROW,    /* the first row or nil */
  DB_CALL_OUTCOME /* changes and last_id */
};

struct db_call {
  struct store *store;
  struct store_statement *statement; /* prepared and, afterwards, finished by the caller */
  int64_t deadline_ns;               /* how long to wait for the turn to write */
  enum db_call_shape shape;
  const char *sql;
  size_t sql_length;

  bool began; /* out: a write transaction was begun for this statement, which the caller ends */
  enum mulligan_status status;
  struct fault fault; /* if status is set */
};

/** Registry key (its address) of the metatable of blobs: userdata without bytes, whose user value is a string. */
extern const char db_call_blob_type;

/**
 * A C function: takes the values that were given and, last, a light userdata, the db_call. Binds, runs and reads;
 * leaves the result, which counts only if call->status is MULLIGAN_OK. Raises nothing but Lua's own errors (memory);
 * runs no script.
 */
int db_call_run(lua_State *L);

#endif
