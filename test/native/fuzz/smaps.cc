#include "fuzz.h"
#include "os/file_pages.h"

FUZZ(input) {
  const auto text = input.Rest();
  for (const auto& [begin, end] : ballast::ParseCleanMappings(text)) CHECK(begin < end);
}
