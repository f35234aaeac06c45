/**
 * hang_up.h - ends a transfer from another thread, wherever libcurl waits in it.
 *
 * libcurl's SMTP waits inside curl_multi_perform() for the answer to a message's end, and inside
 * curl_multi_cleanup() for the one to QUIT: a wake-up does not reach it there. What does is that the socket ends. So
 * a hang_up knows the sockets of the transfer that it is attached to.
 */
#ifndef MULLIGAN_ALERTS_HANG_UP_H
#define MULLIGAN_ALERTS_HANG_UP_H

#include <curl/curl.h>
#include <pthread.h>
#include <stdbool.h>

enum { HANG_UP_SOCKETS = 8 };

/** Embedded by value. Of the members all are under the lock. */
struct hang_up {
  pthread_mutex_t lock;
  bool asked;
  CURLM *multi; /* the transfer's, while there is one */
  int sockets[HANG_UP_SOCKETS];
  int count;
};

void hang_up_init(struct hang_up *hang_up);
void hang_up_release(struct hang_up *hang_up);

/** From now on the transfer of `easy`, which is to be performed by `multi`, can be ended. Its sockets are closed, and
 * hang_up_detach() is called, before either is cleaned up or goes out of use. */
void hang_up_attach(struct hang_up *hang_up, CURL *easy, CURLM *multi);
/** The transfer is over. What is still to be sent on its connections (a QUIT) is, but nobody waits for an answer. */
void hang_up_detach(struct hang_up *hang_up);

/** Ends the transfer under way, and any that would begin later. Any thread; never blocks. */
void hang_up_ask(struct hang_up *hang_up);
bool hang_up_asked(struct hang_up *hang_up);

#endif
