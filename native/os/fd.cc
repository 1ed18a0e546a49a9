#include "os/fd.h"

#include <fcntl.h>
#include <unistd.h>

namespace ballast {

Fd Fd::OpenForReading(const std::string& path) { return Fd(open(path.c_str(), O_RDONLY | O_CLOEXEC)); }

Fd::~Fd() {
  if (fd_ >= 0) close(fd_);
}

std::string_view Fd::ReadFront(char* buffer, size_t size) const {
  const ssize_t got = pread(fd_, buffer, size, 0);
  return {buffer, got > 0 ? static_cast<size_t>(got) : 0};
}

std::string Fd::ReadAll() const {
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t got = pread(fd_, buffer, sizeof buffer, static_cast<off_t>(text.size()));
    if (got <= 0) return got == 0 ? text : std::string();
    text.append(buffer, static_cast<size_t>(got));
  }
}

std::string ReadFile(const std::string& path) { return Fd::OpenForReading(path).ReadAll(); }

}  // namespace ballast
