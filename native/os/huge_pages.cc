#include "os/huge_pages.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <tuple>

#include "os/fd.h"
#include "os/proc_text.h"

namespace ballast {
namespace {

std::vector<std::string> NamesIn(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  return names;
}

// The pools of one folder, which has one for each size: hugepages-2048kB.
void AddPools(const std::string& directory, uint32_t cell, std::vector<HugePagePool>& pools) {
  for (const std::string& name : NamesIn(directory)) {
    const auto page_kib = ParseNumberBetween(name, "hugepages-", "kB");
    if (!page_kib) continue;
    const std::string pool = directory + "/" + name;
    const uint64_t pages = ParseCount(ReadFile(pool + "/nr_hugepages")).value_or(0);
    if (pages == 0) continue;
    pools.push_back({cell, *page_kib, pages, ParseCount(ReadFile(pool + "/free_hugepages")).value_or(0)});
  }
}

}  // namespace

std::vector<HugePagePool> ReadHugePagePools(const std::string& sys) {
  std::vector<HugePagePool> pools;
  const std::string nodes = sys + "/devices/system/node";
  bool has_cells = false;
  for (const std::string& name : NamesIn(nodes)) {
    const auto cell = ParseNumberBetween(name, "node", "");
    if (!cell || *cell > UINT32_MAX) continue;
    has_cells = true;
    AddPools(nodes + "/" + name + "/hugepages", static_cast<uint32_t>(*cell), pools);
  }
  if (!has_cells) AddPools(sys + "/kernel/mm/hugepages", 0, pools);
  std::sort(pools.begin(), pools.end(), [](const HugePagePool& a, const HugePagePool& b) {
    return std::tie(a.cell, a.page_kib) < std::tie(b.cell, b.page_kib);
  });
  return pools;
}

}  // namespace ballast
