/**
 * debug_mode.c - whether debug mode is on, and whether it may be.
 *
 * Runs on the main thread, before anything listens.
 */
#include "cli/debug_mode.h"

#include "base/log.h"
#include "base/loopback.h"

bool debug_mode_settle(struct command_context *context, bool debug, bool anyone, int *status) {
  struct settings *settings = context->settings;
  settings->debug = settings->debug || debug;
  settings->debug_anyone = anyone;
  if (anyone && !settings->debug) {
    *status = command_fail(context, COMMAND_USAGE, "--debug-anyone goes with --debug, which is not given");
    return false;
  }
  if (!settings->debug)
    return true;
  bool alone = loopback_address(settings->host);
  if (!alone && !anyone) {
    *status = command_fail(
        context, COMMAND_USAGE,
        "debug mode is refused on %s: its error pages show source, values and SQL to everybody who reaches that address."
        " Serve on 127.0.0.1, leave debug mode off (%s), or add --debug-anyone if that is meant.",
        settings->host, debug ? "--debug" : "the setting debug, or MULLIGAN_ENV=development");
    return false;
  }
  log_warning("debug mode is on: errors show source, values and SQL to %s",
              alone && !anyone ? "whoever uses this machine" : "everybody who can reach this address");
  return true;
}
