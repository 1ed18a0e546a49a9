#include "os/file_pages.h"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <new>
#include <optional>

#include "os/fd.h"

namespace ballast {
namespace {

// Cuts the next field, which ends at blanks, off the front of `line`.
std::string_view TakeField(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  const std::string_view field = line.substr(0, line.find_first_of(" \t"));
  line.remove_prefix(field.size());
  return field;
}

std::optional<uintptr_t> ParseHex(std::string_view text) {
  uintptr_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "7f1c-7f2d r-xp 00001000 fe:01 1234 /usr/bin/node": the range of a mapping of a file that is private and
// not writable.
std::optional<AddressRange> ParseHeader(std::string_view line) {
  const std::string_view range = TakeField(line);
  const size_t dash = range.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto begin = ParseHex(range.substr(0, dash));
  const auto end = ParseHex(range.substr(dash + 1));
  const std::string_view rights = TakeField(line);
  TakeField(line);  // offset
  TakeField(line);  // device
  TakeField(line);  // inode
  const std::string_view path = TakeField(line);
  if (!begin || !end || *begin >= *end || path.empty() || path[0] != '/') return std::nullopt;
  if (rights.size() != 4 || rights[1] != '-' || rights[3] != 'p') return std::nullopt;
  return AddressRange{*begin, *end};
}

void Drop(const AddressRange& range) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  madvise(reinterpret_cast<void*>(range.begin), range.end - range.begin, MADV_DONTNEED);
}

struct Search {
  const std::string smaps;
  std::optional<std::vector<AddressRange>> clean;
};

// Called for each loaded object, under the loader's lock: meanwhile none is unloaded, and nothing else can
// come to be where it is. So the mappings are read here, and of nothing but objects.
int DropOfObject(dl_phdr_info* object, size_t, void* data) {
  auto& search = *static_cast<Search*>(data);
  try {
    if (!search.clean) search.clean = ParseCleanMappings(ReadFile(search.smaps));
  } catch (const std::bad_alloc&) {
    return 1;
  }
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const auto page = static_cast<uintptr_t>(getpagesize());
    const uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
    const uintptr_t first = begin / page * page;
    const uintptr_t last = (begin + segment.p_memsz + page - 1) / page * page;
    for (const AddressRange& range : *search.clean) {
      if (range.begin >= first && range.end <= last) Drop(range);
    }
  }
  return 0;
}

// Whether a line begins a mapping: others begin with the name of a figure and a colon.
bool IsHeader(std::string_view line) {
  const std::string_view first = TakeField(line);
  return !first.empty() && first.back() != ':';
}

}  // namespace

std::vector<AddressRange> ParseCleanMappings(std::string_view smaps) {
  std::vector<AddressRange> clean;
  std::optional<AddressRange> mapping;
  bool has_anonymous = true;
  bool has_swap = true;
  const auto finish = [&] {
    if (mapping && !has_anonymous && !has_swap) clean.push_back(*mapping);
    mapping.reset();
    has_anonymous = has_swap = true;  // unless it is said that there is none
  };
  while (!smaps.empty()) {
    std::string_view line = smaps.substr(0, smaps.find('\n'));
    smaps.remove_prefix(std::min(line.size() + 1, smaps.size()));
    if (IsHeader(line)) {
      finish();
      mapping = ParseHeader(line);
      continue;
    }
    const std::string_view name = TakeField(line);
    const bool is_none = TakeField(line) == "0";
    if (name == "Anonymous:") has_anonymous = !is_none;
    if (name == "Swap:") has_swap = !is_none;
  }
  finish();
  return clean;
}

void DropFilePages(const std::string& smaps) {
  Search search{smaps, std::nullopt};
  dl_iterate_phdr(DropOfObject, &search);
}

}  // namespace ballast
