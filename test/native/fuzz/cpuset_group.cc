#include "fuzz.h"
#include "os/proc_text.h"

FUZZ(input) {
  const auto text = input.Rest();
  const auto group = ballast::ParseCpusetGroup(text);
  if (!group) return;
  CHECK(!group->path.empty() && group->path.front() == '/');
  CHECK(text.find(group->path) != std::string_view::npos);
}
