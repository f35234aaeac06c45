/**
 * op_chart.h - op.chart(): numbers as bars.
 */
#ifndef MULLIGAN_VM_OP_CHART_H
#define MULLIGAN_VM_OP_CHART_H

#include <lua.h>

enum { OP_CHART_BARS_MOST = 100 };

/** A function of `op`; its first upvalue is the session's box. */
int op_chart(lua_State *L);

#endif
