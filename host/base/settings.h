/**
 * settings.h - what the operator of this host may set, in one table.
 *
 * Defaults, then scripts/settings.lua, then the environment (MULLIGAN_ and the setting's upper-case name), then
 * flags; each later one wins. A value is checked where it is set, and a refusal names the setting, the value and
 * the bound. After start-up a settings object is read-only and shared by all threads.
 */
#ifndef MULLIGAN_BASE_SETTINGS_H
#define MULLIGAN_BASE_SETTINGS_H

#include "base/fault.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct settings_list {
  char **items; /* NULL-terminated */
  size_t count;
};

enum settings_type {
  SETTINGS_TEXT,    /* char * */
  SETTINGS_INTEGER, /* int64_t, in [least, most] */
  SETTINGS_SECONDS, /* double, in [least, most] */
  SETTINGS_BOOLEAN, /* bool; true or false, yes or no, on or off, 1 or 0 */
  SETTINGS_LIST,    /* struct settings_list; in the environment separated by commas */
  SETTINGS_TABLE,   /* json_t *, an object; in the environment as JSON */
  SETTINGS_LUA      /* known by name, kept and checked on the Lua side only (tables) */
};

struct settings {
  /* where */
  char *data;      /* the data folder */
  char *scripts;   /* the scripts folder */
  char *notebooks; /* the notebooks folder */
  /* serving */
  char *host;
  int64_t port;
  int64_t threads;           /* civetweb workers, that is, connections served at a time */
  int64_t bundles;           /* Lua states with their database connection; 0: four per core */
  double keep_alive_timeout; /* seconds an idle connection is kept */
  double request_timeout;    /* seconds a client may take to send a request */
  double pool_wait;          /* seconds a request waits for a free bundle before 503 */
  double deadline;           /* seconds a handler may run */
  double load_deadline;      /* seconds the scripts may take to load */
  double drain_timeout;      /* seconds a graceful stop waits for what is in flight */
  int64_t body_limit;        /* bytes of a request body */
  int64_t memory_limit;      /* bytes of Lua memory per bundle */
  int64_t response_limit;    /* bytes of a response's body */
  double stuck_grace;        /* seconds past its deadline after which a call is stuck */
  int64_t lost_bundles;      /* stuck ones that are replaced */
  double write_wait;         /* seconds a writer waits for its turn at the database */
  /* behaviour */
  char *environment; /* production, development, or the team's own word */
  char *log_level;
  char *report_to;         /* whom a user should tell about a 500 */
  char *exception_handler; /* "module.function", called (exc, context) */
  char *non_field_errors_key;
  int64_t unhandled_app_code; /* 0: none */
  struct settings_list parsers;
  struct settings_list renderers;
  struct settings_list error_renderers; /* the forms of 5xx and of 404s of no route */
  struct settings_list scrub_names;     /* secret names beside the built-in ones */
  int64_t error_storm_limit;            /* errors of one group and minute that are stored whole */
  double error_keep;                    /* seconds errors are kept; 0: for ever */
  double plan_keep;                     /* seconds plans are kept; 0: for ever */
  double run_keep;                      /* seconds the files of notebooks' runs are kept; 0: for ever */
  struct settings_list bookkeeping;     /* the columns a change to which is no edit */
  int64_t hash_concurrency;             /* password hashes computed at a time */
  bool watch;                           /* load the scripts anew when they change */
  /* logs */
  char *log_format;         /* plain or json */
  int64_t log_size;         /* bytes after which a log file gives way to a new one */
  int64_t log_files;        /* old ones that are kept */
  bool access_log;          /* logs/access.log */
  bool request_log;         /* the table in requests.db */
  int64_t request_log_rate; /* rows a second above which it samples */
  int64_t request_log_rows; /* rows that are kept */
  double request_log_keep;  /* seconds they are kept; 0: for ever */
  /* alerts */
  json_t *alerts;       /* what alerts, and how often: alert_rules.h */
  double alert_timeout; /* seconds that one attempt to deliver a message may take */
  char *public_url;     /* where people reach this host, for links; "" for none */
  char *slack_token, *slack_channel, *slack_webhook_url, *slack_api_url;
  char *mail_server, *mail_username, *mail_password, *mail_from;
  int64_t mail_port;
  bool mail_use_tls;
  struct settings_list admins; /* who gets mail */
  bool debug;                  /* debug mode: by itself or by the environment; see settings_settle() */
  bool debug_anyone;           /* --debug-anyone, no setting: debug mode shows itself to other machines too */
};

struct settings_entry {
  const char *name;
  enum settings_type type;
  size_t offset;        /* in struct settings; unused for SETTINGS_LUA */
  const char *fallback; /* the default, in the form that the environment takes */
  double least, most;   /* of a number; a text or list with least 1 must not be empty */
  const char *choices;  /* the words a text or a list may hold, separated by commas; NULL: any */
  const char *alphabet; /* the characters a text may hold; NULL: any but control characters */
  const char *help;     /* one sentence, for `--help` and the README */
  bool restart;         /* a running program keeps the value it was started with */
  const char *variable; /* in the environment; NULL: MULLIGAN_ and the name in capitals */
  bool secret;          /* no message, no page and no script is told the value */
  /** Of a table: refuses a wrong one, naming what is wrong in it. */
  enum mulligan_status (*check)(const json_t *table, const char *origin, struct fault *fault);
};

/** The table of all settings, `*count` rows; static. */
const struct settings_entry *settings_entries(size_t *count);
/** The row of this name, or NULL. */
const struct settings_entry *settings_find(const char *name);
/** The name nearest to a misspelt one, or NULL if none is near. */
const char *settings_nearest(const char *name);

/** Makes an object with every default; NULL when out of memory. The caller ends it with settings_destroy(). */
struct settings *settings_create(void);
void settings_destroy(struct settings *settings);
/**
 * Sets one by its text form. MULLIGAN_INVALID names what is wrong and `origin` (a file, a variable, a flag), for an
 * unknown name the nearest one, too; the old value then stays. Seconds may be written as 2.5, 500ms, 20s, 5m.
 */
enum mulligan_status settings_set(struct settings *settings, const char *name, const char *value, const char *origin,
                                  struct fault *fault);
/** Sets a list from separate items, which may hold commas. */
enum mulligan_status settings_set_list(struct settings *settings, const char *name, const char *const *items,
                                       size_t count, const char *origin, struct fault *fault);
/** Sets a table, of which it keeps a reference. */
enum mulligan_status settings_set_table(struct settings *settings, const char *name, json_t *table, const char *origin,
                                        struct fault *fault);
enum { SETTINGS_VARIABLE_SIZE = 80 };
/** Writes the name of the variable that sets this one. */
void settings_variable(const struct settings_entry *entry, char variable[SETTINGS_VARIABLE_SIZE]);
/** Applies every MULLIGAN_… variable that names a setting; an unknown MULLIGAN_ variable is left alone. */
enum mulligan_status settings_from_environment(struct settings *settings, struct fault *fault);
/** Is this setting another one in `b` than in `a`? False for one of the Lua side. */
bool settings_differ(const struct settings *a, const struct settings *b, const struct settings_entry *entry);
/** Puts back into `settings` what a program that was started with `started` keeps until it is started again; false when
 * out of memory. */
bool settings_keep(struct settings *settings, const struct settings *started);
/** To be called once all are set: fills in what follows from another one. The environment "development" turns debug
 * mode on. */
void settings_settle(struct settings *settings);
/** The notebooks folder: the setting, or `notebooks` beside the scripts folder. The caller frees it; NULL when out of
 * memory. */
char *settings_notebooks(const struct settings *settings);

#endif
