#pragma once

#include <cstddef>
#include <string>
#include <string_view>
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
  // The front of the file, as much of it as `buffer` holds and one call gives; empty when it cannot be read
  // (any more). Without an allocation: for thousands of small files that are read again and again.
  template <size_t kSize>
  std::string_view ReadFront(char (&buffer)[kSize]) const {
    return ReadFront(buffer, kSize);
  }
  // The whole file, also one that the kernel gives in parts, as /proc/PID/smaps; empty when it cannot be
  // read.
  std::string ReadAll() const;

 private:
  std::string_view ReadFront(char* buffer, size_t size) const;

  int fd_ = -1;
};

// A whole file; empty when it cannot be read.
std::string ReadFile(const std::string& path);

}  // namespace ballast
