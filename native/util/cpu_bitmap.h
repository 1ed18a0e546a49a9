#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

// CPU sets in two shapes: libvirt's cpumaps are bytes, least significant bit first; a Sample holds words
// of 32 bits, so that JavaScript's bit operators work on them as they are.
namespace ballast {

// Words of 32 bits that hold a set of `cpu_count` CPUs.
size_t BitmapWords(size_t cpu_count);
// Bytes of a libvirt cpumap for `cpu_count` CPUs (VIR_CPU_MAPLEN).
size_t CpumapBytes(size_t cpu_count);

// Decodes a cpumap of `length` bytes into `words` words, which are overwritten; bits beyond them are dropped.
void DecodeCpumap(const uint8_t* map, size_t length, uint32_t* words, size_t word_count);

// Encodes words into a cpumap for `cpu_count` CPUs; bits beyond that are dropped.
std::vector<uint8_t> EncodeCpumap(const uint32_t* words, size_t word_count, size_t cpu_count);

// How many CPUs are in the set.
size_t CountCpus(const uint32_t* words, size_t word_count);
// The lowest CPU in the set; -1 when it is empty.
int32_t FirstCpu(const uint32_t* words, size_t word_count);

}  // namespace ballast
