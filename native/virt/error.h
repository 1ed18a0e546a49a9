#pragma once

#include <libvirt/libvirt.h>

#include <string>

namespace ballast {

// What libvirt reported, copied: libvirt keeps one error per thread and the next call clears it.
struct VirtError {
  int code = 0;
  int domain = 0;
  int level = 0;
  std::string message;
  std::string call;         // the libvirt call that failed; empty: none was made yet, AsyncCall names it
  std::string domain_name;  // empty: it was about no domain
};

// Thrown by everything in virt/ when a libvirt call fails.
struct VirtFailure {
  VirtError error;
};

// Copies this thread's last error.
VirtError TakeLastError(const char* call);

[[noreturn]] void ThrowLastError(const char* call);
// The same for a call about a domain, whose name is added.
[[noreturn]] void ThrowLastError(const char* call, virDomainPtr domain);

}  // namespace ballast
