/**
 * repl_command.c - the commands of the prompt that begin with a colon.
 *
 * Called by the prompt on the main thread. Here are their names, what may follow them, and those that concern the
 * session itself; the others are in repl_look.c and repl_work.c.
 */
#include "operator/repl_do.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/spelling.h"
#include "operator/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CODE_CAP = 1 << 20, INPUTS_LISTED = 40 };

struct command {
  const char *name, *takes, *help;
  void (*run)(struct repl *repl, const char *rest);
  /** A list of what may follow; NULL where nothing is known. */
  json_t *(*offer)(struct repl *repl);
};

static const struct command commands[];

/* ---- the session ---- */

static void run_edit(struct repl *repl, const char *rest) {
  (void)rest;
  const char *editor = getenv("VISUAL") ? getenv("VISUAL") : getenv("EDITOR");
  char path[] = "/tmp/mulligan-XXXXXX.lua", command[4200];
  if (!repl->interactive) {
    repl_complain(repl, "%s", words("An editor needs a terminal."));
    return;
  }
  int fd = mkstemps(path, 4);
  if (fd < 0) {
    repl_complain(repl, "%s: %s", path, strerror(errno));
    return;
  }
  ssize_t written = write(fd, repl->last.data, repl->last.length);
  close(fd);
  snprintf(command, sizeof command, "%s %s", editor && *editor ? editor : "vi", path);
  int status = written == (ssize_t)repl->last.length ? system(command) : -1;
  struct fault fault;
  buf_clear(&repl->prefill, REPL_INPUT_MOST);
  if (status != 0)
    repl_complain(repl, words("The editor did not end well: %s"), command);
  else if (file_read(path, &repl->prefill, &fault) != MULLIGAN_OK)
    repl_complain(repl, "%s", fault.message);
  while (repl->prefill.length > 0 && repl->prefill.data[repl->prefill.length - 1] == '\n')
    repl->prefill.data[--repl->prefill.length] = '\0';
  unlink(path);
}

static void run_time(struct repl *repl, const char *rest) {
  (void)rest;
  repl->shows_time = !repl->shows_time;
  repl_say(repl, REPL_PLAIN, "%s",
           repl->shows_time ? words("The time that each input takes is shown.")
                            : words("The time that each input takes is not shown."));
}

static void run_history(struct repl *repl, const char *rest) {
  (void)rest;
  if (!repl->history)
    return;
  const json_t *inputs = repl_history_inputs(repl->history);
  size_t count = json_array_size(inputs);
  struct buf text;
  buf_init(&text, REPL_TEXT_CAP);
  for (size_t i = count > INPUTS_LISTED ? count - INPUTS_LISTED : 0; i < count; i++) {
    const json_t *entry = json_array_get(inputs, i);
    const char *at = json_string_value(json_object_get(entry, "at"));
    int64_t us = 0;
    char shown[32] = "";
    struct tm local;
    clock_parse_rfc3339(at, strlen(at), &us);
    time_t seconds = (time_t)(us / 1000000);
    if (localtime_r(&seconds, &local))
      strftime(shown, sizeof shown, "%Y-%m-%d %H:%M:%S", &local);
    buf_addf(&text, "%s  ", shown);
    for (const char *c = json_string_value(json_object_get(entry, "input")); *c; c++)
      if (*c == '\n')
        buf_addf(&text, "\n%21s", "");
      else
        buf_add_char(&text, *c);
    buf_add_char(&text, '\n');
  }
  repl_show_buf(repl, &text);
}

static void run_quit(struct repl *repl, const char *rest) {
  (void)rest;
  repl->leaving = true;
}

/* What stands under a name, or all commands. */
static void run_help(struct repl *repl, const char *rest) {
  if (*rest) {
    json_t *reply =
        repl_request(repl, "inspect_request", json_pack("{s:s, s:i}", "code", rest, "cursor_pos", (int)strlen(rest)));
    const json_t *content = console_content(reply);
    const json_t *text = json_object_get(json_object_get(content, "data"), "text/plain");
    if (json_is_true(json_object_get(content, "found")))
      repl_show_text(repl, json_string_value(text), json_string_length(text));
    else
      repl_complain(repl, words("There is nothing under the name %s."), rest);
    json_decref(reply);
    return;
  }
  struct buf text;
  buf_init(&text, REPL_TEXT_CAP);
  buf_addf(&text, "%s\n\n", words("Type Lua, or one of these:"));
  for (const struct command *command = commands; command->name; command++) {
    int width = buf_addf(&text, "  :%s %s", command->name, command->takes)
                    ? (int)(strlen(command->name) + strlen(command->takes)) + 4
                    : 0;
    buf_addf(&text, "%*s%s\n", width < 20 ? 20 - width : 1, "", words(command->help));
  }
  buf_addf(
      &text, "\n%s\n",
      words("db.query \"SELECT …\" reads; db.exec \"UPDATE …\" and the operator scripts change, on a copy: nothing "
            "is saved before :apply.\nTab completes, the arrow keys bring back what was typed, _ is the last "
            "value, Ctrl-C stops, Ctrl-D leaves."));
  repl_show_buf(repl, &text);
}

static const struct command commands[] = {
    {"help", "[NAME]", "these commands, or what stands under a name", run_help, NULL},
    {"sql", "SQL", "runs SQL", repl_do_sql, NULL},
    {"tables", "", "the tables and their columns", repl_do_tables, NULL},
    {"schema", "TABLE", "a table's columns", repl_do_schema, repl_offer_tables},
    {"run", "[NAME]", "runs an operator script, asking what it needs; alone: lists them", repl_do_run,
     repl_offer_scripts},
    {"notebook", "[NAME]", "goes through a notebook, cell by cell; alone: lists them", repl_do_notebook,
     repl_offer_notebooks},
    {"plan", "", "what would be saved", repl_do_plan, NULL},
    {"apply", "", "shows the plan and, once confirmed, saves exactly that", repl_do_apply, NULL},
    {"discard", "", "gives the plan up", repl_do_discard, NULL},
    {"undo", "[RUN]", "takes back a saved run; alone: the newest", repl_do_undo, repl_offer_runs},
    {"audit", "[RUN]", "who changed what and when; a run in full", repl_do_audit, repl_offer_runs},
    {"errors", "", "the newest errors", repl_do_errors, NULL},
    {"error", "REF", "an error in full", repl_do_error, repl_offer_errors},
    {"edit", "", "the last input in $EDITOR", run_edit, NULL},
    {"history", "", "what was typed, and when", run_history, NULL},
    {"time", "", "shows the time that each input takes, or not", run_time, NULL},
    {"quit", "", "leaves, as Ctrl-D", run_quit, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

/* ---- the line ---- */

static const struct command *find_command(const char *name, size_t length) {
  for (const struct command *command = commands; command->name; command++)
    if (strlen(command->name) == length && strncmp(command->name, name, length) == 0)
      return command;
  return NULL;
}

static const struct command *find_near(const char *name, size_t length) {
  const struct command *best = NULL;
  size_t least = SIZE_MAX;
  for (const struct command *command = commands; command->name; command++) {
    size_t distance = spelling_distance(command->name, strlen(command->name), name, length);
    if (distance < least && spelling_is_near(length, distance)) {
      least = distance;
      best = command;
    }
  }
  return best;
}

void repl_command(struct repl *repl, const char *line) {
  const char *name = line + 1;
  size_t length = strcspn(name, " \t\n");
  char *rest = strdup(name + length + strspn(name + length, " \t\n"));
  for (size_t end = rest ? strlen(rest) : 0; end > 0 && strchr(" \t\n", rest[end - 1]); end--)
    rest[end - 1] = '\0';
  const struct command *command = find_command(name, length), *near = command ? NULL : find_near(name, length);
  if (command && rest) {
    command->run(repl, rest);
  } else {
    if (near)
      repl_complain(repl, words("There is no command :%.*s; did you mean :%s?"), (int)length, name, near->name);
    else
      repl_complain(repl, words("There is no command :%.*s; `:help` lists them."), (int)length, name);
    repl_note(repl, REPL_FAILED);
  }
  free(rest);
}

/* SQL behind :sql is completed as the same SQL inside a string. */
static json_t *complete_sql(struct repl *repl, const char *line, size_t behind, size_t cursor, size_t *start) {
  static const char before[] = "db.query [[";
  struct buf code;
  buf_init(&code, CODE_CAP);
  buf_addf(&code, "%s%s", before, line + behind);
  size_t characters = 0, at = strlen(before) + cursor - behind;
  for (size_t i = 0; i < at; i++)
    characters += (code.data[i] & 0xC0) != 0x80;
  json_t *reply = repl_request(repl, "complete_request",
                               json_pack("{s:s, s:I}", "code", code.data, "cursor_pos", (json_int_t)characters));
  const json_t *content = console_content(reply);
  size_t typed = characters - (size_t)json_integer_value(json_object_get(content, "cursor_start"));
  *start = cursor - typed; /* what is replaced is a name, of single bytes */
  json_t *matches = json_incref(json_object_get(content, "matches"));
  json_decref(reply);
  buf_release(&code);
  return matches;
}

json_t *repl_command_complete(struct repl *repl, const char *line, size_t cursor, size_t *start) {
  size_t name = strcspn(line + 1, " ") + 1;
  json_t *candidates = NULL, *matches = json_array(), *candidate;
  size_t index;
  const struct command *command = find_command(line + 1, name - 1);
  *start = cursor;
  while (*start > 1 && line[*start - 1] != ' ')
    (*start)--;
  if (cursor <= name) {
    *start = 1;
    candidates = json_array();
    for (const struct command *each = commands; each->name; each++)
      json_array_append_new(candidates, json_string(each->name));
  } else if (command && command->run == repl_do_sql) {
    json_decref(matches);
    size_t behind = name + strspn(line + name, " ");
    return complete_sql(repl, line, behind < cursor ? behind : cursor, cursor, start);
  } else if (command && command->offer) {
    candidates = command->offer(repl);
  }
  json_array_foreach(candidates, index, candidate) {
    const char *text = json_string_value(candidate);
    if (text && strncmp(text, line + *start, cursor - *start) == 0)
      json_array_append(matches, candidate);
  }
  json_decref(candidates);
  return matches;
}
