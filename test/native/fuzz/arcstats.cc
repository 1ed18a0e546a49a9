#include "fuzz.h"
#include "os/proc_text.h"

FUZZ(input) {
  const auto text = input.Rest();
  const auto bytes = ballast::ParseReclaimableArc(text);
  if (bytes) CHECK(text.find("c_min") != std::string_view::npos);
}
