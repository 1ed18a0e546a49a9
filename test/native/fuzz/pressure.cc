#include <cmath>
#include <cstdio>

#include "fuzz.h"
#include "os/proc_text.h"

FUZZ(input) {
  const auto text = input.Rest();
  const auto pressure = ballast::ParsePressure(text);
  if (!pressure) return;
  CHECK(*pressure >= 0 && *pressure <= 1);
  const long hundredths = std::lround(*pressure * 10'000);
  char written[64];
  std::snprintf(written, sizeof written, "some avg10=%ld.%02ld ", hundredths / 100, hundredths % 100);
  CHECK_EQ(ballast::ParsePressure(written).value_or(-1), *pressure);
  // 100.01 to 100.99 mean 1 as well, and there may be more zeros in front.
  if (hundredths < 10'000) CHECK(text.find(written + 11) != std::string_view::npos);
}
