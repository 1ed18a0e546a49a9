#include "os/proc_text.h"

#include <algorithm>
#include <charconv>

namespace ballast {
namespace {

// Reads an unsigned number at the front of `text` and drops it and the blanks before it.
template <typename Number>
std::optional<Number> TakeNumber(std::string_view& text) {
  const size_t start = text.find_first_not_of(" \t");
  if (start == std::string_view::npos) return std::nullopt;
  Number value{};
  const auto [end, error] = std::from_chars(text.data() + start, text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return value;
}

// The unsigned number that is all of `text`.
template <typename Number>
std::optional<Number> WholeNumber(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// Cuts the front of `text` off at `separator` and returns it.
std::string_view TakeUntil(std::string_view& text, char separator) {
  const size_t end = text.find(separator);
  const std::string_view front = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return front;
}

// An unsigned field of /proc/PID/stat, as proc(5) numbers them; only those after the name.
template <typename Number>
std::optional<Number> TakeStatField(std::string_view text, int number) {
  // The name stands in parentheses and may hold anything, blanks and parentheses too.
  const size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  text.remove_prefix(name_end + 1);
  constexpr int kFirstAfterName = 3;
  for (int field = kFirstAfterName; field < number; ++field) {
    const size_t start = text.find_first_not_of(' ');
    if (start == std::string_view::npos) return std::nullopt;
    text.remove_prefix(start);
    TakeUntil(text, ' ');
  }
  return TakeNumber<Number>(text);
}

}  // namespace

std::optional<Schedstat> ParseSchedstat(std::string_view text) {
  const auto run = TakeNumber<uint64_t>(text);
  const auto delay = TakeNumber<uint64_t>(text);
  if (!run || !delay) return std::nullopt;
  return Schedstat{*run, *delay};
}

std::optional<int32_t> ParseLastCpu(std::string_view text) {
  const auto cpu = TakeStatField<int32_t>(text, 39);
  return cpu && *cpu >= 0 ? cpu : std::nullopt;
}

std::optional<uint64_t> ParseStartTime(std::string_view text) { return TakeStatField<uint64_t>(text, 22); }

std::optional<uint32_t> ParseVcpuThreadName(std::string_view text) {
  constexpr std::string_view kPrefix = "CPU ";
  if (!StartsWith(text, kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  const auto vcpu = TakeNumber<uint32_t>(text);
  if (!vcpu || !(StartsWith(text, "/KVM") || StartsWith(text, "/TCG"))) return std::nullopt;
  return vcpu;
}

bool IsThreadOfAllVcpus(std::string_view text) { return StartsWith(text, "ALL CPUs/"); }

std::optional<QemuCommand> ParseQemuCommand(std::string_view cmdline) {
  QemuCommand command;
  while (!cmdline.empty()) {
    const std::string_view argument = TakeUntil(cmdline, '\0');
    if (argument == "-uuid") command.uuid = TakeUntil(cmdline, '\0');
    if (argument == "-name") command.name = TakeUntil(cmdline, '\0');
  }
  if (command.uuid.empty() || command.name.empty()) return std::nullopt;
  return command;
}

bool NamesGuest(std::string_view name_option, std::string_view guest) {
  std::string expected = "guest=";
  for (const char c : guest) expected.append(c == ',' ? 2 : 1, c);  // QEMU's way to write a comma
  if (!StartsWith(name_option, expected)) return false;
  const std::string_view rest = name_option.substr(expected.size());
  // Two commas are one that belongs to a longer name.
  return rest.empty() || (rest[0] == ',' && rest.substr(1, 1) != ",");
}

std::vector<PcpuTimes> ParsePcpuTimes(std::string_view text) {
  std::vector<PcpuTimes> times;
  while (!text.empty()) {
    std::string_view line = TakeUntil(text, '\n');
    if (!StartsWith(line, "cpu")) break;
    line.remove_prefix(3);
    if (line.empty() || line[0] == ' ') continue;  // the sum over all CPUs
    const auto cpu = TakeNumber<uint32_t>(line);
    constexpr uint32_t kMostCpus = 1 << 16;
    if (!cpu || *cpu >= kMostCpus) continue;
    PcpuTimes pcpu;
    // user nice system idle iowait irq softirq steal; the guest fields after them are in user already.
    for (int field = 0; field < 8; ++field) {
      const uint64_t ticks = TakeNumber<uint64_t>(line).value_or(0);
      (field == 3 || field == 4 ? pcpu.idle : pcpu.busy) += ticks;
    }
    if (times.size() <= *cpu) times.resize(*cpu + 1);
    times[*cpu] = pcpu;
  }
  return times;
}

bool ParseCpuList(std::string_view text, uint32_t* words, size_t word_count) {
  std::fill(words, words + word_count, 0);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\0')) text.remove_suffix(1);
  while (!text.empty()) {
    std::string_view range = TakeUntil(text, ',');
    const bool is_one = range.find('-') == std::string_view::npos;
    const auto first = WholeNumber<uint32_t>(TakeUntil(range, '-'));
    const auto last = is_one ? first : WholeNumber<uint32_t>(range);
    if (!first || !last || *last < *first) return false;
    const uint64_t end = std::min<uint64_t>(uint64_t{*last} + 1, word_count * 32);
    for (uint64_t cpu = *first; cpu < end; ++cpu) words[cpu / 32] |= uint32_t{1} << (cpu % 32);
  }
  return true;
}

std::optional<CpusetGroup> ParseCpusetGroup(std::string_view text) {
  std::optional<CpusetGroup> group;
  while (!text.empty()) {
    std::string_view path = TakeUntil(text, '\n');
    const std::string_view hierarchy = TakeUntil(path, ':');
    std::string_view controllers = TakeUntil(path, ':');
    if (!StartsWith(path, "/")) continue;
    bool has_cpuset = false;
    const bool is_unified = hierarchy == "0" && controllers.empty();
    while (!controllers.empty()) has_cpuset |= TakeUntil(controllers, ',') == "cpuset";
    // A host that has both has its cpusets in the old hierarchy.
    if (has_cpuset || (is_unified && !group)) group = CpusetGroup{is_unified, std::string(path)};
    if (has_cpuset) break;
  }
  if (!group) return std::nullopt;
  const auto last = [&group] { return std::string_view(group->path).substr(group->path.rfind('/') + 1); };
  const auto drop_last = [&group] { group->path.resize(std::max<size_t>(1, group->path.rfind('/'))); };
  if (last() == "emulator" || StartsWith(last(), "vcpu") || StartsWith(last(), "iothread")) drop_last();
  if (last() == "libvirt") drop_last();
  return group;
}

std::optional<uint64_t> ParseMeminfo(std::string_view text, std::string_view field) {
  while (!text.empty()) {
    std::string_view line = TakeUntil(text, '\n');
    if (!StartsWith(line, field) || line.substr(field.size(), 1) != ":") continue;
    line.remove_prefix(field.size() + 1);
    return TakeNumber<uint64_t>(line);
  }
  return std::nullopt;
}

std::optional<double> ParsePressure(std::string_view text) {
  constexpr std::string_view kPrefix = "some avg10=";
  if (!StartsWith(text, kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  // Percent with two digits after the point: "12.34 ".
  const size_t point = text.find('.');
  const size_t end = text.find(' ');
  if (point == std::string_view::npos || end != point + 3) return std::nullopt;
  const auto percent = WholeNumber<uint32_t>(text.substr(0, point));
  const auto hundredths = WholeNumber<uint32_t>(text.substr(point + 1, 2));
  if (!percent || !hundredths || *percent > 100) return std::nullopt;
  return std::min(1.0, (*percent * 100.0 + *hundredths) / 10'000);
}

std::optional<uint64_t> ParseReclaimableArc(std::string_view text) {
  std::optional<uint64_t> size;
  std::optional<uint64_t> least;
  while (!text.empty()) {
    // "c_min                           4    1054867392": name, type, value.
    std::string_view line = TakeUntil(text, '\n');
    const std::string_view name = TakeUntil(line, ' ');
    if (name != "size" && name != "c_min") continue;
    if (!TakeNumber<uint32_t>(line)) continue;
    (name == "size" ? size : least) = TakeNumber<uint64_t>(line);
  }
  if (!size || !least) return std::nullopt;
  return *size > *least ? *size - *least : 0;
}

std::optional<uint64_t> ParseCount(std::string_view text) {
  return WholeNumber<uint64_t>(TakeUntil(text, '\n'));
}

std::optional<uint64_t> ParseNumberBetween(std::string_view name, std::string_view begin,
                                           std::string_view end) {
  if (!StartsWith(name, begin) || name.size() < begin.size() + end.size()) return std::nullopt;
  name.remove_prefix(begin.size());
  if (name.substr(name.size() - end.size()) != end) return std::nullopt;
  return WholeNumber<uint64_t>(name.substr(0, name.size() - end.size()));
}

}  // namespace ballast
