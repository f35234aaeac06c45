/**
 * loopback.c - is this an address that only this machine reaches?
 *
 * Pure; any thread. Names are not looked up: what a resolver says may change after it was asked.
 */
#include "base/loopback.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

enum { MOST_HOST = 63 };

bool loopback_address(const char *address) {
  struct in_addr four;
  struct in6_addr six;
  if (strcasecmp(address, "localhost") == 0)
    return true;
  if (inet_pton(AF_INET, address, &four) == 1)
    return ntohl(four.s_addr) >> 24 == 127;
  return inet_pton(AF_INET6, address, &six) == 1 && memcmp(&six, &in6addr_loopback, sizeof six) == 0;
}

bool loopback_host(const char *header) {
  if (!header)
    return false;
  bool bracketed = header[0] == '[';
  const char *start = header + bracketed;
  size_t length = strcspn(start, bracketed ? "]" : ":");
  const char *rest = start + length;
  if (length > MOST_HOST || (bracketed && *rest++ != ']'))
    return false;
  bool port = *rest == ':' && rest[1] && rest[1 + strspn(rest + 1, "0123456789")] == '\0';
  if (*rest && !port)
    return false;
  char name[MOST_HOST + 1];
  memcpy(name, start, length);
  name[length] = '\0';
  return bracketed ? strchr(name, ':') && loopback_address(name) : loopback_address(name);
}
