#include "fuzz.h"
#include "os/proc_text.h"

// The first line is a thread's name, which may be anything; the rest is what follows the name in its stat
// file.
FUZZ(input) {
  const std::string name(input.Until('\n'));
  const std::string fields(input.Rest());
  const std::string stat = "1 (" + name + ")" + fields;
  const auto start = ballast::ParseStartTime(stat);
  if (start && fields.find(')') == std::string::npos) {
    const auto unnamed = ballast::ParseStartTime("1 ()" + fields);
    CHECK(unnamed.has_value());
    CHECK_EQ(*unnamed, *start);
  }
  const auto cpu = ballast::ParseLastCpu(stat);
  if (!cpu) return;
  CHECK(*cpu >= 0);
  if (fields.find(')') != std::string::npos) return;
  const auto unnamed = ballast::ParseLastCpu("1 ()" + fields);
  CHECK(unnamed.has_value());
  CHECK_EQ(*unnamed, *cpu);
}
