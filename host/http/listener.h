/**
 * listener.h - the sockets that listen on a port, which civetweb keeps to itself.
 */
#ifndef MULLIGAN_HTTP_LISTENER_H
#define MULLIGAN_HTTP_LISTENER_H

/**
 * Ends this process's listening on a TCP port, and wakes whoever waits for connections there. The sockets stay open,
 * and their owner closes them.
 *
 * Other threads may open and close files meanwhile: nothing is touched but what listens on the port. Does not fail; the
 * owner of a socket that was not found only looks up later.
 */
void listener_end(int port);

#endif
