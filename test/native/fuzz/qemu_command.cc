#include "fuzz.h"
#include "os/proc_text.h"

using ballast::NamesGuest;

namespace {

// As QEMU writes a name in an option.
std::string Option(std::string_view guest) {
  std::string option = "guest=";
  for (const char c : guest) option.append(c == ',' ? 2 : 1, c);
  return option;
}

void CheckOneName(std::string_view option, std::string_view one, std::string_view other) {
  if (NamesGuest(option, one) && NamesGuest(option, other)) CHECK_EQ(one, other);
}

}  // namespace

// Two names of guests, a line each, then a command line.
FUZZ(input) {
  const std::string one(input.Until('\n'));
  const std::string other(input.Until('\n'));
  for (const char* more : {"", ",debug-threads=on"}) {
    CHECK(NamesGuest(Option(one) + more, one));
    CheckOneName(Option(one) + more, one, other);
  }
  const auto cmdline = input.Rest();
  const auto command = ballast::ParseQemuCommand(cmdline);
  if (!command) return;
  CHECK(!command->uuid.empty() && !command->name.empty());
  CHECK(cmdline.find(command->uuid) != std::string_view::npos);
  CHECK(cmdline.find(command->name) != std::string_view::npos);
  CheckOneName(command->name, one, other);
}
