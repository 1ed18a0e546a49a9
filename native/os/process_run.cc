#include "os/process_run.h"

#include "os/fd.h"
#include "os/proc_text.h"

namespace ballast {

std::string RunOfProcess(const std::string& proc, pid_t pid) {
  std::string boot_id = ReadFile(proc + "/sys/kernel/random/boot_id");
  while (!boot_id.empty() && boot_id.back() == '\n') boot_id.pop_back();
  const auto start = ParseStartTime(ReadFile(proc + "/" + std::to_string(pid) + "/stat"));
  if (boot_id.empty() || !start) return {};
  return boot_id + "/" + std::to_string(*start);
}

}  // namespace ballast
