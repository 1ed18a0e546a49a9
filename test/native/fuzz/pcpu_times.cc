#include <cmath>

#include "fuzz.h"
#include "os/proc_text.h"

// Two readings of /proc/stat, with a NUL between them.
FUZZ(input) {
  const auto before = ballast::ParsePcpuTimes(input.Until('\0'));
  const auto now = ballast::ParsePcpuTimes(input.Rest());
  CHECK(before.size() <= 1 << 16);
  for (size_t cpu = 0; cpu < before.size() && cpu < now.size(); ++cpu) {
    const double busy = ballast::BusyBetween(before[cpu], now[cpu]);
    CHECK(std::isnan(busy) || (busy >= 0 && busy <= 1));
  }
}
