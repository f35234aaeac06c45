/**
 * answers.c - a script's questions, answered once and then from memory.
 *
 * Called from inside the script by way of bind_op.c, on the run's thread; raises nothing.
 */
#include "operator/answers.h"

bool answers_note(struct answers *answers, const struct op_listener *listener) {
  *answers = (struct answers){.listener = listener, .given = json_array()};
  return answers->given != NULL;
}

void answers_repeat(struct answers *answers, const json_t *given) {
  *answers = (struct answers){.given = json_incref((json_t *)given)};
}

void answers_release(struct answers *answers) {
  json_decref(answers->given);
  *answers = (struct answers){0};
}

static void say(void *context, const char *text, size_t length) {
  const struct answers *answers = context;
  if (answers->listener)
    answers->listener->say(answers->listener->context, text, length);
}

static void table(void *context, const json_t *columns, const json_t *rows) {
  const struct answers *answers = context;
  if (answers->listener)
    answers->listener->table(answers->listener->context, columns, rows);
}

static void progress(void *context, const struct op_progress *progress) {
  const struct answers *answers = context;
  if (answers->listener)
    answers->listener->progress(answers->listener->context, progress);
}

static void chart(void *context, const json_t *drawing) {
  const struct answers *answers = context;
  if (answers->listener && answers->listener->chart)
    answers->listener->chart(answers->listener->context, drawing);
}

static bool confirm(void *context, const char *question, const char *expected) {
  struct answers *answers = context;
  if (!answers->listener) {
    const json_t *answer = json_array_get(answers->given, answers->at++);
    return answer ? json_is_true(answer) : true;
  }
  bool yes = answers->listener->confirm(answers->listener->context, question, expected);
  json_array_append_new(answers->given, json_boolean(yes));
  return yes;
}

struct op_listener answers_listener(struct answers *answers) {
  return (struct op_listener){
      .context = answers, .say = say, .table = table, .progress = progress, .chart = chart, .confirm = confirm};
}
