#include "os/proc_text.h"

#include <cmath>
#include <random>

#include "check.h"

namespace ballast {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kStat =
    "1234 (CPU 0/KVM) S 1 1234 1234 0 -1 4194304 1 2 3 4 50 60 7 8 20 0 5 0 99 1000 2000 "
    "18446744073709551615 1 1 0 0 0 0 268444224 4096 1073741824 0 0 0 -1 61 0 0 0 0 0 0 0 0 0 0 0 0 0\n";

TEST("schedstat: run and delay, beyond 53 bits too") {
  const auto plain = ParseSchedstat("123456789 987654321 42\n");
  CHECK(plain.has_value());
  CHECK_EQ(plain->run, 123456789u);
  CHECK_EQ(plain->delay, 987654321u);
  const auto large = ParseSchedstat("18446744073709551615 9007199254740993 1\n");
  CHECK(large.has_value());
  CHECK_EQ(large->run, UINT64_MAX);
  CHECK_EQ(large->delay, 9007199254740993u);
}

TEST("schedstat: anything else is nothing") {
  for (const auto text : {""sv, "\n"sv, "12"sv, "12 "sv, "12 x"sv, "x 12"sv, "-1 5 6"sv, "1.5 2 3"sv,
                          "18446744073709551616 1 1"sv}) {
    CHECK(!ParseSchedstat(text));
  }
}

TEST("CPU list: numbers and ranges, cut to the width") {
  uint32_t words[2];
  CHECK(ParseCpuList("0-2,5,33\n"sv, words, 2));
  CHECK_EQ(words[0], 0b100111u);
  CHECK_EQ(words[1], 0b10u);
  CHECK(ParseCpuList("30-40,4000000000-4294967295"sv, words, 2));
  CHECK_EQ(words[0], 0xc0000000u);
  CHECK_EQ(words[1], 0x1ffu);
  CHECK(ParseCpuList("\n"sv, words, 2));
  CHECK_EQ(words[0] | words[1], 0u);
  for (const auto text : {"x"sv, "1-"sv, "-1"sv, "3-1"sv, "1,,2"sv, "1 2"sv, "4294967296"sv}) {
    CHECK(!ParseCpuList(text, words, 2));
  }
}

TEST("cpuset group: that of all threads, in the hierarchy that has cpusets") {
  const auto group = [](std::string_view text) {
    const auto found = ParseCpusetGroup(text);
    return !found ? "none" : (found->unified ? "v2 " : "v1 ") + found->path;
  };
  const std::string scope = "/machine.slice/machine-qemu\\x2d1\\x2dg1.scope";
  CHECK_EQ(group("0::" + scope + "/libvirt/emulator\n"), "v2 " + scope);
  CHECK_EQ(group("0::" + scope + "/libvirt/vcpu12\n"), "v2 " + scope);
  CHECK_EQ(group("0::/\n"), "v2 /");
  CHECK_EQ(group("4:cpu,cpuacct:/a\n3:cpuset:/machine/qemu-1-g1.libvirt-qemu/emulator\n0::/x\n"),
           "v1 /machine/qemu-1-g1.libvirt-qemu");
  CHECK_EQ(group("0::/x\n5:cpuset,cpu:/\n"), "v1 /");
  CHECK_EQ(group("5:cpuset:/emulator\n"), "v1 /");
  for (const auto text : {""sv, "4:cpu:/a\n"sv, "0::\n"sv, "nothing"sv}) CHECK_EQ(group(text), "none");
}

TEST("last CPU: field 39, whatever the thread is called") {
  CHECK_EQ(ParseLastCpu(kStat).value_or(-1), 61);
  for (const auto name : {"a b"sv, ") 1 2 3 ("sv, "x)"sv, "((("sv, ""sv}) {
    std::string text(kStat);
    text.replace(text.find('(') + 1, std::string_view("CPU 0/KVM").size(), name);
    CHECK_EQ(ParseLastCpu(text).value_or(-1), 61);
  }
}

TEST("last CPU: a negative one is nothing") {
  std::string text(kStat);
  text.replace(text.find(" 61 "), 4, " -61 ");
  CHECK(!ParseLastCpu(text));
}

TEST("last CPU: a text that ends early is nothing") {
  CHECK(!ParseLastCpu(""));
  CHECK(!ParseLastCpu("1234 (CPU 0/KVM"));
  const size_t field = kStat.find(" 61 ");
  for (size_t length = 0; length <= field + 1; ++length) CHECK(!ParseLastCpu(kStat.substr(0, length)));
}

TEST("start time: field 22, whatever the process is called") {
  CHECK_EQ(ParseStartTime(kStat).value_or(0), 99u);
  std::string text(kStat);
  text.replace(text.find("CPU 0/KVM"), 9, ") 7 (");
  CHECK_EQ(ParseStartTime(text).value_or(0), 99u);
  text.replace(text.find(" 99 "), 4, " 18446744073709551615 ");
  CHECK_EQ(ParseStartTime(text).value_or(0), UINT64_MAX);
}

TEST("start time: a text that ends early is nothing") {
  const size_t field = kStat.find(" 99 ");
  for (size_t length = 0; length <= field + 1; ++length) CHECK(!ParseStartTime(kStat.substr(0, length)));
}

TEST("vCPU thread: the names that QEMU gives, and no other") {
  CHECK_EQ(ParseVcpuThreadName("CPU 0/KVM\n").value_or(99), 0u);
  CHECK_EQ(ParseVcpuThreadName("CPU 7/TCG\n").value_or(99), 7u);
  CHECK_EQ(ParseVcpuThreadName("CPU 254/KVM").value_or(99), 254u);
  CHECK_EQ(ParseVcpuThreadName("CPU 1000/TCG").value_or(99), 1000u);
  for (const auto name : {"qemu-system-x86\n"sv, "CPU 0"sv, "CPU /KVM"sv, "CPU x/KVM"sv, "CPU -1/KVM"sv,
                          "IO mon_iothread"sv, "CPU"sv, ""sv, "cpu 0/KVM"sv, "CPU 4294967296/KVM"sv}) {
    CHECK(!ParseVcpuThreadName(name));
  }
}

TEST("vCPU thread: the one of all vCPUs") {
  CHECK(IsThreadOfAllVcpus("ALL CPUs/TCG\n"));
  for (const auto name : {"CPU 0/TCG\n"sv, "ALL CPUs"sv, "all cpus/TCG"sv, ""sv})
    CHECK(!IsThreadOfAllVcpus(name));
}

TEST("QEMU command: uuid and name, wherever they stand") {
  const auto command = ParseQemuCommand(
      "/usr/bin/qemu-system-x86_64\0-name\0guest=web,debug-threads=on\0-S\0-uuid\0"
      "c7a5fdbd-edaf-9455-926a-d65c16db1809\0"sv);
  CHECK(command.has_value());
  CHECK_EQ(command->uuid, "c7a5fdbd-edaf-9455-926a-d65c16db1809");
  CHECK_EQ(command->name, "guest=web,debug-threads=on");
  const auto unended = ParseQemuCommand("qemu\0-uuid\0u\0-name\0guest=n"sv);
  CHECK(unended.has_value());
  CHECK_EQ(unended->name, "guest=n");
}

TEST("QEMU command: another program is none") {
  for (const auto cmdline : {""sv, "bash\0"sv, "qemu\0-uuid\0u\0"sv, "qemu\0-name\0guest=n\0"sv,
                             "qemu\0-name\0guest=n\0-uuid\0"sv, "vim\0-uuid\0\0-name\0n\0"sv, "\0\0\0"sv}) {
    CHECK(!ParseQemuCommand(cmdline));
  }
}

TEST("guest's name: the whole of it, with QEMU's doubled commas") {
  CHECK(NamesGuest("guest=web,debug-threads=on", "web"));
  CHECK(NamesGuest("guest=web", "web"));
  CHECK(!NamesGuest("guest=web2,debug-threads=on", "web"));
  CHECK(!NamesGuest("guest=web,debug-threads=on", "web2"));
  CHECK(!NamesGuest("web", "web"));
  CHECK(NamesGuest("guest=a,,b,debug-threads=on", "a,b"));
  CHECK(!NamesGuest("guest=a,b", "a,b"));
  CHECK(!NamesGuest("guest=a,,b,debug-threads=on", "a"));
  CHECK(NamesGuest("guest=a,,,debug-threads=on", "a,"));
  CHECK(!NamesGuest("guest=a,,,debug-threads=on", "a"));
  CHECK(!NamesGuest("", ""));
}

TEST("pCPU times: busy and idle by number, with gaps for those offline") {
  const auto times = ParsePcpuTimes(
      "cpu  100 1 2 3 4 5 6 7 8 9\n"
      "cpu0 10 20 30 1000 500 1 2 3 9999 9999\n"
      "cpu3 1 0 0 0 0 0 0 0 0 0\n"
      "intr 12345 0 0\n"
      "cpu9 1 1 1 1 1 1 1 1\n");
  CHECK_EQ(times.size(), 4u);
  CHECK_EQ(times[0].busy, 66u);
  CHECK_EQ(times[0].idle, 1500u);
  CHECK_EQ(times[1].busy + times[1].idle + times[2].busy + times[2].idle, 0u);
  CHECK_EQ(times[3].busy, 1u);
}

TEST("pCPU times: a thousand CPUs, and nothing for nonsense") {
  std::string text = "cpu  1 1 1 1 1 1 1 1\n";
  for (int cpu = 0; cpu < 1000; ++cpu) {
    text += "cpu" + std::to_string(cpu) + " " + std::to_string(cpu) + " 0 0 5 0 0 0 0 0 0\n";
  }
  const auto times = ParsePcpuTimes(text);
  CHECK_EQ(times.size(), 1000u);
  for (size_t cpu = 0; cpu < times.size(); ++cpu) {
    CHECK_EQ(times[cpu].busy, cpu);
    CHECK_EQ(times[cpu].idle, 5u);
  }
  CHECK(ParsePcpuTimes("").empty());
  CHECK(ParsePcpuTimes("cpuinfo\n").empty());
  CHECK(ParsePcpuTimes("cpu4294967295 1 2 3 4\n").empty());  // would ask for gigabytes
}

TEST("meminfo: the field asked for, in KiB") {
  constexpr std::string_view text =
      "MemTotal:       16384000 kB\nMemFree:         1000 kB\nMemAvailable:   12000000 kB\n";
  CHECK_EQ(ParseMeminfo(text, "MemAvailable").value_or(0), 12000000u);
  CHECK_EQ(ParseMeminfo(text, "MemFree").value_or(0), 1000u);
  CHECK(!ParseMeminfo(text, "Mem"));
  CHECK(!ParseMeminfo(text, "Swap"));
  CHECK(!ParseMeminfo("MemAvailable: kB\n", "MemAvailable"));
  CHECK(!ParseMeminfo("", "MemAvailable"));
}

TEST("pressure: some of the last 10 s, as a fraction") {
  const auto of = [](const std::string& percent) {
    return ParsePressure("some avg10=" + percent + " avg60=7.00 avg300=0.00 total=9\nfull avg10=9.00\n");
  };
  CHECK_EQ(of("0.00").value_or(-1), 0.0);
  CHECK_EQ(of("12.34").value_or(-1), 0.1234);
  CHECK_EQ(of("0.07").value_or(-1), 0.0007);
  CHECK_EQ(of("100.00").value_or(-1), 1.0);
  CHECK_EQ(of("100.01").value_or(-1), 1.0);
  CHECK(!of("101.00"));
  CHECK(!of("5"));
  CHECK(!of("5.1"));
  CHECK(!of("-1.00"));
  CHECK(!of(" 1.00"));
  CHECK(!of("1. 5"));
  CHECK(!of("1.5 "));
  CHECK(!ParsePressure("full avg10=1.00 avg60=0.00\n"));
  CHECK(!ParsePressure("some avg10=1.00"));
  CHECK(!ParsePressure(""));  // the kernel was started with psi=0
}

constexpr char kArcstats[] =
    "9 1 0x01 147 39984 6136284177 8126387391852\n"
    "name                            type data\n"
    "hits                            4    301872\n"
    "c                               4    8589934592\n"
    "c_min                           4    1073741824\n"
    "c_max                           4    17179869184\n"
    "size                            4    7516192768\n"
    "compressed_size                 4    5368709120\n";

TEST("ZFS: what its cache holds above its minimum") {
  CHECK_EQ(ParseReclaimableArc(kArcstats).value_or(1), uint64_t{7'516'192'768 - 1'073'741'824});
  CHECK_EQ(ParseReclaimableArc("size 4 10\nc_min 4 12\n").value_or(1), 0u);
}

TEST("ZFS: unknown when a figure is missing or is none") {
  CHECK(!ParseReclaimableArc(""));
  CHECK(!ParseReclaimableArc("size 4 10\n"));
  CHECK(!ParseReclaimableArc("size 4 10\nc_min 4\n"));
  CHECK(!ParseReclaimableArc("size 4 x\nc_min 4 1\n"));
  CHECK(!ParseReclaimableArc("size 4 -5\nc_min 4 1\n"));
}

TEST("a file with one number") {
  CHECK_EQ(ParseCount("300\n").value_or(0), 300u);
  CHECK(!ParseCount(""));
  CHECK(!ParseCount("3 0\n"));
}

TEST("a name with a number in it") {
  CHECK_EQ(ParseNumberBetween("hugepages-2048kB", "hugepages-", "kB").value_or(0), 2'048u);
  CHECK_EQ(ParseNumberBetween("node12", "node", "").value_or(0), 12u);
  CHECK(!ParseNumberBetween("node", "node", ""));
  CHECK(!ParseNumberBetween("node0x", "node", ""));
  CHECK(!ParseNumberBetween("hugepages-kB", "hugepages-", "kB"));
  CHECK(!ParseNumberBetween("hugepagesB", "hugepages-", "kB"));
}

// What the sanitizers say of reading beyond a text is the test here.
TEST("proc texts: cut short or scrambled, none is read beyond its end") {
  const std::string samples[] = {"123456789 987654321 42\n",
                                 std::string(kStat),
                                 "CPU 12/KVM\n",
                                 std::string("qemu\0-name\0guest=a,,b,x=y\0-uuid\0u-u\0"sv),
                                 "cpu  1 2 3\ncpu0 1 2 3 4 5 6 7 8 9\ncpu1 1\n",
                                 "MemTotal: 12 kB\nMemAvailable:   1 kB\n",
                                 "some avg10=12.34 avg60=0.00\n",
                                 kArcstats,
                                 "hugepages-2048kB"};
  std::mt19937 random(3);
  const auto read_all = [](const std::string& text) {
    const std::vector<char> exact(text.begin(), text.end());  // no terminating zero to stop at
    const std::string_view view(exact.data(), exact.size());
    ParseSchedstat(view);
    ParseLastCpu(view);
    ParseStartTime(view);
    ParseVcpuThreadName(view);
    ParseQemuCommand(view);
    NamesGuest(view, view);
    ParsePcpuTimes(view);
    ParseMeminfo(view, "MemAvailable");
    ParsePressure(view);
    ParseReclaimableArc(view);
    ParseCount(view);
    ParseNumberBetween(view, "hugepages-", "kB");
  };
  for (const std::string& sample : samples) {
    for (size_t length = 0; length <= sample.size(); ++length) read_all(sample.substr(0, length));
    for (int turn = 0; turn < 2'000; ++turn) {
      std::string text = sample;
      for (unsigned change = random() % 6; change-- > 0;) {
        text[random() % text.size()] = static_cast<char>(random());
      }
      read_all(text);
    }
  }
}

TEST("pCPU busy: its part of the time between two readings") {
  CHECK_EQ(BusyBetween({100, 900}, {125, 975}), 0.25);
  CHECK_EQ(BusyBetween({100, 900}, {200, 900}), 1);
  CHECK_EQ(BusyBetween({100, 900}, {100, 1'000}), 0);
  // Beyond the 53 bits of a double.
  CHECK_EQ(BusyBetween({UINT64_MAX - 1, UINT64_MAX - 3}, {UINT64_MAX, UINT64_MAX}), 0.25);
  // Together more than 64 bits.
  CHECK_EQ(BusyBetween({1, 1}, {UINT64_MAX, UINT64_MAX}), 0.5);
}

TEST("pCPU busy: unknown when a counter stood still or went backwards") {
  CHECK(std::isnan(BusyBetween({100, 900}, {100, 900})));
  CHECK(std::isnan(BusyBetween({100, 900}, {99, 1'000})));
  CHECK(std::isnan(BusyBetween({100, 900}, {200, 899})));
}

TEST("pCPU busy: unknown when it was or went offline, never the mean since the host booted") {
  CHECK(std::isnan(BusyBetween({0, 0}, {5'000, 5'000})));
  CHECK(std::isnan(BusyBetween({5'000, 5'000}, {0, 0})));
  CHECK(std::isnan(BusyBetween({0, 0}, {0, 0})));
}

}  // namespace
}  // namespace ballast
