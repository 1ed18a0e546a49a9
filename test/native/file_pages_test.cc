#include "os/file_pages.h"

#include <sys/mman.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "check.h"
#include "fake_proc.h"
#include "os/fd.h"

namespace ballast {
namespace {

using test::FakeProc;

std::string Mapping(const std::string& header, const std::string& anonymous, const std::string& swap) {
  return header + "\nSize: 8 kB\nRss: 8 kB\nAnonymous: " + anonymous + " kB\nSwap: " + swap +
         " kB\nVmFlags: rd ex mr mw me\n";
}

std::string TextOf(const std::vector<AddressRange>& ranges) {
  std::string text;
  for (const auto& [begin, end] : ranges) text += std::to_string(begin) + "-" + std::to_string(end) + " ";
  return text;
}

TEST("file pages: of mappings that hold nothing but a file") {
  const std::string file = " 00001000 fe:01 12 /usr/bin/node";
  CHECK_EQ(TextOf(ParseCleanMappings(Mapping("10-20 r-xp" + file, "0", "0") +
                                     Mapping("20-30 r--p" + file + " with blanks", "0", "0"))),
           "16-32 32-48 ");
  // What the process wrote before it was protected, and what of that is swapped out, is only there.
  CHECK_EQ(TextOf(ParseCleanMappings(Mapping("10-20 r--p" + file, "4", "0"))), "");
  CHECK_EQ(TextOf(ParseCleanMappings(Mapping("10-20 r--p" + file, "0", "4"))), "");
  for (const char* header : {"10-20 rw-p 0 fe:01 12 /a", "10-20 r--s 0 fe:01 12 /a", "10-20 r--p 0 00:00 0 ",
                             "10-20 r-xp 0 00:00 0 [vdso]", "20-10 r--p 0 fe:01 12 /a", "1x-20 r--p 0 0 1 /a",
                             "r--p", "10-20", "-"}) {
    CHECK_EQ(TextOf(ParseCleanMappings(Mapping(header, "0", "0"))), "");
  }
  // Without the figures nothing is known.
  CHECK_EQ(TextOf(ParseCleanMappings("10-20 r-xp" + file + "\nAnonymous: 0 kB\n")), "");
  CHECK_EQ(TextOf(ParseCleanMappings("10-20 r-xp" + file)), "");
  CHECK_EQ(TextOf(ParseCleanMappings("")), "");
}

// KiB of a file that are in this process, by the first of its mappings with these rights.
int ResidentOf(const std::string& file, const std::string& rights) {
  const std::string smaps = ReadFile("/proc/self/smaps");
  for (size_t at = smaps.find(file); at != std::string::npos; at = smaps.find(file, at + 1)) {
    const size_t begin = smaps.rfind('\n', at) + 1;
    if (smaps.substr(begin, at - begin).find(rights) == std::string::npos) continue;
    return std::stoi(smaps.substr(smaps.find("Rss:", at) + 4));
  }
  return -1;
}

TEST("file pages: those of libraries are no longer resident, and come back when touched") {
  constexpr char kLibrary[] = "libstdc++";
  const int before = ResidentOf(kLibrary, " r-xp ");
  DropFilePages("/proc/self/smaps");
  const int after = ResidentOf(kLibrary, " r-xp ");
  CHECK(before > 0);
  CHECK(after < before);
  std::ostringstream text;
  text << 1.5 << " and " << std::boolalpha << true;
  CHECK_EQ(text.str(), "1.5 and true");
}

TEST("file pages: what else is mapped stays as it is") {
  const FakeProc files;
  const std::string path = files.path() + "/file";
  const auto size = static_cast<size_t>(16 * getpagesize());
  std::ofstream(path) << std::string(size, 'x');
  const Fd file = Fd::OpenForReading(path);
  void* memory = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  CHECK(memory != MAP_FAILED);
  const std::string text(static_cast<const char*>(memory), size);
  const int before = ResidentOf(path, " r--p ");
  CHECK(before > 0);
  DropFilePages("/proc/self/smaps");
  CHECK_EQ(ResidentOf(path, " r--p "), before);
  munmap(memory, size);
}

TEST("file pages: nothing happens where it cannot be read") {
  const FakeProc files;
  DropFilePages(files.path() + "/none");
}

}  // namespace
}  // namespace ballast
