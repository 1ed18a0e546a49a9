#include "util/cpu_bitmap.h"

#include <random>

#include "check.h"

namespace ballast {
namespace {

constexpr size_t kCounts[] = {1, 8, 9, 31, 32, 33, 63, 64, 65, 1000};

using Members = std::vector<bool>;

// The two shapes, made the slow and plain way.
std::vector<uint8_t> PlainMap(const Members& members) {
  std::vector<uint8_t> map;
  for (size_t cpu = 0; cpu < members.size(); ++cpu) {
    if (cpu % 8 == 0) map.push_back(0);
    if (members[cpu]) map.back() = static_cast<uint8_t>(map.back() | 1u << cpu % 8);
  }
  return map;
}

std::vector<uint32_t> PlainWords(const Members& members) {
  std::vector<uint32_t> words;
  for (size_t cpu = 0; cpu < members.size(); ++cpu) {
    if (cpu % 32 == 0) words.push_back(0);
    if (members[cpu]) words.back() |= uint32_t{1} << cpu % 32;
  }
  return words;
}

void CheckBothWays(const Members& members) {
  const size_t count = members.size();
  const std::vector<uint8_t> map = PlainMap(members);
  const std::vector<uint32_t> words = PlainWords(members);

  std::vector<uint32_t> decoded(BitmapWords(count), 0xdeadbeef);
  DecodeCpumap(map.data(), map.size(), decoded.data(), decoded.size());
  CHECK(decoded == words);
  CHECK(EncodeCpumap(words.data(), words.size(), count) == map);

  size_t expected_count = 0;
  int32_t expected_first = -1;
  for (size_t cpu = count; cpu-- > 0;) {
    if (!members[cpu]) continue;
    ++expected_count;
    expected_first = static_cast<int32_t>(cpu);
  }
  CHECK_EQ(CountCpus(words.data(), words.size()), expected_count);
  CHECK_EQ(FirstCpu(words.data(), words.size()), expected_first);
}

TEST("cpu bitmap: as many words and bytes as the CPUs need") {
  struct {
    size_t cpus, words, bytes;
  } const cases[] = {{0, 0, 0},  {1, 1, 1},  {8, 1, 1},  {9, 1, 2},      {32, 1, 4},
                     {33, 2, 5}, {64, 2, 8}, {65, 3, 9}, {1000, 32, 125}};
  for (const auto& c : cases) {
    CHECK_EQ(BitmapWords(c.cpus), c.words);
    CHECK_EQ(CpumapBytes(c.cpus), c.bytes);
  }
}

TEST("cpu bitmap: every single CPU, all and none, there and back") {
  for (const size_t count : kCounts) {
    CheckBothWays(Members(count, false));
    CheckBothWays(Members(count, true));
    for (size_t cpu = 0; cpu < count; ++cpu) {
      Members one(count, false);
      one[cpu] = true;
      CheckBothWays(one);
    }
  }
}

TEST("cpu bitmap: random sets, there and back") {
  std::mt19937 random(7);
  for (const size_t count : kCounts) {
    for (int turn = 0; turn < 200; ++turn) {
      Members members(count);
      for (size_t cpu = 0; cpu < count; ++cpu) members[cpu] = random() % 3 == 0;
      CheckBothWays(members);
    }
  }
}

TEST("cpu bitmap: a map shorter than the words leaves the rest empty") {
  const uint8_t map[] = {0x81, 0x01};
  uint32_t words[] = {~0u, ~0u, ~0u};
  DecodeCpumap(map, sizeof map, words, 3);
  CHECK_EQ(words[0], 0x0181u);
  CHECK_EQ(words[1], 0u);
  CHECK_EQ(words[2], 0u);
}

TEST("cpu bitmap: a map longer than the words is cut and nothing written beyond") {
  const std::vector<uint8_t> map(1024, 0xff);
  std::vector<uint32_t> words(1);  // ASan watches what lies behind it
  DecodeCpumap(map.data(), map.size(), words.data(), words.size());
  CHECK_EQ(words[0], ~0u);
}

TEST("cpu bitmap: CPUs that the host does not have are dropped for libvirt") {
  const std::vector<uint32_t> words(32, ~0u);
  for (const size_t count : kCounts) {
    CHECK(EncodeCpumap(words.data(), words.size(), count) == PlainMap(Members(count, true)));
  }
  CHECK(EncodeCpumap(words.data(), words.size(), 0).empty());
}

TEST("cpu bitmap: words fewer than the host's CPUs leave the rest out") {
  const uint32_t words[] = {1};
  const std::vector<uint8_t> map = EncodeCpumap(words, 1, 1000);
  CHECK_EQ(map.size(), 125u);
  CHECK_EQ(static_cast<int>(map[0]), 1);
  for (size_t i = 1; i < map.size(); ++i) CHECK_EQ(static_cast<int>(map[i]), 0);
}

TEST("cpu bitmap: no words at all is the empty set") {
  CHECK_EQ(CountCpus(nullptr, 0), 0u);
  CHECK_EQ(FirstCpu(nullptr, 0), -1);
  DecodeCpumap(nullptr, 0, nullptr, 0);
}

}  // namespace
}  // namespace ballast
