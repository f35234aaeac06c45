/**
 * exchange_head.h - were the lines of a request's head what civetweb took them for?
 */
#ifndef MULLIGAN_HTTP_EXCHANGE_HEAD_H
#define MULLIGAN_HTTP_EXCHANGE_HEAD_H

struct mg_request_info;

/**
 * Checks the line ends of a head that civetweb has parsed: every line ends in CR LF, no line continues the one before,
 * none is without a name, no blank stands before a colon. Returns what is wrong, a static text, or NULL. To be
 * called before anything of the connection was written or read on.
 */
const char *exchange_head_fault(const struct mg_request_info *info);

#endif
