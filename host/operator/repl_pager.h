/**
 * repl_pager.h - a long text, page by page.
 */
#ifndef MULLIGAN_OPERATOR_REPL_PAGER_H
#define MULLIGAN_OPERATOR_REPL_PAGER_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Shows the text with $PAGER, or with less, and returns when the operator has seen enough. False, and nothing shown,
 * where there is no pager or $PAGER is empty. Ctrl-C is the pager's meanwhile.
 */
bool repl_pager_show(const char *text, size_t length);

#endif
