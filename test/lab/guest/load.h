// The CPU loads of a guest: a worker on every vCPU.
#ifndef LOAD_H
#define LOAD_H

#include "system.h"

// Rounds of work in one ms.
extern u64 rounds_per_ms;
// The name of the load that runs.
extern const char* load;

// Before any of the rest.
void prepare_loads(void);
// A chain of dependent operations: nothing to vectorise, reorder or keep in a cache.
void burn(u64 rounds);
void start_load(const char* name, double work_ms, double sleep_ms);
void stop_load(void);
// Rounds of all loads since the guest booted.
u64 worked_by_all(void);

#endif
