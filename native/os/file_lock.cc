#include "os/file_lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace ballast {
namespace {

[[noreturn]] void Fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

// A symbolic link is refused, and a pipe or a terminal is not waited for or taken over. The descriptor is not
// passed on to programs that this process starts: they would hold the lock on after it has ended.
Fd Open(const std::string& path, int flags) {
  if (path.find('\0') != std::string::npos) Fail(EINVAL, "open");
  return Fd(open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600));
}

struct flock WholeFile(short type) {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  return range;  // length 0: to the end, wherever that will be
}

struct stat StatusOf(const Fd& file) {
  struct stat status {};
  if (fstat(file.get(), &status) != 0) Fail(errno, "fstat");
  return status;
}

// Whoever else could write the file could hold its lock, and could say anything about its owner.
void ThrowIfUnsafe(const struct stat& status) {
  if (!S_ISREG(status.st_mode)) Fail(EINVAL, "not a regular file");
  if (status.st_uid != 0 && status.st_uid != geteuid()) Fail(EPERM, "belongs to another user");
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) Fail(EPERM, "writable by other users");
}

// Whether `path` still names the file that is locked: it may have been removed or replaced since it was
// opened, and then another program locks what it names now.
bool StillNames(const std::string& path, const struct stat& locked) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) return false;
  return status.st_dev == locked.st_dev && status.st_ino == locked.st_ino;
}

}  // namespace

std::optional<FileLock> FileLock::Acquire(const std::string& path) {
  constexpr int kMostTries = 16;  // each fails only if the file is replaced just then
  for (int attempt = 0; attempt < kMostTries; ++attempt) {
    Fd file = Open(path, O_RDWR | O_CREAT);
    if (!file.is_open()) Fail(errno, "open");
    const struct stat status = StatusOf(file);
    ThrowIfUnsafe(status);
    struct flock range = WholeFile(F_WRLCK);
    if (fcntl(file.get(), F_OFD_SETLK, &range) != 0) {
      if (errno == EAGAIN || errno == EACCES) return std::nullopt;
      Fail(errno, "fcntl");
    }
    FileLock lock(std::move(file));
    if (StillNames(path, status)) return lock;
  }
  Fail(EAGAIN, "replaced again and again");
}

void FileLock::Release() {
  if (!file_.is_open()) return;
  // Closing alone would leave the lock to a child process that has been forked and has not yet executed its
  // program.
  struct flock range = WholeFile(F_UNLCK);
  fcntl(file_.get(), F_OFD_SETLK, &range);
  file_ = Fd();
}

bool IsFileLocked(const std::string& path) {
  const Fd file = Open(path, O_RDONLY);
  if (!file.is_open()) {
    if (errno == ENOENT) return false;
    Fail(errno, "open");
  }
  struct flock range = WholeFile(F_WRLCK);
  if (fcntl(file.get(), F_OFD_GETLK, &range) != 0) Fail(errno, "fcntl");
  return range.l_type != F_UNLCK;
}

}  // namespace ballast
