/**
 * listener.c - finding the sockets that listen among this process's open files.
 *
 * civetweb's thread that takes connections looks up every two seconds whether it is to stop, unless something happens
 * to one of its sockets; each stop of the host would take as long. Which sockets they are it tells nobody, but the
 * kernel knows.
 *
 * Called by the main thread, at the stop.
 */
#include "http/listener.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

static bool listens_on(int fd, int port) {
  int listening = 0;
  socklen_t size = sizeof listening;
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || !listening)
    return false;
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } address = {.any.sa_family = AF_UNSPEC};
  size = sizeof address;
  if (getsockname(fd, &address.any, &size) != 0)
    return false;
  switch (address.any.sa_family) {
  case AF_INET:
    return ntohs(address.v4.sin_port) == port;
  case AF_INET6:
    return ntohs(address.v6.sin6_port) == port;
  default:
    return false;
  }
}

void listener_end(int port) {
  DIR *files = opendir("/proc/self/fd");
  if (!files)
    return;
  for (const struct dirent *entry; (entry = readdir(files)) != NULL;) {
    char *end;
    long fd = strtol(entry->d_name, &end, 10);
    if (*end == '\0' && end != entry->d_name && listens_on((int)fd, port))
      shutdown((int)fd, SHUT_RDWR);
  }
  closedir(files);
}
