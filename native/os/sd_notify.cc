#include "os/sd_notify.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <system_error>

#include "os/fd.h"

namespace ballast {
namespace {

[[noreturn]] void Fail(int error, const char* call) {
  throw std::system_error(error, std::generic_category(), call);
}

}  // namespace

void SdNotify(const std::string& path, const std::string& text) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // A file's name needs its zero byte; an abstract name has its length.
  if (path.empty() || path.size() >= sizeof address.sun_path) Fail(ENAMETOOLONG, "sendto");
  path.copy(address.sun_path, path.size());
  const bool is_abstract = path[0] == '@';
  if (is_abstract) address.sun_path[0] = '\0';
  const size_t length = offsetof(sockaddr_un, sun_path) + path.size() + (is_abstract ? 0 : 1);

  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) Fail(errno, "socket");
  const Fd owner(fd);
  if (sendto(fd, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(length)) < 0) {
    Fail(errno, "sendto");
  }
}

}  // namespace ballast
