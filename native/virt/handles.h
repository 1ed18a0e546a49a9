#pragma once

#include <libvirt/libvirt.h>

#include <cstdlib>
#include <memory>

// Owners of what libvirt hands out.
namespace ballast {

struct FreeDomain {
  void operator()(virDomainPtr domain) const { virDomainFree(domain); }
};
using DomainHandle = std::unique_ptr<virDomain, FreeDomain>;

struct FreeStatsList {
  void operator()(virDomainStatsRecordPtr* list) const { virDomainStatsRecordListFree(list); }
};
using StatsListHandle = std::unique_ptr<virDomainStatsRecordPtr, FreeStatsList>;

struct FreeMalloc {
  void operator()(void* memory) const { free(memory); }
};
using CString = std::unique_ptr<char, FreeMalloc>;

}  // namespace ballast
