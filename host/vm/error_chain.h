/**
 * error_chain.h - what an error's value says: its type, its text, and what it came of.
 */
#ifndef MULLIGAN_VM_ERROR_CHAIN_H
#define MULLIGAN_VM_ERROR_CHAIN_H

#include "data/error_log.h"

#include <lua.h>

/**
 * A C function of the value (1) and its record (2, light userdata): fills in the type, the message and the value. What
 * a table has in its field `cause` is described in a record of its own, the `cause` of the first, and so on, at most
 * five deep. Runs `__tostring` and `__name`, so it may raise anything; what it had made until then stays.
 */
int error_chain_describe(lua_State *L);

/** Gives each record of the chain that could not be described the words for that. */
void error_chain_complete(struct error_record *record);

#endif
