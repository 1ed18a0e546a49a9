// The memory program of a guest: a child that the OOM killer prefers, so that the agent lives to tell.
#ifndef MEMORY_H
#define MEMORY_H

#include "system.h"

#define MAX_CHUNKS 65536

struct order {
  char kind;  // + take, - give, g grow, t touch, s still
  double mib, seconds, limit;
};

// What it holds.
extern u64* held_mib;
// Times that it died without being told to.
extern int killed;

// Before any of the rest.
void prepare_memory(void);
void order_memory(struct order order);
// Notes whether it died; before its figures are read.
void notice_dead_holder(void);

#endif
