#pragma once

#include <sys/types.h>

#include <string>

namespace ballast {

// What tells this run of a process from every other, also after a boot of the host: the kernel's boot id and
// the process's start in clock ticks since then. Process ids, and the ids that libvirt gives to domains,
// repeat. Empty: the process has ended, or `proc` ("/proc"; something else in tests) does not say.
std::string RunOfProcess(const std::string& proc, pid_t pid);

}  // namespace ballast
