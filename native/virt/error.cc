#include "virt/error.h"

#include <libvirt/virterror.h>

namespace ballast {

VirtError TakeLastError(const char* call) {
  VirtError result;
  result.call = call;
  if (const virErrorPtr last = virGetLastError()) {
    result.code = last->code;
    result.domain = last->domain;
    result.level = last->level;
    result.message = last->message ? last->message : "";
  }
  if (result.message.empty()) result.message = "libvirt gave no reason";
  virResetLastError();
  return result;
}

void ThrowLastError(const char* call) { throw VirtFailure{TakeLastError(call)}; }

void ThrowLastError(const char* call, virDomainPtr domain) {
  VirtError error = TakeLastError(call);  // first: every other call, also one for the name, clears it
  if (const char* name = virDomainGetName(domain)) error.domain_name = name;
  throw VirtFailure{error};
}

}  // namespace ballast
