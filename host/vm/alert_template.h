/**
 * alert_template.h - an alert made into a channel's message by a script.
 *
 * scripts/alerts/NAME.lua returns a function of the alert (outbox.h says what is in it, and `environment` and `url`
 * beside); what that returns, a table, is the message. mulligan.i18n speaks the host's language in it. Other files in
 * that folder are modules of theirs.
 */
#ifndef MULLIGAN_VM_ALERT_TEMPLATE_H
#define MULLIGAN_VM_ALERT_TEMPLATE_H

#include "base/fault.h"
#include "vm/generation.h"
#include "vm/vm.h"

#include <jansson.h>
#include <stdbool.h>

/** Does the generation have scripts/alerts/`name`.lua? */
bool alert_template_exists(const struct generation *generation, const char *name);
/**
 * Runs the template in a vm that the caller holds, under a deadline of seconds, and makes JSON of what it returns; the
 * caller owns `*out`. MULLIGAN_MISSING if there is none. After another failure vm_take_error() tells more, and a vm
 * that was stopped is condemned.
 */
enum mulligan_status alert_template_run(struct vm *vm, const char *name, const json_t *alert, double seconds,
                                        json_t **out, struct fault *fault);
/** Loads every template of the generation of a vm, for one that is to be published: a fault names file and line. */
enum mulligan_status alert_template_check(struct vm *vm, struct fault *fault);

#endif
