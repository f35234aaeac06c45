/**
 * check.c - `mulligan check`: what is wrong with the scripts, without serving them.
 *
 * Runs on the main thread. `--watch` is the same command again after each save, in a process of its own: every round
 * then sees the settings, the environment and the scripts as any other command would.
 */
#include "cli/host.h"

#include "base/folder_watch.h"
#include "operator/script.h"
#include "vm/finding.h"
#include "vm/script_check.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static void print_finding(const json_t *finding) {
  const char *file = json_string_value(json_object_get(finding, "file"));
  json_int_t line = json_integer_value(json_object_get(finding, "line"));
  if (file)
    fprintf(stderr, "%s:", file);
  if (line > 0)
    fprintf(stderr, "%" JSON_INTEGER_FORMAT ":", line);
  fprintf(stderr, "%s%s%s\n", file ? " " : "",
          strcmp(json_string_value(json_object_get(finding, "level")), "warning") == 0 ? "warning: " : "",
          json_string_value(json_object_get(finding, "message")));
}

/* What operator scripts say of themselves is the operator floor's to judge. It is silent about those that do not load,
 * which are among the findings already. */
static void check_descriptions(const struct host *host, json_t *findings) {
  struct generation *generation;
  struct fault fault;
  if (generation_load(&generation, &host->services, 1, false, &fault) != MULLIGAN_OK)
    return;
  json_t *sentences = json_array(), *sentence;
  size_t index;
  script_check_descriptions(&host->services, generation, sentences);
  json_array_foreach(sentences, index, sentence)
      finding_add_sentence(findings, host->services.settings->scripts, json_string_value(sentence));
  json_decref(sentences);
  generation_drop(generation);
}

static int check(struct command_context *context) {
  struct host host;
  struct fault fault;
  if (host_open(&host, context, 0, &fault) != MULLIGAN_OK)
    return command_fault(context, &fault);
  json_t *findings = script_check(&host.services), *finding;
  check_descriptions(&host, findings);
  finding_sort(findings);
  int status = finding_has_error(findings, NULL) ? COMMAND_FAILED : COMMAND_DONE;
  size_t index;
  if (context->json) {
    int printed = command_print_json(context, findings);
    status = printed == COMMAND_DONE ? status : printed;
  } else {
    json_array_foreach(findings, index, finding) print_finding(finding);
    if (status == COMMAND_DONE)
      printf("every script in %s loads\n", context->settings->scripts);
  }
  json_decref(findings);
  host_close(&host);
  return status;
}

/* ---- again and again ---- */

/* Runs the same command without --watch, and waits for its end. */
static int run_once(const struct command_context *context, int argc, char **argv) {
  char **arguments = calloc((size_t)argc + 2, sizeof *arguments);
  if (!arguments)
    return command_fail(context, COMMAND_FAILED, "out of memory");
  static char program[] = "mulligan";
  int count = 0;
  arguments[count++] = program;
  for (int i = 0; i < argc; i++)
    if (strcmp(argv[i], "--watch") != 0)
      arguments[count++] = argv[i];
  pid_t child;
  int status, error = posix_spawn(&child, "/proc/self/exe", NULL, NULL, arguments, environ);
  free(arguments);
  if (error)
    return command_fail(context, COMMAND_FAILED, "cannot start again: %s", strerror(error));
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
    return COMMAND_FAILED;
  return WEXITSTATUS(status);
}

static void print_time(void) {
  char text[16];
  time_t now = time(NULL);
  struct tm local;
  localtime_r(&now, &local);
  strftime(text, sizeof text, "%H:%M:%S", &local);
  printf("\n%s\n", text);
  fflush(stdout);
}

/* Ends by a signal only, or when nothing can be watched. */
static int watch(const struct command_context *context, int argc, char **argv) {
  struct folder_watch *folder;
  struct fault fault;
  enum mulligan_status status = folder_watch_open(&folder, context->settings->scripts, &fault);
  if (status != MULLIGAN_OK)
    return command_fault(context, &fault);
  while (status == MULLIGAN_OK || status == MULLIGAN_BUSY) {
    if (status == MULLIGAN_OK && run_once(context, argc, argv) == COMMAND_USAGE)
      break;
    status = folder_watch_wait(folder, -1, &fault);
    if (status == MULLIGAN_OK && !context->json)
      print_time();
  }
  folder_watch_close(folder);
  return command_fault(context, &fault);
}

int command_check(struct command_context *context, int argc, char **argv) {
  bool repeats = false;
  /* A settings.lua that is wrong is one of the findings. */
  static const bool goes_on = true;
  context->keep_going = &goes_on;
  const struct command_option options[] = {
      {"watch", NULL, "check again after each save", NULL, &repeats, NULL},
  };
  int status;
  if (!command_parse(context, options, sizeof options / sizeof *options, argc, argv, &status))
    return status;
  return repeats ? watch(context, argc, argv) : check(context);
}
