#include "fuzz.h"
#include "os/proc_text.h"

FUZZ(input) {
  const auto read = ballast::ParseSchedstat(input.Rest());
  if (!read) return;
  const auto again =
      ballast::ParseSchedstat(std::to_string(read->run) + " " + std::to_string(read->delay) + " 1\n");
  CHECK(again.has_value());
  CHECK_EQ(again->run, read->run);
  CHECK_EQ(again->delay, read->delay);
}
