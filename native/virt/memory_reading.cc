#include "virt/memory_reading.h"

#include <libvirt/virterror.h>

#include <string_view>

#include "os/proc_text.h"
#include "virt/error.h"

namespace ballast {
namespace {

void StoreStat(const virDomainMemoryStatStruct& stat, MemoryReading& reading) {
  const double bytes = static_cast<double>(stat.val) * 1024;
  switch (stat.tag) {
    case VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON:
      reading[MemoryColumn::kActual] = bytes;
      break;
    case VIR_DOMAIN_MEMORY_STAT_AVAILABLE:
      reading[MemoryColumn::kAvailable] = bytes;
      break;
    case VIR_DOMAIN_MEMORY_STAT_UNUSED:
      reading[MemoryColumn::kUnused] = bytes;
      break;
    case VIR_DOMAIN_MEMORY_STAT_USABLE:
      reading[MemoryColumn::kUsable] = bytes;
      break;
    case VIR_DOMAIN_MEMORY_STAT_DISK_CACHES:
      reading[MemoryColumn::kDiskCaches] = bytes;
      break;
    case VIR_DOMAIN_MEMORY_STAT_SWAP_IN:
      reading[MemoryColumn::kSwapIn] = bytes;
      break;
    case VIR_DOMAIN_MEMORY_STAT_SWAP_OUT:
      reading[MemoryColumn::kSwapOut] = bytes;
      break;
    case VIR_DOMAIN_MEMORY_STAT_RSS:
      reading[MemoryColumn::kRss] = bytes;
      break;
    case VIR_DOMAIN_MEMORY_STAT_MAJOR_FAULT:
      reading[MemoryColumn::kMajorFaults] = static_cast<double>(stat.val);
      break;
    case VIR_DOMAIN_MEMORY_STAT_LAST_UPDATE:
      // 0: the guest never reported.
      if (stat.val > 0) reading[MemoryColumn::kLastUpdate] = static_cast<double>(stat.val) * 1000;
      break;
    default:
      break;  // what we have no column for
  }
}

MemoryStatus StatusOf(const VirtError& error) {
  switch (error.code) {
    case VIR_ERR_NO_DOMAIN:
    case VIR_ERR_OPERATION_INVALID:  // it does not run any more
      return MemoryStatus::kGone;
    case VIR_ERR_OPERATION_TIMEOUT:  // another call holds its job
      return MemoryStatus::kStuck;
    default:
      return MemoryStatus::kFailed;
  }
}

}  // namespace

void ReadLevels(const Connection& connection, const ActiveDomain& domain, MemoryReading& reading) {
  const DomainHandle handle(virDomainLookupByID(connection.get(), domain.id));
  virDomainInfo info{};
  if (!handle || virDomainGetInfo(handle.get(), &info) != 0) return;
  reading[MemoryColumn::kMaximum] = static_cast<double>(info.maxMem) * 1024;
  reading[MemoryColumn::kActual] = static_cast<double>(info.memory) * 1024;
}

void ReadProcess(const Fd& process, MemoryReading& reading) {
  if (!process.is_open()) return;
  char buffer[4096];
  const std::string_view status = process.ReadFront(buffer);
  const auto store = [&](MemoryColumn column, std::string_view field) {
    if (const auto kib = ParseMeminfo(status, field)) reading[column] = static_cast<double>(*kib) * 1024;
  };
  store(MemoryColumn::kHugePages, "HugetlbPages");
  store(MemoryColumn::kRssFile, "RssFile");
}

MemoryReading ReadStatistics(const Connection& connection, int id) {
  MemoryReading reading;
  const DomainHandle handle(virDomainLookupByID(connection.get(), id));
  virDomainMemoryStatStruct stats[VIR_DOMAIN_MEMORY_STAT_NR];
  const int count = handle ? virDomainMemoryStats(handle.get(), stats, VIR_DOMAIN_MEMORY_STAT_NR, 0) : -1;
  reading.status = count < 0 ? StatusOf(TakeLastError("virDomainMemoryStats")) : MemoryStatus::kFresh;
  for (int i = 0; i < count; ++i) StoreStat(stats[i], reading);
  return reading;
}

}  // namespace ballast
