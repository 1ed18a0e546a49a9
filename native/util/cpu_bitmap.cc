#include "util/cpu_bitmap.h"

#include <algorithm>

namespace ballast {

size_t BitmapWords(size_t cpu_count) { return (cpu_count + 31) / 32; }

size_t CpumapBytes(size_t cpu_count) { return (cpu_count + 7) / 8; }

void DecodeCpumap(const uint8_t* map, size_t length, uint32_t* words, size_t word_count) {
  std::fill(words, words + word_count, 0);
  const size_t usable = std::min(length, word_count * 4);
  for (size_t i = 0; i < usable; ++i) words[i / 4] |= uint32_t{map[i]} << (8 * (i % 4));
}

std::vector<uint8_t> EncodeCpumap(const uint32_t* words, size_t word_count, size_t cpu_count) {
  std::vector<uint8_t> map(CpumapBytes(cpu_count), 0);
  const size_t usable = std::min(map.size(), word_count * 4);
  for (size_t i = 0; i < usable; ++i) map[i] = static_cast<uint8_t>(words[i / 4] >> (8 * (i % 4)));
  if (cpu_count % 8 != 0) map.back() &= static_cast<uint8_t>((1u << (cpu_count % 8)) - 1);
  return map;
}

size_t CountCpus(const uint32_t* words, size_t word_count) {
  size_t count = 0;
  for (size_t i = 0; i < word_count; ++i) count += static_cast<size_t>(__builtin_popcount(words[i]));
  return count;
}

int32_t FirstCpu(const uint32_t* words, size_t word_count) {
  for (size_t i = 0; i < word_count; ++i) {
    if (words[i] != 0) return static_cast<int32_t>(i * 32) + __builtin_ctz(words[i]);
  }
  return -1;
}

}  // namespace ballast
