#include "os/fd.h"

#include <fcntl.h>
#include <unistd.h>

namespace ballast {

Fd Fd::OpenForReading(const std::string& path) { return Fd(open(path.c_str(), O_RDONLY | O_CLOEXEC)); }

Fd::~Fd() {
  if (fd_ >= 0) close(fd_);
}

std::string Fd::ReadAll() const { return Read(false); }

std::string Fd::Read(bool to_the_end) const {
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t got = pread(fd_, buffer, sizeof buffer, static_cast<off_t>(text.size()));
    if (got <= 0) return got == 0 ? text : std::string();
    text.append(buffer, static_cast<size_t>(got));
    if (!to_the_end && static_cast<size_t>(got) < sizeof buffer) return text;
  }
}

std::string ReadFile(const std::string& path) { return Fd::OpenForReading(path).Read(true); }

}  // namespace ballast
