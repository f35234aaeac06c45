/**
 * stuck_call.h - a call that is past its deadline in a C function, where no hook can stop it.
 *
 * A pathological pattern, a sort of millions, a disk that does not answer: such a call is put on record with its route
 * and the line it was last seen at, and its vm is given up, so that another can take its place (vm_pool_lose()). Should
 * it end after all, it fails at its deadline like any other call.
 */
#ifndef MULLIGAN_VM_STUCK_CALL_H
#define MULLIGAN_VM_STUCK_CALL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct vm;
struct watch;

enum { STUCK_CHUNK_SIZE = 256, STUCK_NAME_SIZE = 64 };

/** What is known of one; part of a vm. */
struct stuck_call {
  /* the signal handler's, until `placed` hands it over */
  bool looked;
  unsigned allocations; /* of the vm, and */
  int64_t cpu_ns;       /* the thread's processor time, when the call was first seen where it is */
  char chunk[STUCK_CHUNK_SIZE];
  int line;
  char function[STUCK_NAME_SIZE];
  char name[STUCK_NAME_SIZE]; /* of the C function that does not return; "" if it has none */
  atomic_bool placed;
  /* the watchdog's */
  bool told;
};

/** Called in the call's thread by the watchdog's signal, past the deadline: notes where the call is, if it can. */
void stuck_call_look(struct vm *vm);
/** Called in the watchdog's thread while the call is held: past the grace, tells of it, once. */
void stuck_call_late(struct watch *watch, int64_t late_ns);
/** Between two calls of one vm. */
void stuck_call_forget(struct vm *vm);

#endif
