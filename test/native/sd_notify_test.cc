#include "os/sd_notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <system_error>

#include "check.h"
#include "os/fd.h"

namespace ballast {
namespace {

// A datagram socket as systemd has one.
class Receiver {
 public:
  explicit Receiver(const std::string& name)
      : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)), owner_(fd_) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, name.size());
    const bool is_abstract = name[0] == '@';
    if (is_abstract) address.sun_path[0] = '\0';
    const size_t length = offsetof(sockaddr_un, sun_path) + name.size() + (is_abstract ? 0 : 1);
    CHECK_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), static_cast<socklen_t>(length)), 0);
  }
  std::string Next() const {
    char buffer[4096];
    const ssize_t got = recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
    return got < 0 ? "nothing" : std::string(buffer, static_cast<size_t>(got));
  }

 private:
  const int fd_;
  const Fd owner_;
};

int ErrorOf(const std::string& path) {
  try {
    SdNotify(path, "READY=1");
  } catch (const std::system_error& failure) {
    return failure.code().value();
  }
  return 0;
}

std::string AbstractName() { return "@ballast-test-" + std::to_string(getpid()); }

TEST("notify: each datagram arrives whole, at a socket that is a file") {
  char directory[] = "/tmp/ballast-notify-XXXXXX";
  CHECK(mkdtemp(directory) != nullptr);
  const std::string path = std::string(directory) + "/socket";
  {
    const Receiver receiver(path);
    SdNotify(path, "READY=1\nSTATUS=tick 0");
    SdNotify(path, "STOPPING=1");
    CHECK_EQ(receiver.Next(), "READY=1\nSTATUS=tick 0");
    CHECK_EQ(receiver.Next(), "STOPPING=1");
    CHECK_EQ(receiver.Next(), "nothing");
  }
  CHECK_EQ(ErrorOf(path), ECONNREFUSED);
  unlink(path.c_str());
  CHECK_EQ(ErrorOf(path), ENOENT);
  rmdir(directory);
}

TEST("notify: a name that begins with @ is of the abstract namespace") {
  const Receiver receiver(AbstractName());
  SdNotify(AbstractName(), "WATCHDOG=1");
  CHECK_EQ(receiver.Next(), "WATCHDOG=1");
}

TEST("notify: a name that is empty or longer than any is an error, and the longest is none") {
  CHECK_EQ(ErrorOf(""), ENAMETOOLONG);
  const size_t most = sizeof(sockaddr_un{}.sun_path) - 1;
  CHECK_EQ(ErrorOf(std::string(most + 1, 'x')), ENAMETOOLONG);
  std::string longest = AbstractName();
  longest.resize(most, 'x');
  const Receiver receiver(longest);
  CHECK_EQ(ErrorOf(longest), 0);
  CHECK_EQ(receiver.Next(), "READY=1");
}

TEST("notify: a receiver that takes nothing does not hold it up") {
  const Receiver receiver(AbstractName());
  int sent = 0;
  while (sent < 100'000 && ErrorOf(AbstractName()) == 0) ++sent;
  CHECK(sent > 0);
  CHECK_EQ(ErrorOf(AbstractName()), EAGAIN);
}

}  // namespace
}  // namespace ballast
