/**
 * repl_notebook.c - `:notebook NAME`: a notebook gone through cell by cell at the prompt.
 *
 * Called by the prompt on the main thread. The notebook has a console and a plan of its own, so that what is open at
 * the prompt stays as it is. Going back makes the plan anew, by the cells before the one that is gone back to. Without
 * a terminal nobody is asked, all cells run, and nothing is saved.
 */
#include "operator/repl_do.h"

#include "operator/notebook_desk.h"
#include "operator/notebook_folder.h"
#include "operator/printable.h"
#include "operator/terminal.h"
#include "operator/words.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_CAP = 4096 };

/* ---- cell by cell ---- */

static void show_text(const struct repl *repl, const char *source) {
  repl_say(repl, REPL_PLAIN, "%s", "");
  while (*source) {
    size_t length = strcspn(source, "\n");
    struct buf line;
    buf_init(&line, REPL_TEXT_CAP);
    printable_add_lines(&line, source, length);
    repl_say(repl, *source == '#' ? REPL_BOLD : REPL_PLAIN, "%s", line.data);
    buf_release(&line);
    source += length + (source[length] ? 1 : 0);
  }
}

static void show_code(const struct repl *repl, const json_t *cell, size_t index) {
  const char *title = json_string_value(json_object_get(json_object_get(cell, "metadata"), "title"));
  const char *source = notebook_cell_source(cell);
  repl_say(repl, REPL_BOLD, "\n[%zu] %s", index + 1, title ? title : "");
  while (*source) {
    size_t length = strcspn(source, "\n");
    struct buf line;
    buf_init(&line, REPL_TEXT_CAP);
    printable_add_lines(&line, source, length);
    repl_say(repl, REPL_DIM, "%s%s", length > 0 ? "    " : "", line.data);
    buf_release(&line);
    source += length + (source[length] ? 1 : 0);
  }
}

static enum notebook_pace read_answer(const struct repl *repl, bool *known) {
  struct buf line;
  buf_init(&line, LINE_CAP);
  enum notebook_pace pace = NOTEBOOK_QUIT;
  *known = true;
  if (terminal_ask(words("Enter runs it, b goes back one, q quits: "), false, &line)) {
    if (line.length == 0)
      pace = NOTEBOOK_GO;
    else if (strcmp(line.data, "b") == 0)
      pace = NOTEBOOK_BACK;
    else if (strcmp(line.data, "q") != 0)
      *known = false;
  }
  if (!*known)
    repl_complain(repl, words("\"%s\" is none of Enter, b and q."), line.data);
  buf_release(&line);
  return pace;
}

static enum notebook_pace pace(void *context, const struct notebook *notebook, size_t index) {
  const struct repl *repl = context;
  const json_t *cell = notebook_cell(notebook, index);
  if (!notebook_cell_is_code(cell)) {
    show_text(repl, notebook_cell_source(cell));
    return NOTEBOOK_GO;
  }
  show_code(repl, cell, index);
  bool known;
  enum notebook_pace answer;
  do
    answer = read_answer(repl, &known);
  while (!known);
  return answer;
}

static bool ask(void *context, const json_t *message, struct buf *answer) {
  const json_t *content = console_content(message);
  (void)context;
  return terminal_ask(json_string_value(json_object_get(content, "prompt")),
                      json_is_true(json_object_get(content, "password")), answer);
}

/* ---- the command ---- */

/* `email=x` or `-p email=x` as `--email=x`; what is neither is complained of. The caller frees the words. */
static bool read_words(struct repl *repl, char **words_of, size_t count, char **out, size_t *out_count) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(words_of[i], "-p") == 0)
      continue;
    if (!strchr(words_of[i], '=')) {
      repl_complain(repl, words("what is \"%s\" for? Parameters are NAME=VALUE"), words_of[i]);
      return false;
    }
    size_t size = strlen(words_of[i]) + 3;
    char *word = malloc(size);
    if (!word)
      return false;
    snprintf(word, size, "--%s", words_of[i]);
    out[(*out_count)++] = word;
  }
  return true;
}

static void run(struct repl *repl, const char *name, char **given, size_t count) {
  const struct repl_options *options = repl->options;
  const struct notebook_front front = {
      .publish = repl_publish, .ask = repl->interactive ? ask : NULL, .context = repl, .width = repl_width()};
  const struct notebook_run_options how = {
      .name = name,
      .words = given,
      .word_count = count,
      .operator_name = options->operator_name,
      .apply = repl->interactive,
      .to_save = words("To save this: mulligan notebook run NAME … --apply, or :notebook at the prompt of a terminal."),
      .front = &front,
      .pace = repl->interactive ? pace : NULL,
      .out = stdout};
  struct notebook_result result = notebook_run(options->services, options->generation, &how);
  if (result.interrupted)
    repl_note(repl, REPL_INTERRUPTED);
  else if (result.outcome != JOB_APPLIED && result.outcome != JOB_PLANNED)
    repl_note(repl, result.outcome == JOB_FAILED || result.outcome == JOB_USAGE ? REPL_FAILED : REPL_REFUSED);
}

void repl_do_notebook(struct repl *repl, const char *rest) {
  char *words_of[REPL_WORDS_MOST], *given[REPL_WORDS_MOST], *line = strdup(rest);
  size_t count = line ? repl_divide(line, words_of) : 0, given_count = 0;
  if (count == 0)
    notebook_desk_list(repl->options->services->settings, false, repl_width_or(160));
  else if (read_words(repl, words_of + 1, count - 1, given, &given_count))
    run(repl, words_of[0], given, given_count);
  else
    repl_note(repl, REPL_FAILED);
  for (size_t i = 0; i < given_count; i++)
    free(given[i]);
  free(line);
}

json_t *repl_offer_notebooks(struct repl *repl) {
  json_t *files = notebook_folder_files(repl->options->services->settings), *names = json_array(), *file;
  size_t index;
  json_array_foreach(files, index, file) {
    const char *name = json_string_value(file), *end = strrchr(name, '.');
    json_array_append_new(names, json_stringn(name, end ? (size_t)(end - name) : strlen(name)));
  }
  json_decref(files);
  return names;
}
