#include "fuzz.h"
#include "os/proc_text.h"

FUZZ(input) {
  const auto text = input.Rest();
  const auto vcpu = ballast::ParseVcpuThreadName(text);
  if (!vcpu) return;
  const auto again = ballast::ParseVcpuThreadName("CPU " + std::to_string(*vcpu) + "/KVM\n");
  CHECK(again.has_value());
  CHECK_EQ(*again, *vcpu);
  CHECK(text.find(std::to_string(*vcpu)) != std::string_view::npos);
}
