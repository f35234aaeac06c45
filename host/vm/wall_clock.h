/**
 * wall_clock.h - what time it is to scripts: the real time, or one moment that an operator's plan is frozen at.
 *
 * A frozen clock is what makes a plan that is made again come out the same. Deadlines and logs never look at it. All
 * functions run on the thread that has the vm.
 */
#ifndef MULLIGAN_VM_WALL_CLOCK_H
#define MULLIGAN_VM_WALL_CLOCK_H

#include "vm/vm.h"

#include <stdint.h>

/** Stops the vm's wall clock at `wall_us` (microseconds since 1970 UTC), and that of SQL on this thread; 0 lets both
 * run again. */
void wall_clock_freeze(struct vm *vm, int64_t wall_us);
/** The time that scripts of this vm see, in microseconds since 1970 UTC. */
int64_t wall_clock_us(const struct vm *vm);

/** os.time() and os.date() over that clock, to take the place of Lua's own, which must be upvalue 1. */
int wall_clock_time(lua_State *L);
int wall_clock_date(lua_State *L);

#endif
