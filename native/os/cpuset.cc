#include "os/cpuset.h"

#include <unistd.h>

#include <algorithm>

#include "os/fd.h"
#include "os/proc_text.h"

namespace ballast {

Cpuset::Cpuset(const std::string& proc, const std::string& cgroups, pid_t pid) {
  auto group = ParseCpusetGroup(ReadFile(proc + "/" + std::to_string(pid) + "/cgroup"));
  if (!group) return;
  const std::string root = group->unified ? cgroups : cgroups + "/cpuset";
  const char* name = group->unified ? "cpuset.cpus.effective" : "cpuset.effective_cpus";
  // Under v2 a group has the file only where the one above hands the controller on: then that one bounds it.
  for (std::string& path = group->path;;) {
    const std::string file = root + (path == "/" ? "" : path) + "/" + name;
    if (access(file.c_str(), R_OK) == 0) {
      file_ = file;
      return;
    }
    if (path == "/") return;
    path.resize(std::max<size_t>(1, path.rfind('/')));
  }
}

bool Cpuset::Read(uint32_t* words, size_t word_count) const {
  std::fill(words, words + word_count, 0);
  if (file_.empty()) return false;
  const bool is_list = ParseCpuList(ReadFile(file_), words, word_count);
  if (!is_list) std::fill(words, words + word_count, 0);
  return is_list && std::any_of(words, words + word_count, [](uint32_t word) { return word != 0; });
}

}  // namespace ballast
