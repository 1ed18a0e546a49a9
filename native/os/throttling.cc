#include "os/throttling.h"

#include <charconv>

namespace ballast {
namespace {

// Cuts the front of `text` off at `separator` and returns it.
std::string_view TakeUntil(std::string_view& text, char separator) {
  const size_t end = text.find(separator);
  const std::string_view front = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return front;
}

// Whether the group holds one vCPU's thread and nothing else.
bool IsOfOneVcpu(std::string_view path) {
  constexpr std::string_view kPrefix = "vcpu";
  const std::string_view name = path.substr(path.rfind('/') + 1);
  if (name.size() <= kPrefix.size() || name.substr(0, kPrefix.size()) != kPrefix) return false;
  return name.find_first_not_of("0123456789", kPrefix.size()) == std::string_view::npos;
}

// What a quota of the thread's own group is written in; false where it has none, or that cannot be read.
bool HasOwnQuota(const std::string& group) {
  const std::string unified = ReadFile(group + "/cpu.max");
  if (!unified.empty()) return unified.compare(0, 3, "max") != 0;
  const std::string quota = ReadFile(group + "/cpu.cfs_quota_us");
  return !quota.empty() && quota[0] != '-';
}

}  // namespace

std::optional<std::string> ParseVcpuGroup(std::string_view text) {
  std::optional<std::string> group;
  while (!text.empty()) {
    std::string_view path = TakeUntil(text, '\n');
    const std::string_view hierarchy = TakeUntil(path, ':');
    const std::string_view controllers = TakeUntil(path, ':');
    if (path.empty() || path[0] != '/') continue;
    bool has_cpu = false;
    for (std::string_view rest = controllers; !rest.empty();) has_cpu |= TakeUntil(rest, ',') == "cpu";
    // A host that has both has its quotas in the old hierarchy.
    if (has_cpu) {
      group = "/cpu" + std::string(path);
      break;
    }
    if (hierarchy == "0" && controllers.empty()) group = std::string(path);
  }
  if (group && !IsOfOneVcpu(*group)) group.reset();
  return group;
}

std::optional<uint64_t> ParseThrottled(std::string_view text) {
  while (!text.empty()) {
    std::string_view line = TakeUntil(text, '\n');
    const std::string_view name = TakeUntil(line, ' ');
    const bool is_usec = name == "throttled_usec";
    if (!is_usec && name != "throttled_time") continue;
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
    if (error != std::errc() || end != line.data() + line.size()) return std::nullopt;
    return is_usec ? value * 1000 : value;
  }
  return std::nullopt;
}

Throttling::Throttling(const std::string& tasks, const std::string& cgroups, pid_t tid) {
  const auto path = ParseVcpuGroup(ReadFile(tasks + "/" + std::to_string(tid) + "/cgroup"));
  if (!path) return;
  const std::string group = cgroups + *path;
  stat_ = Fd::OpenForReading(group + "/cpu.stat.local");
  // Reading it has the kernel add up all CPUs: it is not worth that where there is no quota.
  if (!stat_.is_open() && HasOwnQuota(group)) stat_ = Fd::OpenForReading(group + "/cpu.stat");
}

std::optional<uint64_t> Throttling::Read() {
  if (!stat_.is_open()) return std::nullopt;
  char buffer[4096];
  return ParseThrottled(stat_.ReadFront(buffer));
}

}  // namespace ballast
