#include "os/huge_pages.h"

#include "check.h"
#include "fake_proc.h"

namespace ballast {
namespace {

using test::FakeProc;

void AddPool(const FakeProc& sys, const std::string& folder, const std::string& pages,
             const std::string& free) {
  const std::string pool = sys.path() + "/" + folder;
  std::filesystem::create_directories(pool);
  std::ofstream(pool + "/nr_hugepages") << pages << "\n";
  std::ofstream(pool + "/free_hugepages") << free << "\n";
}

std::string TextOf(const std::vector<HugePagePool>& pools) {
  std::string text;
  for (const HugePagePool& pool : pools) {
    text += std::to_string(pool.cell) + ":" + std::to_string(pool.page_kib) + "=" +
            std::to_string(pool.free) + "/" + std::to_string(pool.pages) + " ";
  }
  return text;
}

TEST("huge pages: by cell and size, those that hold any") {
  const FakeProc sys;
  const std::string nodes = "devices/system/node/";
  AddPool(sys, nodes + "node10/hugepages/hugepages-2048kB", "64", "60");
  AddPool(sys, nodes + "node0/hugepages/hugepages-1048576kB", "4", "4");
  AddPool(sys, nodes + "node0/hugepages/hugepages-2048kB", "300", "44");
  AddPool(sys, nodes + "node1/hugepages/hugepages-2048kB", "0", "0");
  AddPool(sys, "kernel/mm/hugepages/hugepages-2048kB", "364", "104");  // the sum is not counted again
  AddPool(sys, nodes + "power/hugepages/hugepages-2048kB", "7", "7");
  CHECK_EQ(TextOf(ReadHugePagePools(sys.path())), "0:2048=44/300 0:1048576=4/4 10:2048=60/64 ");
}

TEST("huge pages: in cell 0 on a kernel without NUMA; none where there are none") {
  const FakeProc sys;
  CHECK_EQ(TextOf(ReadHugePagePools(sys.path())), "");
  AddPool(sys, "kernel/mm/hugepages/hugepages-2048kB", "8", "8");
  AddPool(sys, "kernel/mm/hugepages/hugepages-64kB", "many", "8");
  CHECK_EQ(TextOf(ReadHugePagePools(sys.path())), "0:2048=8/8 ");
}

}  // namespace
}  // namespace ballast
