/**
 * words.h - what the program says to operators, in their language.
 *
 * The English text is the key, as in the scripts' own catalogues. Read-only; any thread.
 */
#ifndef MULLIGAN_OPERATOR_WORDS_H
#define MULLIGAN_OPERATOR_WORDS_H

/** language_of_host(). */
const char *words_language(void);
/** The text in the operator's language; English where there is no other. A format keeps its conversions. */
const char *words(const char *english) __attribute__((format_arg(1)));

#endif
