/**
 * reloader.c - the loop of reading, judging and publishing.
 *
 * One thread loads, so that two loads never meet; the watching thread, SIGHUP and the control socket ask it to, under
 * the lock, and what is asked while it loads makes one more load after. Of the members only those named under `lock`
 * are shared.
 */
#include "cli/reloader.h"

#include "base/clock.h"
#include "base/folder_watch.h"
#include "base/last_save.h"
#include "base/log.h"
#include "base/thread.h"
#include "cli/reload_report.h"
#include "vm/watchdog.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STOP_LOOK_MS = 20, MOST_STOP_LOOKS = 250, WATCH_RETRY_MS = 5000 };

struct reloader {
  const struct host *host;
  struct vm_pool *pool;
  struct folder_watch *watch; /* NULL: SIGHUP and `mulligan reload` only */
  pthread_t watcher, loader;
  bool watching, loading; /* which of the threads were started */

  pthread_mutex_t lock;
  pthread_cond_t changed; /* anything below */
  int64_t asked, done;    /* loads, counted */
  bool by_person;         /* one of those that are not done was asked for by a person */
  bool stopping, stopped;
  json_t *outcome; /* of the last one */

  /* the loader's; before it is started, the main thread's */
  struct candidate published;
  struct candidate refused;        /* the last one, if it was not sound */
  const struct settings *settings; /* that settings.lua asked for last: what a restart would bring */
};

/* ---- judging ---- */

/* The settings that say something new which only a restart brings; NULL if there are none. */
static json_t *find_restarts(const struct reloader *reloader, const struct settings *asked) {
  size_t count;
  const struct settings_entry *entries = settings_entries(&count);
  json_t *names = json_array();
  for (size_t i = 0; i < count; i++)
    if (entries[i].restart && settings_differ(asked, reloader->settings, &entries[i]) &&
        settings_differ(asked, reloader->host->services.settings, &entries[i]))
      json_array_append_new(names, json_string(entries[i].name));
  return names;
}

static void warn_of_restarts(const json_t *names) {
  size_t index;
  json_t *name;
  json_array_foreach(names, index, name) {
    log_warning("the setting %s needs a restart; until then it stays as it is", json_string_value(name));
  }
}

static bool is_serving(const struct reloader *reloader) {
  return !generation_is_void(reloader->published.generation);
}

static int64_t serving_number(const struct reloader *reloader) {
  return generation_number(reloader->published.generation);
}

/* Keeps the last good generation. What was refused before for the same reasons is not put on record once more. */
static json_t *refuse(struct reloader *reloader, struct candidate *next) {
  bool again = reloader->refused.problems.count > 0 && next->problems.count == reloader->refused.problems.count;
  for (size_t i = 0; again && i < next->problems.count; i++)
    again = strcmp(next->problems.items[i].sentence, reloader->refused.problems.items[i].sentence) == 0;
  reload_report_problems(reloader->host, &next->problems, NULL);
  last_save_note(reloader->host->services.last_save, next->problems.items[0].sentence);
  if (is_serving(reloader))
    log_error("not loaded%s: generation %" PRId64 " serves on", again ? ", as before" : "", serving_number(reloader));
  else
    log_error("not loaded%s: requests are answered 503 until the scripts are mended", again ? ", as before" : "");
  if (!again)
    reload_report_record(reloader->host, &next->problems, next->generation, serving_number(reloader));
  json_t *outcome = json_pack("{s:s, s:I, s:o}", "outcome", "refused", "generation",
                              (json_int_t)serving_number(reloader), "problems", reload_report_json(&next->problems));
  candidate_release(&reloader->refused);
  reloader->refused = *next;
  *next = (struct candidate){0};
  return outcome;
}

static json_t *publish(struct reloader *reloader, struct candidate *next, int64_t started_ns) {
  struct fault fault;
  struct buf changes;
  buf_init(&changes, 4096);
  generation_differences(reloader->published.generation, next->generation, &changes);
  if (changes.length == 0)
    buf_add_text(&changes, "the migrations");
  generation_hold(next->generation); /* the pool's reference */
  if (vm_pool_publish(reloader->pool, next->generation, &fault) != MULLIGAN_OK) {
    buf_release(&changes);
    problem_add(&next->problems, NULL, fault.message);
    return refuse(reloader, next);
  }
  host_set_alerts(reloader->host, generation_services(next->generation)->settings);
  int64_t number = generation_number(next->generation), took_ns = clock_monotonic_ns() - started_ns;
  log_set_generation(number);
  enum log_level level;
  if (log_parse_level(generation_services(next->generation)->settings->log_level, &level))
    log_set_level(level);
  log_info("%sgeneration %" PRId64 " serves: %s; loaded in %.0f ms",
           reloader->refused.problems.count > 0 ? "recovered: " : "", number, changes.data, (double)took_ns / 1e6);
  last_save_note(reloader->host->services.last_save, NULL);
  json_t *restarts = find_restarts(reloader, next->asked);
  warn_of_restarts(restarts);
  json_t *outcome = json_pack("{s:s, s:I, s:s, s:f, s:o}", "outcome", "loaded", "generation", (json_int_t)number,
                              "changes", changes.data, "milliseconds", (double)took_ns / 1e6, "restart", restarts);
  buf_release(&changes);
  candidate_release(&reloader->refused);
  candidate_release(&reloader->published);
  reloader->published = *next;
  reloader->settings = reloader->published.asked;
  *next = (struct candidate){0};
  return outcome;
}

/* What is on the disk is what serves. */
static json_t *leave(struct reloader *reloader) {
  if (reloader->refused.problems.count > 0)
    log_info("recovered: the scripts are again those of generation %" PRId64 ", which serves",
             serving_number(reloader));
  last_save_note(reloader->host->services.last_save, NULL);
  candidate_release(&reloader->refused);
  return json_pack("{s:s, s:I}", "outcome", "unchanged", "generation", (json_int_t)serving_number(reloader));
}

static bool is_stopping(struct reloader *reloader) {
  pthread_mutex_lock(&reloader->lock);
  bool stopping = reloader->stopping;
  pthread_mutex_unlock(&reloader->lock);
  return stopping;
}

/* NULL: the program stops, and that a load was ended for it is no fault of the scripts. */
static json_t *judge(struct reloader *reloader, struct candidate *next, int64_t started_ns) {
  if (candidate_load(next, reloader->host, false))
    return publish(reloader, next, started_ns);
  return is_stopping(reloader) ? NULL : refuse(reloader, next);
}

/* Loads once. What was refused is tried again as it is only for a person, who may have mended something else. */
static json_t *load(struct reloader *reloader, bool by_person) {
  int64_t started_ns = clock_monotonic_ns();
  struct candidate next;
  json_t *outcome = NULL;
  candidate_read(&next, reloader->host->services.settings->scripts, serving_number(reloader) + 1);
  if (is_serving(reloader) && next.problems.count == 0 && candidate_same(&next, &reloader->published))
    outcome = leave(reloader);
  else if (by_person || reloader->refused.problems.count == 0 || !candidate_same(&next, &reloader->refused))
    outcome = judge(reloader, &next, started_ns);
  candidate_release(&next);
  return outcome;
}

/* ---- the threads ---- */

static void *run_loader(void *context) {
  struct reloader *reloader = context;
  pthread_mutex_lock(&reloader->lock);
  for (;;) {
    while (!reloader->stopping && reloader->done == reloader->asked)
      pthread_cond_wait(&reloader->changed, &reloader->lock);
    if (reloader->stopping)
      break;
    int64_t until = reloader->asked;
    bool by_person = reloader->by_person;
    reloader->by_person = false;
    pthread_mutex_unlock(&reloader->lock);
    json_t *outcome = load(reloader, by_person);
    pthread_mutex_lock(&reloader->lock);
    if (outcome) {
      json_decref(reloader->outcome);
      reloader->outcome = outcome;
    }
    reloader->done = until;
    pthread_cond_broadcast(&reloader->changed);
  }
  reloader->stopped = true;
  pthread_cond_broadcast(&reloader->changed);
  pthread_mutex_unlock(&reloader->lock);
  return NULL;
}

/* Under the lock; returns the count of the load that will answer it. */
static int64_t ask(struct reloader *reloader, bool by_person) {
  reloader->by_person = reloader->by_person || by_person;
  int64_t count = ++reloader->asked;
  pthread_cond_broadcast(&reloader->changed);
  return count;
}

static void *run_watcher(void *context) {
  struct reloader *reloader = context;
  struct fault fault;
  bool blind = false;
  while (!is_stopping(reloader)) {
    enum mulligan_status status = folder_watch_wait(reloader->watch, blind ? WATCH_RETRY_MS : -1, &fault);
    if (status == MULLIGAN_OK) {
      pthread_mutex_lock(&reloader->lock);
      ask(reloader, false);
      pthread_mutex_unlock(&reloader->lock);
    }
    if (status != MULLIGAN_OK && status != MULLIGAN_BUSY && !blind)
      log_error("%s; `mulligan reload` loads what was saved", fault.message);
    blind = status != MULLIGAN_OK && (blind || status != MULLIGAN_BUSY);
  }
  return NULL;
}

void reloader_ask(struct reloader *reloader) {
  pthread_mutex_lock(&reloader->lock);
  ask(reloader, true);
  pthread_mutex_unlock(&reloader->lock);
}

json_t *reloader_answer(void *context, const json_t *question) {
  (void)question;
  struct reloader *reloader = context;
  pthread_mutex_lock(&reloader->lock);
  int64_t count = ask(reloader, true);
  while (reloader->done < count && !reloader->stopping)
    pthread_cond_wait(&reloader->changed, &reloader->lock);
  json_t *answer =
      reloader->done < count ? json_pack("{s:s}", "error", "the host is stopping") : json_deep_copy(reloader->outcome);
  pthread_mutex_unlock(&reloader->lock);
  return answer;
}

/* ---- life ---- */

enum mulligan_status reloader_create(struct reloader **out, const struct host *host, struct fault *fault) {
  *out = NULL;
  struct reloader *reloader = calloc(1, sizeof *reloader);
  if (!reloader)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  reloader->host = host;
  pthread_mutex_init(&reloader->lock, NULL);
  thread_condition_init(&reloader->changed);
  struct fault refused;
  const struct settings *settings = host->services.settings;
  if (settings->watch && folder_watch_open(&reloader->watch, settings->scripts, &refused) != MULLIGAN_OK)
    log_warning("%s; `mulligan reload` loads what was saved", refused.message);
  *out = reloader;
  return MULLIGAN_OK;
}

/* The pages may be there although the scripts are not sound. */
static struct generation *empty_generation(const struct host *host) {
  struct generation *generation;
  if (generation_read(&generation, host->services.settings->scripts, 0, NULL) != MULLIGAN_OK)
    generation = generation_create_empty();
  return generation;
}

struct generation *reloader_load_first(struct reloader *reloader, bool keep_going) {
  const struct host *host = reloader->host;
  struct candidate first;
  struct fault fault;
  candidate_read(&first, host->services.settings->scripts, 1);
  if (first.problems.count == 0 && host_migrate(host, NULL, &fault) != MULLIGAN_OK)
    problem_add(&first.problems, first.generation, fault.message);
  bool sound = candidate_load(&first, host, true);
  if (sound) {
    reloader->published = first;
    reloader->settings = first.asked;
    log_set_generation(1);
    return generation_hold(first.generation);
  }
  reload_report_problems(host, &first.problems, keep_going ? NULL : stderr);
  reload_report_record(host, &first.problems, first.generation, 0);
  struct generation *empty = keep_going ? empty_generation(host) : NULL;
  if (!empty) {
    candidate_release(&first);
    return NULL;
  }
  log_error("not loaded: requests are answered 503 until the scripts are mended");
  last_save_note(host->services.last_save, first.problems.items[0].sentence);
  reloader->refused = first;
  reloader->published.generation = empty;
  reloader->settings = host->services.settings;
  return generation_hold(empty);
}

enum mulligan_status reloader_start(struct reloader *reloader, struct vm_pool *pool, struct fault *fault) {
  reloader->pool = pool;
  int error = pthread_create(&reloader->loader, NULL, run_loader, reloader);
  reloader->loading = error == 0;
  if (error == 0 && reloader->watch) {
    error = pthread_create(&reloader->watcher, NULL, run_watcher, reloader);
    reloader->watching = error == 0;
  }
  if (error == 0)
    return MULLIGAN_OK;
  return fault_set(fault, MULLIGAN_ERROR, "the reloader does not start: %s", strerror(error));
}

/* A load under way runs scripts, which may loop: they are stopped like a request's. One that cannot be stopped is in a
 * C call without end; false then. */
static bool await_loader(struct reloader *reloader) {
  pthread_mutex_lock(&reloader->lock);
  for (int looks = 0; !reloader->stopped && looks < MOST_STOP_LOOKS; looks++) {
    if (!thread_wait(&reloader->changed, &reloader->lock, clock_monotonic_ns() + STOP_LOOK_MS * 1000000LL))
      watch_expire_all();
  }
  bool stopped = reloader->stopped;
  pthread_mutex_unlock(&reloader->lock);
  return stopped;
}

bool reloader_stop(struct reloader *reloader) {
  pthread_mutex_lock(&reloader->lock);
  reloader->stopping = true;
  pthread_cond_broadcast(&reloader->changed);
  pthread_mutex_unlock(&reloader->lock);
  if (reloader->watching) {
    folder_watch_wake(reloader->watch);
    pthread_join(reloader->watcher, NULL);
    reloader->watching = false;
  }
  if (reloader->loading) {
    if (!await_loader(reloader))
      return false;
    pthread_join(reloader->loader, NULL);
    reloader->loading = false;
  }
  return true;
}

void reloader_destroy(struct reloader *reloader) {
  if (!reloader)
    return;
  folder_watch_close(reloader->watch);
  candidate_release(&reloader->published);
  candidate_release(&reloader->refused);
  json_decref(reloader->outcome);
  pthread_cond_destroy(&reloader->changed);
  pthread_mutex_destroy(&reloader->lock);
  free(reloader);
}
