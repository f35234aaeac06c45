/**
 * request_secrets.h - what a request brings along under secret names.
 */
#ifndef MULLIGAN_VM_REQUEST_SECRETS_H
#define MULLIGAN_VM_REQUEST_SECRETS_H

#include "base/scrub.h"
#include "base/taint.h"
#include "vm/request.h"

/**
 * Adds what stands under secret names, or looks like a secret, in the request's headers, query, body and path
 * (`/reset/{token}/`). Of a body, the first 64 KiB are looked through.
 */
void request_secrets_add(const struct vm_request *request, const struct scrub *scrub, struct taint *taint);

#endif
