#include <array>

#include "fuzz.h"
#include "os/proc_text.h"

FUZZ(input) {
  const auto text = input.Rest();
  std::array<uint32_t, 5> wide{};
  std::array<uint32_t, 2> narrow{};
  const bool is_list = ballast::ParseCpuList(text, wide.data(), wide.size());
  CHECK_EQ(ballast::ParseCpuList(text, narrow.data(), narrow.size()), is_list);
  if (!is_list) return;
  for (size_t i = 0; i < narrow.size(); ++i) CHECK_EQ(narrow[i], wide[i]);
  std::string written;
  for (size_t cpu = 0; cpu < 32 * wide.size(); ++cpu) {
    if ((wide[cpu / 32] >> (cpu % 32)) & 1) written += (written.empty() ? "" : ",") + std::to_string(cpu);
  }
  std::array<uint32_t, 5> again{};
  CHECK(ballast::ParseCpuList(written, again.data(), again.size()));
  CHECK(again == wide);
}
