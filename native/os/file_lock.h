#pragma once

#include <optional>
#include <string>

#include "os/fd.h"

namespace ballast {

// An exclusive lock on a file, held by at most one open file description on the machine. The operating system
// releases it when the process ends, however it ends, so it is never stale and names no process that has to
// be looked for.
//
// It is an open file description lock (fcntl F_OFD_SETLK), not flock(): it can be queried without being taken
// (IsFileLocked), so that a query never makes a starting owner fail; and taking it needs write access, so
// that a program that can only read the file cannot block the owner. Unlike a traditional fcntl lock it is
// not lost when some other part of the process closes the same file.
class FileLock {
 public:
  // Locks the file at `path`, which is created with mode 0600 when it is missing and whose content stays as
  // it is. Nothing when another program, or another FileLock of this process, holds the lock. Throws
  // std::system_error when there can be no lock: the file cannot be opened, is a symbolic link or no regular
  // file, or is another user's or writable by others. Does not wait.
  static std::optional<FileLock> Acquire(const std::string& path);

  FileLock(FileLock&&) noexcept = default;
  FileLock& operator=(FileLock&&) noexcept = default;
  ~FileLock() { Release(); }

  // Releases the lock and closes the file, which stays where it is. Further calls do nothing.
  void Release();
  // The locked file, open for reading and writing, for what its owner writes about itself. -1 after Release.
  int fd() const { return file_.get(); }

 private:
  explicit FileLock(Fd file) : file_(std::move(file)) {}
  Fd file_;
};

// Whether some FileLock holds the file at `path`; false when there is no file. Takes no lock. Throws
// std::system_error when that cannot be told, such as for a file that this user may not read.
bool IsFileLocked(const std::string& path);

}  // namespace ballast
