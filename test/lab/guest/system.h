// What all parts of the agent ask of the kernel.
#ifndef SYSTEM_H
#define SYSTEM_H

#include <stdint.h>

typedef uint64_t u64;

u64 now_ns(void);
void sleep_ns(u64 ns);
// Says on stderr when it fails, as the agent does of all that only takes something from a test.
void write_file(const char* path, const char* text);
// Zeroes that are the same to this process and its children.
void* shared_with_children(unsigned long bytes);

#endif
