#include "util/cpu_bitmap.h"

#include "fuzz.h"

using namespace ballast;

// A number of CPUs, a number of words, then a cpumap as libvirt hands it over.
FUZZ(input) {
  const size_t cpu_count = input.As<uint16_t>() % 1'500;
  const size_t word_count = input.As<uint8_t>() % 40;
  const auto bytes = input.Rest();
  const std::vector<uint8_t> given(bytes.begin(), bytes.end());

  std::vector<uint32_t> words(word_count, 0xdeadbeef);
  DecodeCpumap(given.data(), given.size(), words.data(), words.size());
  for (size_t cpu = 0; cpu < word_count * 32; ++cpu) {
    const bool expected = cpu / 8 < given.size() && (given[cpu / 8] >> (cpu % 8) & 1) != 0;
    CHECK_EQ((words[cpu / 32] >> (cpu % 32) & 1) != 0, expected);
  }

  const int32_t first = FirstCpu(words.data(), words.size());
  const size_t count = CountCpus(words.data(), words.size());
  CHECK_EQ(first < 0, count == 0);
  CHECK(count <= word_count * 32);
  if (first >= 0) CHECK((words[static_cast<size_t>(first) / 32] >> (first % 32) & 1) != 0);

  const auto map = EncodeCpumap(words.data(), words.size(), cpu_count);
  CHECK_EQ(map.size(), CpumapBytes(cpu_count));
  std::vector<uint32_t> again(BitmapWords(cpu_count), 0xdeadbeef);
  DecodeCpumap(map.data(), map.size(), again.data(), again.size());
  for (size_t cpu = 0; cpu < again.size() * 32; ++cpu) {
    const bool expected =
        cpu < cpu_count && cpu / 32 < words.size() && (words[cpu / 32] >> (cpu % 32) & 1) != 0;
    CHECK_EQ((again[cpu / 32] >> (cpu % 32) & 1) != 0, expected);
  }
}
