#include "fuzz.h"
#include "os/proc_text.h"

// A field, then a text of many.
FUZZ(input) {
  const auto field = input.Until('\n');
  const auto text = input.Rest();
  const auto kib = ballast::ParseMeminfo(text, field);
  if (!kib) return;
  CHECK(text.find(std::string(field) + ":") != std::string_view::npos);
  CHECK(text.find(std::to_string(*kib)) != std::string_view::npos);
  const std::string written = std::string(field) + ": " + std::to_string(*kib) + " kB\n";
  CHECK_EQ(ballast::ParseMeminfo(written, field).value_or(*kib + 1), *kib);
}
