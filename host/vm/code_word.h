/**
 * code_word.h - the words of a Lua text, whole or still being typed.
 *
 * Works on bytes, knows no grammar and never fails: what Lua would refuse is a symbol. Any thread.
 */
#ifndef MULLIGAN_VM_CODE_WORD_H
#define MULLIGAN_VM_CODE_WORD_H

#include <stdbool.h>
#include <stddef.h>

enum code_word_kind {
  CODE_WORD_NAME, /* keywords are names too */
  CODE_WORD_NUMBER,
  CODE_WORD_STRING, /* short or long */
  CODE_WORD_COMMENT,
  CODE_WORD_SYMBOL /* one byte, but `..`, `...`, `::`, `==`, `~=`, `<=`, `>=`, `//`, `<<` and `>>` */
};

struct code_word {
  enum code_word_kind kind;
  size_t start, end; /* the bytes of the text that it takes */
  size_t body;       /* of a string: where its content begins */
  bool open;         /* a string or comment that the text's end cut off */
};

/** The next word from `*at` on, behind which `*at` is then; false at the text's end. */
bool code_word_next(const char *text, size_t length, size_t *at, struct code_word *out);
/** Is it exactly this word? */
bool code_word_is(const char *text, const struct code_word *found, const char *word);

/**
 * Takes the attribute `<const>` off every `local` name, in place, leaving blanks: Lua makes a constant of such a
 * variable, which is then in no frame to be found. A text that compiles means the same after as before, but for
 * assignments to them, which compiling it before refuses. True if another attribute is there, which `<close>` is.
 */
bool code_word_blank_constants(char *text, size_t length);

#endif
