#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ballast {

// The huge pages of one size in one NUMA cell.
struct HugePagePool {
  uint32_t cell;
  uint64_t page_kib;
  uint64_t pages;  // used or not, those that the kernel made for the time being (surplus) among them
  uint64_t free;
};

// The pools of the local kernel that hold any page, by cell and size; `sys` is "/sys", or something else in
// tests. A kernel without NUMA has them in cell 0.
std::vector<HugePagePool> ReadHugePagePools(const std::string& sys);

}  // namespace ballast
