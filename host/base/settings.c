/**
 * settings.c - the table of settings, and setting one.
 *
 * Called at start-up by the command line, the reader of settings.lua and the
 * tests; one thread until the object is complete, read-only after. Invariants:
 * every text of an object is owned by it and never NULL, and every value has
 * passed the check of its row.
 */
#include "base/settings.h"

#include "base/alert_rules.h"
#include "base/clock.h"
#include "base/spelling.h"
#include "base/utf8.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WORD_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."

#define AT(field) offsetof(struct settings, field)

static const struct settings_entry entries[] = {
    {"data", SETTINGS_TEXT, AT(data), "data", .least = 1, .restart = true, .help = "The data folder."},
    {"scripts", SETTINGS_TEXT, AT(scripts), "scripts", .least = 1, .restart = true, .help = "The scripts folder."},
    {"notebooks", SETTINGS_TEXT, AT(notebooks), "", .restart = true,
     .help = "The notebooks folder; empty: \"notebooks\" beside the scripts folder."},
    {"host", SETTINGS_TEXT, AT(host), "127.0.0.1", .least = 1, .alphabet = WORD_CHARACTERS ":[]%", .restart = true,
     .help = "The address to serve on."},
    {"port", SETTINGS_INTEGER, AT(port), "8080", .most = 65535, .restart = true,
     .help = "The port to serve on; 0: any free one."},
    {"threads", SETTINGS_INTEGER, AT(threads), "256", .least = 1, .most = 4096, .restart = true,
     .help = "Connections served at a time."},
    {"bundles", SETTINGS_INTEGER, AT(bundles), "0", .most = 1024, .restart = true,
     .help = "Lua states with their database connection; 0: four per core."},
    {"keep_alive_timeout", SETTINGS_SECONDS, AT(keep_alive_timeout), "2", .most = 3600, .restart = true,
     .help = "Seconds an idle connection is kept open."},
    {"request_timeout", SETTINGS_SECONDS, AT(request_timeout), "10", .least = 0.1, .most = 3600, .restart = true,
     .help = "Seconds a client may take to send a request."},
    {"pool_wait", SETTINGS_SECONDS, AT(pool_wait), "5", .most = 600,
     .help = "Seconds a request waits for a free Lua state before a 503."},
    {"deadline", SETTINGS_SECONDS, AT(deadline), "10", .least = 0.01, .most = 3600,
     .help = "Seconds a handler may run."},
    {"load_deadline", SETTINGS_SECONDS, AT(load_deadline), "10", .least = 0.01, .most = 3600,
     .help = "Seconds the scripts may take to load."},
    {"drain_timeout", SETTINGS_SECONDS, AT(drain_timeout), "15", .most = 3600, .restart = true,
     .help = "Seconds a graceful stop waits for requests in flight."},
    {"body_limit", SETTINGS_INTEGER, AT(body_limit), "1048576", .most = 1 << 30, .restart = true,
     .help = "Bytes a request's body may have."},
    {"memory_limit", SETTINGS_INTEGER, AT(memory_limit), "67108864", .least = 1 << 20, .most = 1LL << 34,
     .help = "Bytes of memory a Lua state may use."},
    {"response_limit", SETTINGS_INTEGER, AT(response_limit), "67108864", .least = 1 << 20, .most = 1 << 30,
     .restart = true, .help = "Bytes a response's body may have."},
    {"stuck_grace", SETTINGS_SECONDS, AT(stuck_grace), "1", .least = 0.05, .most = 3600,
     .help = "Seconds past its deadline after which a call that does not end is given up for lost."},
    {"lost_bundles", SETTINGS_INTEGER, AT(lost_bundles), "4", .most = 1024, .restart = true,
     .help = "Lua states in calls that do not end, for which a fresh one is made."},
    {"write_wait", SETTINGS_SECONDS, AT(write_wait), "5", .most = 600,
     .help = "Seconds a writer waits for its turn at the database."},
    {"environment", SETTINGS_TEXT, AT(environment), "production", .least = 1, .alphabet = WORD_CHARACTERS,
     .restart = true, .variable = "MULLIGAN_ENV", .help = "The environment's name, for logs and alerts."},
    {"log_level", SETTINGS_TEXT, AT(log_level), "info", .least = 1, .choices = "debug,info,warning,error",
     .help = "The least level that is logged: debug, info, warning or error."},
    {"report_to", SETTINGS_TEXT, AT(report_to), "the server team", .least = 1,
     .help = "Whom a user should tell about an error."},
    {"exception_handler", SETTINGS_TEXT, AT(exception_handler), "mulligan.exceptions.handler", .least = 1,
     .alphabet = WORD_CHARACTERS, .help = "The Lua function that answers an exception."},
    {"non_field_errors_key", SETTINGS_TEXT, AT(non_field_errors_key), "non_field_errors", .least = 1,
     .help = "The key of errors that belong to no single field."},
    {"unhandled_app_code", SETTINGS_INTEGER, AT(unhandled_app_code), "0", .most = 9999,
     .help = "The application code of unhandled errors; 0: none."},
    {"parsers", SETTINGS_LIST, AT(parsers), "json,form,multipart", .choices = "json,form,multipart",
     .help = "The formats that request bodies may have."},
    {"renderers", SETTINGS_LIST, AT(renderers), "json", .least = 1, .choices = "json,html,text",
     .help = "The formats that responses may have, the preferred one first."},
    {"error_renderers", SETTINGS_LIST, AT(error_renderers), "json,html,text,problem", .least = 1,
     .choices = "json,html,text,problem", .help = "The formats that 5xx errors, and 404s of no route, may have."},
    {"scrub_names", SETTINGS_LIST, AT(scrub_names), "", .restart = true,
     .help = "Names of secret values beside the built-in ones."},
    {"error_storm_limit", SETTINGS_INTEGER, AT(error_storm_limit), "100", .least = 1, .most = 100000, .restart = true,
     .help = "Errors of one group and minute that are stored whole."},
    {"error_keep", SETTINGS_SECONDS, AT(error_keep), "90d", .most = 1e10, .restart = true,
     .help = "How long errors are kept, such as 90d; 0: for ever. Their counts stay."},
    {"plan_keep", SETTINGS_SECONDS, AT(plan_keep), "30d", .most = 1e10,
     .help = "How long plans of operators' runs are kept, such as 30d; 0: for ever."},
    {"run_keep", SETTINGS_SECONDS, AT(run_keep), "365d", .most = 1e10,
     .help = "How long the files in runs/ are kept, such as 365d; 0: for ever. The audit stays."},
    {"bookkeeping_columns", SETTINGS_LIST, AT(bookkeeping), "updated_at",
     .help = "Columns that keep books: an undo is not stopped by another's change to them."},
    {"hash_concurrency", SETTINGS_INTEGER, AT(hash_concurrency), "2", .least = 1, .most = 64,
     .help = "Password hashes computed at a time."},
    {"watch", SETTINGS_BOOLEAN, AT(watch), "true", .restart = true,
     .help = "Load the scripts anew as soon as one of them is saved."},
    {"log_format", SETTINGS_TEXT, AT(log_format), "plain", .least = 1, .choices = "plain,json", .restart = true,
     .help = "The log's form: plain, or json for one object a line."},
    {"log_size", SETTINGS_INTEGER, AT(log_size), "10485760", .least = 10240, .most = 1LL << 40, .restart = true,
     .help = "Bytes after which a log file gives way to a new one."},
    {"log_files", SETTINGS_INTEGER, AT(log_files), "10", .most = 1000, .restart = true,
     .help = "Old log files that are kept, of each log."},
    {"access_log", SETTINGS_BOOLEAN, AT(access_log), "true", .restart = true,
     .help = "Write each request into logs/access.log, in the combined format."},
    {"request_log", SETTINGS_BOOLEAN, AT(request_log), "true", .restart = true,
     .help = "Keep requests in requests.db."},
    {"request_log_rate", SETTINGS_INTEGER, AT(request_log_rate), "1000", .least = 1, .most = 1000000, .restart = true,
     .help = "Requests a second above which requests.db keeps a sample, and the counts of all."},
    {"request_log_rows", SETTINGS_INTEGER, AT(request_log_rows), "100000", .least = 1, .most = 1e9, .restart = true,
     .help = "Requests that requests.db keeps."},
    {"request_log_keep", SETTINGS_SECONDS, AT(request_log_keep), "7d", .most = 1e10, .restart = true,
     .help = "How long requests.db keeps them, such as 7d; 0: for ever."},
    {"alerts", SETTINGS_TABLE, AT(alerts), "{}", .check = alert_rules_check,
     .help = "Which errors alert, by which channels, how often; see \"Alerts\"."},
    {"alert_timeout", SETTINGS_SECONDS, AT(alert_timeout), "15", .least = 0.1, .most = 600,
     .help = "Seconds that Slack or the mail server may take for a message."},
    {"public_url", SETTINGS_TEXT, AT(public_url), "", .variable = "PUBLIC_URL",
     .help = "The address people reach this host by, for the links in alerts."},
    {"slack_token", SETTINGS_TEXT, AT(slack_token), "", .variable = "SLACK_TOKEN", .secret = true,
     .help = "A bot's token, to post with chat.postMessage."},
    {"slack_channel", SETTINGS_TEXT, AT(slack_channel), "", .variable = "SLACK_CHANNEL",
     .help = "The Slack channel that alerts go to."},
    {"slack_webhook_url", SETTINGS_TEXT, AT(slack_webhook_url), "", .variable = "SLACK_WEBHOOK_URL", .secret = true,
     .help = "An incoming webhook's address, in place of token and channel."},
    {"slack_api_url", SETTINGS_TEXT, AT(slack_api_url), "https://slack.com/api", .least = 1,
     .variable = "SLACK_API_URL", .help = "The base of Slack's methods."},
    {"mail_server", SETTINGS_TEXT, AT(mail_server), "", .alphabet = WORD_CHARACTERS ":[]", .variable = "MAIL_SERVER",
     .help = "The SMTP server that alerts are handed to."},
    {"mail_port", SETTINGS_INTEGER, AT(mail_port), "25", .least = 1, .most = 65535, .variable = "MAIL_PORT",
     .help = "The mail server's port."},
    {"mail_use_tls", SETTINGS_BOOLEAN, AT(mail_use_tls), "false", .variable = "MAIL_USE_TLS",
     .help = "Insist on STARTTLS."},
    {"mail_username", SETTINGS_TEXT, AT(mail_username), "", .variable = "MAIL_USERNAME",
     .help = "The login at the mail server."},
    {"mail_password", SETTINGS_TEXT, AT(mail_password), "", .variable = "MAIL_PASSWORD", .secret = true,
     .help = "The password at the mail server."},
    {"mail_from", SETTINGS_TEXT, AT(mail_from), "", .variable = "MAIL_FROM", .help = "The sender of mails."},
    {"admins", SETTINGS_LIST, AT(admins), "", .variable = "ADMINS", .help = "Who gets mails: addresses."},
    {"debug", SETTINGS_BOOLEAN, AT(debug), "false", .restart = true,
     .help = "Debug mode, for developers: errors show source, values and SQL. On in the environment development."},
    {"authenticators", SETTINGS_LUA, .help = "The modules that find out who sent a request, in turn."},
    {"throttle_rates", SETTINGS_LUA, .help = "The rates that throttles go by, as { name = \"20/min\" }."},
    {"app", SETTINGS_LUA, .help = "The application's own settings."},
};

enum { ENTRIES = sizeof entries / sizeof *entries, NAME_MOST = 64 };

const struct settings_entry *settings_entries(size_t *count) {
  *count = ENTRIES;
  return entries;
}

const struct settings_entry *settings_find(const char *name) {
  for (size_t i = 0; i < ENTRIES; i++) {
    if (strcmp(entries[i].name, name) == 0)
      return &entries[i];
  }
  return NULL;
}

const char *settings_nearest(const char *name) {
  if (strlen(name) > NAME_MOST)
    return NULL;
  /* A third of the letters wrong is another word, not a slip. */
  const char *nearest = NULL;
  size_t least = strlen(name) / 3 + 1;
  for (size_t i = 0; i < ENTRIES; i++) {
    size_t apart = spelling_distance(name, strlen(name), entries[i].name, strlen(entries[i].name));
    if (apart < least || (apart == least && nearest == NULL)) {
      least = apart;
      nearest = entries[i].name;
    }
  }
  return nearest;
}

static void *slot(struct settings *settings, const struct settings_entry *entry) {
  return (char *)settings + entry->offset;
}

static void list_release(struct settings_list *list) {
  for (size_t i = 0; i < list->count; i++)
    free(list->items[i]);
  free(list->items);
  *list = (struct settings_list){0};
}

static enum mulligan_status refuse(struct fault *fault, const struct settings_entry *entry, const char *value,
                                   const char *origin, const char *rule) {
  if (entry->secret)
    return fault_set(fault, MULLIGAN_INVALID, "%s: %s must %s", origin, entry->name, rule);
  return fault_set(fault, MULLIGAN_INVALID, "%s: %s must %s, not \"%s\"", origin, entry->name, rule, value);
}

static enum mulligan_status out_of_memory(struct fault *fault) {
  return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
}

/** The spelling of `word` in `choices`, and its length; NULL if it is not there. Any case is taken. */
static const char *find_choice(const char *choices, const char *word, size_t *length) {
  for (const char *at = choices; *at != '\0'; at += *length + (at[*length] == ',')) {
    *length = strcspn(at, ",");
    if (*length == strlen(word) && strncasecmp(at, word, *length) == 0)
      return at;
  }
  return NULL;
}

/** Checks one text or list item against its row and copies it. */
static enum mulligan_status copy_word(char **out, const struct settings_entry *entry, const char *value,
                                      const char *origin, struct fault *fault) {
  size_t length = strlen(value);
  const char *spelling = value;
  if (!utf8_valid(value, length))
    return fault_set(fault, MULLIGAN_INVALID, "%s: %s is not valid UTF-8", origin, entry->name);
  for (size_t i = 0; i < length; i++) {
    if (iscntrl((unsigned char)value[i]))
      return fault_set(fault, MULLIGAN_INVALID, "%s: %s holds a control character", origin, entry->name);
  }
  if (length == 0 && (entry->least > 0 || entry->type == SETTINGS_LIST))
    return fault_set(fault, MULLIGAN_INVALID, "%s: %s must not be %s", origin, entry->name,
                     entry->type == SETTINGS_LIST ? "a list with an empty item" : "empty");
  if (entry->alphabet != NULL && strspn(value, entry->alphabet) != length)
    return refuse(fault, entry, value, origin, "hold letters, digits and a few signs only");
  if (entry->choices != NULL && (spelling = find_choice(entry->choices, value, &length)) == NULL) {
    char rule[128];
    snprintf(rule, sizeof rule, "be one of %s", entry->choices);
    return refuse(fault, entry, value, origin, rule);
  }
  *out = strndup(spelling, length);
  return *out == NULL ? out_of_memory(fault) : MULLIGAN_OK;
}

static enum mulligan_status set_text(struct settings *settings, const struct settings_entry *entry, const char *value,
                                     const char *origin, struct fault *fault) {
  char *copy;
  enum mulligan_status status = copy_word(&copy, entry, value, origin, fault);
  if (status != MULLIGAN_OK)
    return status;
  char **text = slot(settings, entry);
  free(*text);
  *text = copy;
  return MULLIGAN_OK;
}

static enum mulligan_status set_integer(struct settings *settings, const struct settings_entry *entry,
                                        const char *value, const char *origin, struct fault *fault) {
  char *end;
  errno = 0;
  long long number = strtoll(value, &end, 10);
  bool readable = end != value && *end == '\0' && !isspace((unsigned char)*value) && errno == 0;
  if (!readable || (double)number < entry->least || (double)number > entry->most) {
    char rule[128];
    snprintf(rule, sizeof rule, "be a whole number from %.0f to %.0f", entry->least, entry->most);
    return refuse(fault, entry, value, origin, rule);
  }
  *(int64_t *)slot(settings, entry) = number;
  return MULLIGAN_OK;
}

/** Reads `12` or `2.5`. Not by strtod(), which follows the locale and takes hexadecimal, infinity and exponents too. */
static bool read_decimal(const char *text, double *number) {
  size_t whole = strspn(text, "0123456789");
  const char *rest = text + whole;
  size_t digits = *rest == '.' ? strspn(rest + 1, "0123456789") : 0;
  if (whole == 0 || whole > 12 || digits > 9 ||
      (*rest == '.' ? digits == 0 || rest[1 + digits] != '\0' : *rest != '\0'))
    return false;
  int64_t value = 0, scale = 1;
  for (size_t i = 0; i < whole; i++)
    value = value * 10 + (text[i] - '0');
  int64_t fraction = 0;
  for (size_t i = 0; i < digits; i++, scale *= 10)
    fraction = fraction * 10 + (rest[1 + i] - '0');
  *number = (double)value + (double)fraction / (double)scale;
  return true;
}

static enum mulligan_status set_seconds(struct settings *settings, const struct settings_entry *entry,
                                        const char *value, const char *origin, struct fault *fault) {
  double seconds = -1;
  int64_t us;
  if (!read_decimal(value, &seconds) && clock_parse_span(value, &us))
    seconds = (double)us / 1e6;
  if (seconds < entry->least || seconds > entry->most) {
    char rule[128];
    snprintf(rule, sizeof rule, "be seconds from %g to %g", entry->least, entry->most);
    return refuse(fault, entry, value, origin, rule);
  }
  *(double *)slot(settings, entry) = seconds;
  return MULLIGAN_OK;
}

static enum mulligan_status set_boolean(struct settings *settings, const struct settings_entry *entry,
                                        const char *value, const char *origin, struct fault *fault) {
  static const char *const words[] = {"false", "no", "off", "0", "true", "yes", "on", "1"};
  enum { WORDS = sizeof words / sizeof *words };
  size_t found = 0;
  while (found < WORDS && strcasecmp(words[found], value) != 0)
    found++;
  if (found == WORDS)
    return refuse(fault, entry, value, origin, "be true or false");
  *(bool *)slot(settings, entry) = found >= WORDS / 2;
  return MULLIGAN_OK;
}

static enum mulligan_status unknown(struct fault *fault, const char *name, const char *origin) {
  const char *nearest = settings_nearest(name);
  if (nearest == NULL)
    return fault_set(fault, MULLIGAN_INVALID, "%s: there is no setting \"%s\"", origin, name);
  return fault_set(fault, MULLIGAN_INVALID, "%s: there is no setting \"%s\"; did you mean \"%s\"?", origin, name,
                   nearest);
}

enum mulligan_status settings_set_table(struct settings *settings, const char *name, json_t *table, const char *origin,
                                        struct fault *fault) {
  const struct settings_entry *entry = settings_find(name);
  if (entry == NULL)
    return unknown(fault, name, origin);
  if (entry->type != SETTINGS_TABLE || !json_is_object(table))
    return fault_set(fault, MULLIGAN_INVALID, "%s: %s is %s a table", origin, name,
                     entry->type == SETTINGS_TABLE ? "to be" : "not");
  enum mulligan_status status = entry->check != NULL ? entry->check(table, origin, fault) : MULLIGAN_OK;
  if (status != MULLIGAN_OK)
    return status;
  json_t **place = slot(settings, entry);
  json_incref(table);
  json_decref(*place);
  *place = table;
  return MULLIGAN_OK;
}

static enum mulligan_status set_table_text(struct settings *settings, const struct settings_entry *entry,
                                           const char *value, const char *origin, struct fault *fault) {
  json_error_t error;
  json_t *table = json_loads(value, JSON_REJECT_DUPLICATES, &error);
  enum mulligan_status status =
      table != NULL ? settings_set_table(settings, entry->name, table, origin, fault)
                    : fault_set(fault, MULLIGAN_INVALID, "%s: %s must be a JSON object: %s at line %d, column %d",
                                origin, entry->name, error.text, error.line, error.column);
  json_decref(table);
  return status;
}

/** Sets a list from a text, taken apart at its commas; blanks around an item do not count. */
static enum mulligan_status set_list_text(struct settings *settings, const struct settings_entry *entry,
                                          const char *value, const char *origin, struct fault *fault) {
  size_t commas = 0;
  for (const char *at = value; *at != '\0'; at++)
    commas += *at == ',';
  char *copy = strdup(value);
  const char **items = calloc(commas + 1, sizeof *items);
  enum mulligan_status status;
  if (copy == NULL || items == NULL) {
    status = out_of_memory(fault);
  } else {
    size_t count = 0;
    char *rest = copy;
    for (char *item; (item = strsep(&rest, ",")) != NULL;) {
      item += strspn(item, " \t");
      size_t length = strlen(item);
      while (length > 0 && (item[length - 1] == ' ' || item[length - 1] == '\t'))
        item[--length] = '\0';
      items[count++] = item;
    }
    if (count == 1 && items[0][0] == '\0')
      count = 0; /* the empty text is the empty list */
    status = settings_set_list(settings, entry->name, items, count, origin, fault);
  }
  free(items);
  free(copy);
  return status;
}

enum mulligan_status settings_set(struct settings *settings, const char *name, const char *value, const char *origin,
                                  struct fault *fault) {
  const struct settings_entry *entry = settings_find(name);
  if (entry == NULL)
    return unknown(fault, name, origin);
  switch (entry->type) {
  case SETTINGS_TEXT:
    return set_text(settings, entry, value, origin, fault);
  case SETTINGS_INTEGER:
    return set_integer(settings, entry, value, origin, fault);
  case SETTINGS_SECONDS:
    return set_seconds(settings, entry, value, origin, fault);
  case SETTINGS_BOOLEAN:
    return set_boolean(settings, entry, value, origin, fault);
  case SETTINGS_LIST:
    return set_list_text(settings, entry, value, origin, fault);
  case SETTINGS_TABLE:
    return set_table_text(settings, entry, value, origin, fault);
  case SETTINGS_LUA:
    break;
  }
  return fault_set(fault, MULLIGAN_INVALID, "%s: %s can be set in settings.lua only", origin, entry->name);
}

enum mulligan_status settings_set_list(struct settings *settings, const char *name, const char *const *items,
                                       size_t count, const char *origin, struct fault *fault) {
  const struct settings_entry *entry = settings_find(name);
  if (entry == NULL)
    return unknown(fault, name, origin);
  if (entry->type != SETTINGS_LIST)
    return fault_set(fault, MULLIGAN_INVALID, "%s: %s is not a list", origin, name);
  if ((double)count < entry->least)
    return fault_set(fault, MULLIGAN_INVALID, "%s: %s must not be empty", origin, name);

  struct settings_list list = {.items = calloc(count + 1, sizeof *list.items)};
  if (list.items == NULL)
    return out_of_memory(fault);
  for (size_t i = 0; i < count; i++) {
    enum mulligan_status status = copy_word(&list.items[i], entry, items[i], origin, fault);
    if (status != MULLIGAN_OK) {
      list_release(&list);
      return status;
    }
    list.count++;
  }
  struct settings_list *place = slot(settings, entry);
  list_release(place);
  *place = list;
  return MULLIGAN_OK;
}

struct settings *settings_create(void) {
  struct settings *settings = calloc(1, sizeof *settings);
  for (size_t i = 0; settings != NULL && i < ENTRIES; i++) {
    if (entries[i].type == SETTINGS_LUA)
      continue;
    enum mulligan_status status = settings_set(settings, entries[i].name, entries[i].fallback, "default", NULL);
    assert(status == MULLIGAN_OK || status == MULLIGAN_NOMEM);
    if (status != MULLIGAN_OK) {
      settings_destroy(settings);
      settings = NULL;
    }
  }
  return settings;
}

void settings_destroy(struct settings *settings) {
  if (settings == NULL)
    return;
  for (size_t i = 0; i < ENTRIES; i++) {
    if (entries[i].type == SETTINGS_TEXT)
      free(*(char **)slot(settings, &entries[i]));
    else if (entries[i].type == SETTINGS_LIST)
      list_release(slot(settings, &entries[i]));
    else if (entries[i].type == SETTINGS_TABLE)
      json_decref(*(json_t **)slot(settings, &entries[i]));
  }
  free(settings);
}

void settings_variable(const struct settings_entry *entry, char variable[SETTINGS_VARIABLE_SIZE]) {
  if (entry->variable != NULL) {
    snprintf(variable, SETTINGS_VARIABLE_SIZE, "%s", entry->variable);
    return;
  }
  snprintf(variable, SETTINGS_VARIABLE_SIZE, "MULLIGAN_%s", entry->name);
  for (char *c = variable; *c != '\0'; c++)
    *c = (char)toupper((unsigned char)*c);
}

enum mulligan_status settings_from_environment(struct settings *settings, struct fault *fault) {
  for (size_t i = 0; i < ENTRIES; i++) {
    char variable[SETTINGS_VARIABLE_SIZE];
    settings_variable(&entries[i], variable);
    const char *value = getenv(variable);
    if (value == NULL)
      continue;
    enum mulligan_status status = settings_set(settings, entries[i].name, value, variable, fault);
    if (status != MULLIGAN_OK)
      return status;
  }
  return MULLIGAN_OK;
}

void settings_settle(struct settings *settings) {
  if (strcmp(settings->environment, "development") == 0)
    settings->debug = true;
}

char *settings_notebooks(const struct settings *settings) {
  if (*settings->notebooks)
    return strdup(settings->notebooks);
  size_t length = strlen(settings->scripts);
  while (length > 1 && settings->scripts[length - 1] == '/')
    length--;
  while (length > 0 && settings->scripts[length - 1] != '/')
    length--;
  char *folder = malloc(length + sizeof "notebooks");
  if (folder)
    snprintf(folder, length + sizeof "notebooks", "%.*snotebooks", (int)length, settings->scripts);
  return folder;
}

bool settings_differ(const struct settings *a, const struct settings *b, const struct settings_entry *entry) {
  const void *left = (const char *)a + entry->offset, *right = (const char *)b + entry->offset;
  switch (entry->type) {
  case SETTINGS_TEXT:
    return strcmp(*(char *const *)left, *(char *const *)right) != 0;
  case SETTINGS_INTEGER:
    return *(const int64_t *)left != *(const int64_t *)right;
  case SETTINGS_SECONDS:
    return *(const double *)left != *(const double *)right;
  case SETTINGS_BOOLEAN:
    return *(const bool *)left != *(const bool *)right;
  case SETTINGS_LIST: {
    const struct settings_list *one = left, *other = right;
    bool same = one->count == other->count;
    for (size_t i = 0; same && i < one->count; i++)
      same = strcmp(one->items[i], other->items[i]) == 0;
    return !same;
  }
  case SETTINGS_TABLE:
    return !json_equal(*(json_t *const *)left, *(json_t *const *)right);
  case SETTINGS_LUA:
    break;
  }
  return false;
}

static bool copy_value(struct settings *settings, const struct settings *from, const struct settings_entry *entry) {
  const void *value = (const char *)from + entry->offset;
  switch (entry->type) {
  case SETTINGS_TEXT:
    return set_text(settings, entry, *(char *const *)value, "", NULL) == MULLIGAN_OK;
  case SETTINGS_LIST: {
    const struct settings_list *list = value;
    return settings_set_list(settings, entry->name, (const char *const *)list->items, list->count, "", NULL) ==
           MULLIGAN_OK;
  }
  case SETTINGS_TABLE:
    return settings_set_table(settings, entry->name, *(json_t *const *)value, "", NULL) == MULLIGAN_OK;
  case SETTINGS_INTEGER:
    *(int64_t *)slot(settings, entry) = *(const int64_t *)value;
    break;
  case SETTINGS_SECONDS:
    *(double *)slot(settings, entry) = *(const double *)value;
    break;
  case SETTINGS_BOOLEAN:
    *(bool *)slot(settings, entry) = *(const bool *)value;
    break;
  case SETTINGS_LUA:
    break;
  }
  return true;
}

bool settings_keep(struct settings *settings, const struct settings *started) {
  bool kept = true;
  for (size_t i = 0; kept && i < ENTRIES; i++)
    kept = !entries[i].restart || copy_value(settings, started, &entries[i]);
  settings->debug_anyone = started->debug_anyone;
  return kept;
}
