#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ballast {

// Addresses from `begin` to before `end`.
struct AddressRange {
  uintptr_t begin;
  uintptr_t end;
};

// The mappings in /proc/self/smaps that hold nothing but what is in a file: private, not writable, and
// without a page of the process's own, in memory or swapped out.
std::vector<AddressRange> ParseCleanMappings(std::string_view smaps);

// Takes the pages of programs and libraries that this process has loaded, as far as their mappings are clean,
// out of it: those that only its start needed no longer count as its resident memory. The kernel keeps them
// as cache for as long as it likes, and the process gets one back when it touches it. `smaps` is
// /proc/self/smaps; what cannot be read or dropped stays.
void DropFilePages(const std::string& smaps);

}  // namespace ballast
