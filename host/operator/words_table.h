/**
 * words_table.h - the tables that words() looks texts up in, beside its own.
 */
#ifndef MULLIGAN_OPERATOR_WORDS_TABLE_H
#define MULLIGAN_OPERATOR_WORDS_TABLE_H

struct words_entry {
  const char *english, *korean;
};

/** What the console and its prompt say; ended by a row without a text. */
extern const struct words_entry words_of_console[];
/** What notebooks' runs say; likewise. */
extern const struct words_entry words_of_notebooks[];
/** What the command `alerts` says; likewise. */
extern const struct words_entry words_of_alerts[];
/** What the command `requests` says; likewise. */
extern const struct words_entry words_of_requests[];

#endif
