/**
 * language.h - the language of this host's people: what its environment says.
 */
#ifndef MULLIGAN_BASE_LANGUAGE_H
#define MULLIGAN_BASE_LANGUAGE_H

/** "ko" if LC_ALL, LC_MESSAGES or LANG (the first that is set) says Korean, else "en". Any thread. */
const char *language_of_host(void);

#endif
