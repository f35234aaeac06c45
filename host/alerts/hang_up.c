/**
 * hang_up.c - the sockets of a transfer, and shutting them down.
 *
 * libcurl opens and closes them through the callbacks here, on the transfer's own thread; any thread may ask for the
 * end. Invariant: a socket in the list is open, since the callback takes it off the list before it closes it.
 */
#include "alerts/hang_up.h"

#include <sys/socket.h>
#include <unistd.h>

void hang_up_init(struct hang_up *hang_up) {
  *hang_up = (struct hang_up){.multi = NULL};
  pthread_mutex_init(&hang_up->lock, NULL);
}

void hang_up_release(struct hang_up *hang_up) {
  pthread_mutex_destroy(&hang_up->lock);
}

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
  (void)purpose;
  struct hang_up *hang_up = context;
  int fd = CURL_SOCKET_BAD;
  pthread_mutex_lock(&hang_up->lock);
  if (!hang_up->asked && hang_up->count < HANG_UP_SOCKETS)
    fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd >= 0)
    hang_up->sockets[hang_up->count++] = fd;
  pthread_mutex_unlock(&hang_up->lock);
  return fd;
}

static int close_socket(void *context, curl_socket_t fd) {
  struct hang_up *hang_up = context;
  pthread_mutex_lock(&hang_up->lock);
  int place = 0;
  while (place < hang_up->count && hang_up->sockets[place] != fd)
    place++;
  if (place < hang_up->count)
    hang_up->sockets[place] = hang_up->sockets[--hang_up->count];
  pthread_mutex_unlock(&hang_up->lock);
  return close(fd);
}

void hang_up_attach(struct hang_up *hang_up, CURL *easy, CURLM *multi) {
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, hang_up);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, hang_up);
  pthread_mutex_lock(&hang_up->lock);
  hang_up->multi = multi;
  pthread_mutex_unlock(&hang_up->lock);
}

/* Under the lock. */
static void shut_down(struct hang_up *hang_up, int how) {
  for (int i = 0; i < hang_up->count; i++)
    shutdown(hang_up->sockets[i], how);
}

void hang_up_detach(struct hang_up *hang_up) {
  pthread_mutex_lock(&hang_up->lock);
  hang_up->multi = NULL;
  shut_down(hang_up, SHUT_RD);
  pthread_mutex_unlock(&hang_up->lock);
}

void hang_up_ask(struct hang_up *hang_up) {
  pthread_mutex_lock(&hang_up->lock);
  hang_up->asked = true;
  if (hang_up->multi)
    curl_multi_wakeup(hang_up->multi);
  shut_down(hang_up, SHUT_RDWR);
  pthread_mutex_unlock(&hang_up->lock);
}

bool hang_up_asked(struct hang_up *hang_up) {
  pthread_mutex_lock(&hang_up->lock);
  bool asked = hang_up->asked;
  pthread_mutex_unlock(&hang_up->lock);
  return asked;
}
