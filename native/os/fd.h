#pragma once

#include <string>
#include <utility>

namespace ballast {

// An open file descriptor that is closed with its owner.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd();
  static Fd OpenForReading(const std::string& path);
  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  // Reads the file from its start; empty when it cannot be read (any more). Ends at the first part that is
  // not a whole buffer, which saves a call for each of thousands of small files.
  std::string ReadAll() const;
  // The same; `to_the_end` also of a file that the kernel gives in parts, as /proc/PID/smaps.
  std::string Read(bool to_the_end) const;

 private:
  int fd_ = -1;
};

// A whole file; empty when it cannot be read.
std::string ReadFile(const std::string& path);

}  // namespace ballast
