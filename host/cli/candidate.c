/**
 * candidate.c - from the files on the disk to a generation that could be published.
 *
 * Runs on the main thread at the start, on the reloader's later. Nothing of what is done here is seen by a request.
 */
#include "cli/candidate.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_READS = 3 };

static void read_once(struct candidate *candidate, const char *scripts, int64_t number) {
  *candidate = (struct candidate){0};
  struct fault fault;
  if (generation_read(&candidate->generation, scripts, number, &fault) != MULLIGAN_OK ||
      migrate_plan_read_scripts(&candidate->migrations, scripts, &fault) != MULLIGAN_OK)
    problem_add(&candidate->problems, NULL, fault.message);
}

void candidate_read(struct candidate *candidate, const char *scripts, int64_t number) {
  char *before = realpath(scripts, NULL);
  read_once(candidate, scripts, number);
  /* A deployment that turns a link has put another folder in its place: half of each is nobody's program. */
  for (int again = 0; again < MOST_READS; again++) {
    char *after = realpath(scripts, NULL);
    bool same = before && after ? strcmp(before, after) == 0 : before == after;
    free(before);
    before = after;
    if (same)
      break;
    candidate_release(candidate);
    read_once(candidate, scripts, number);
  }
  free(before);
}

void candidate_release(struct candidate *candidate) {
  generation_drop(candidate->generation);
  migrate_plan_release(&candidate->migrations);
  problem_list_release(&candidate->problems);
  settings_destroy(candidate->asked);
  *candidate = (struct candidate){0};
}

static bool same_migrations(const struct migrate_plan *a, const struct migrate_plan *b) {
  bool same = a->count == b->count;
  for (size_t i = 0; same && i < a->count; i++)
    same = strcmp(a->steps[i].name, b->steps[i].name) == 0 && strcmp(a->steps[i].sql, b->steps[i].sql) == 0;
  return same;
}

static bool same_problems(const struct problem_list *a, const struct problem_list *b) {
  bool same = a->count == b->count;
  for (size_t i = 0; same && i < a->count; i++)
    same = strcmp(a->items[i].sentence, b->items[i].sentence) == 0;
  return same;
}

bool candidate_same(const struct candidate *a, const struct candidate *b) {
  if (!a->generation || !b->generation)
    return !a->generation && !b->generation && same_problems(&a->problems, &b->problems);
  struct buf names;
  buf_init(&names, 4096);
  generation_differences(a->generation, b->generation, &names);
  bool same = names.length == 0 && !names.failed && same_migrations(&a->migrations, &b->migrations);
  buf_release(&names);
  return same;
}

/* The settings that the generation gets: those that were asked for, but for what only a restart changes. */
static struct settings *settle(struct candidate *candidate, const struct settings *started) {
  struct fault fault;
  struct settings *settings = NULL;
  const struct generation_script *script = generation_find(candidate->generation, "settings.lua");
  const char *source = script ? script->source : NULL;
  size_t length = script ? script->length : 0;
  if (command_settle(&settings, source, length, &fault) != MULLIGAN_OK ||
      command_settle(&candidate->asked, source, length, &fault) != MULLIGAN_OK)
    problem_add(&candidate->problems, candidate->generation, fault.message);
  else if (!settings_keep(settings, started))
    problem_add(&candidate->problems, NULL, "out of memory");
  if (candidate->problems.count == 0)
    return settings;
  settings_destroy(settings);
  return NULL;
}

/* A step that the database lacks is a change to people's data, which nobody has asked for by saving a file. */
static void check_migrations(struct candidate *candidate, const struct host *host) {
  struct store *store;
  struct fault fault;
  enum mulligan_status status = host_open_store(host, &store, &fault);
  if (status == MULLIGAN_OK) {
    status = migrate_check(store, candidate->migrations.steps, candidate->migrations.count, &fault);
    store_close(store);
  }
  if (status == MULLIGAN_OK)
    return;
  struct buf sentence;
  buf_init(&sentence, 2048);
  buf_addf(&sentence, "%s/migrations: %s%s", host->services.settings->scripts, fault.message,
           status == MULLIGAN_MISSING ? "; `mulligan migrate` applies what is missing, and loads the scripts then"
                                      : "");
  problem_add(&candidate->problems, NULL, sentence.data);
  buf_release(&sentence);
}

bool candidate_load(struct candidate *candidate, const struct host *host, bool at_start) {
  struct problem_list *problems = &candidate->problems;
  if (problems->count > 0)
    return false;
  generation_compile(candidate->generation, problems);
  struct settings *settings = problems->count == 0 ? settle(candidate, host->services.settings) : NULL;
  if (!at_start && problems->count == 0)
    check_migrations(candidate, host);
  struct fault fault;
  if (problems->count > 0)
    settings_destroy(settings);
  else if (generation_run(candidate->generation, &host->services, settings, &fault) != MULLIGAN_OK)
    problem_add(problems, candidate->generation, fault.message);
  return problems->count == 0 && !problems->failed;
}
