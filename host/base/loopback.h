/**
 * loopback.h - is this an address that only this machine reaches?
 */
#ifndef MULLIGAN_BASE_LOOPBACK_H
#define MULLIGAN_BASE_LOOPBACK_H

#include <stdbool.h>

/** True for "localhost", 127.0.0.0/8 and ::1, as an address to listen on; false for any other name, and for "". */
bool loopback_address(const char *address);
/**
 * The same for a Host header (NULL: none was sent), whose port does not count. A page of another site can make a
 * browser ask this machine under that site's own name, but not under one of these.
 */
bool loopback_host(const char *header);

#endif
