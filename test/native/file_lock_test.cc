#include "os/file_lock.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <thread>
#include <vector>

#include "check.h"
#include "fake_proc.h"

namespace ballast {
namespace {

// A directory that is removed again, and a path in it.
struct Place {
  test::FakeProc directory;
  std::string path = directory.path() + "/lock";
};

template <typename Call>
int ErrorOf(Call call) {
  try {
    call();
  } catch (const std::system_error& failure) {
    return failure.code().value();
  }
  return 0;
}

int AcquireError(const std::string& path) {
  return ErrorOf([&] { FileLock::Acquire(path); });
}

// A process that takes the lock, starts `sleep` and waits for its end by SIGKILL.
struct Owner {
  explicit Owner(const std::string& path) {
    int channel[2];
    CHECK_EQ(pipe2(channel, O_CLOEXEC), 0);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
      const auto lock = FileLock::Acquire(path);
      const pid_t sleeper = fork();
      if (sleeper == 0) {
        execlp("sleep", "sleep", "60", nullptr);
        _exit(1);
      }
      // Reported once `sleep` runs: by then its copies of descriptors that are closed on exec are gone.
      const std::string exe = "/proc/" + std::to_string(sleeper) + "/comm";
      for (std::string name; name != "sleep";) std::ifstream(exe) >> name;
      const pid_t report = lock ? sleeper : -1;
      const bool told = write(channel[1], &report, sizeof report) == sizeof report;
      while (told) pause();
      _exit(1);
    }
    close(channel[1]);
    CHECK_EQ(read(channel[0], &sleeper, sizeof sleeper), static_cast<ssize_t>(sizeof sleeper));
    close(channel[0]);
    CHECK(sleeper > 0);
  }
  ~Owner() { kill(sleeper, SIGKILL); }
  void Kill() const {
    CHECK_EQ(kill(pid, SIGKILL), 0);
    CHECK_EQ(waitpid(pid, nullptr, 0), pid);
  }
  pid_t pid;
  pid_t sleeper;
};

TEST("file lock: one holder at a time, in one process too") {
  const Place place;
  auto lock = FileLock::Acquire(place.path);
  CHECK(lock.has_value());
  CHECK(lock->fd() >= 0);
  CHECK(!FileLock::Acquire(place.path));
  CHECK(IsFileLocked(place.path));
  lock->Release();
  lock->Release();
  CHECK_EQ(lock->fd(), -1);
  CHECK(!IsFileLocked(place.path));
  CHECK(FileLock::Acquire(place.path).has_value());
  CHECK(FileLock::Acquire(place.path).has_value());  // the one before went with its owner
}

TEST("file lock: the file is made for its owner alone, and an old one keeps its content") {
  const Place place;
  umask(0);
  FileLock::Acquire(place.path);
  struct stat status {};
  CHECK_EQ(stat(place.path.c_str(), &status), 0);
  CHECK_EQ(status.st_mode & 07777, 0600u);
  std::ofstream(place.path) << "old";
  const auto lock = FileLock::Acquire(place.path);
  CHECK_EQ(ReadFile(place.path), "old");
  CHECK_EQ(pwrite(lock->fd(), "new", 3, 0), 3);
  CHECK_EQ(ReadFile(place.path), "new");
  // Readers and writers of the file that close it take nothing from the owner.
  CHECK(IsFileLocked(place.path));
}

TEST("file lock: a query takes nothing, and there is none without a file") {
  const Place place;
  CHECK(!IsFileLocked(place.path));
  CHECK(!std::filesystem::exists(place.path));
  FileLock::Acquire(place.path);
  std::atomic<bool> stop{false};
  std::thread asker([&] {
    while (!stop) IsFileLocked(place.path);
  });
  for (int turn = 0; turn < 2'000; ++turn) CHECK(FileLock::Acquire(place.path).has_value());
  stop = true;
  asker.join();
}

TEST("file lock: a symbolic link is refused, and nothing is made where it leads") {
  const Place place;
  const std::string target = place.directory.path() + "/target";
  std::filesystem::create_symlink(target, place.path);
  CHECK_EQ(AcquireError(place.path), ELOOP);
  CHECK_EQ(ErrorOf([&] { IsFileLocked(place.path); }), ELOOP);
  CHECK(!std::filesystem::exists(target));
  std::ofstream(target) << "there";
  CHECK_EQ(AcquireError(place.path), ELOOP);
}

TEST("file lock: what is no regular file is refused, without waiting for it") {
  const Place place;
  CHECK_EQ(AcquireError(place.directory.path()), EISDIR);
  CHECK_EQ(AcquireError(place.directory.path() + "/nothing/lock"), ENOENT);
  CHECK_EQ(mkfifo(place.path.c_str(), 0600), 0);
  CHECK_EQ(AcquireError(place.path), EINVAL);
  CHECK_EQ(AcquireError(std::string("/dev/shm/x\0y", 12)), EINVAL);
}

TEST("file lock: a file that another user could lock or write is refused") {
  const Place place;
  FileLock::Acquire(place.path);
  CHECK_EQ(chmod(place.path.c_str(), 0620), 0);
  CHECK_EQ(AcquireError(place.path), EPERM);
  CHECK_EQ(chmod(place.path.c_str(), 0602), 0);
  CHECK_EQ(AcquireError(place.path), EPERM);
  CHECK_EQ(chmod(place.path.c_str(), 0600), 0);
  if (geteuid() != 0) return;  // only root can give a file away
  CHECK_EQ(chown(place.path.c_str(), 65534, 65534), 0);
  CHECK_EQ(AcquireError(place.path), EPERM);
}

TEST("file lock: an owner that is killed holds it no longer, and its children never did") {
  const Place place;
  const Owner owner(place.path);
  CHECK(!FileLock::Acquire(place.path));
  CHECK(IsFileLocked(place.path));
  owner.Kill();
  CHECK_EQ(kill(owner.sleeper, 0), 0);
  CHECK(!IsFileLocked(place.path));
  CHECK(FileLock::Acquire(place.path).has_value());
}

TEST("file lock: released at once, though a child is just being started") {
  const Place place;
  auto lock = FileLock::Acquire(place.path);
  const pid_t child = fork();  // has all descriptors, as between fork and exec
  if (child == 0) {
    for (;;) pause();
  }
  lock->Release();
  const bool acquired = FileLock::Acquire(place.path).has_value();
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  CHECK(acquired);
}

TEST("file lock: a file that is removed meanwhile is locked by one holder all the same") {
  const Place place;
  std::atomic<int> inside{0};
  std::atomic<size_t> acquired{0};
  std::atomic<bool> twice{false};
  const auto contend = [&] {
    for (int turn = 0; turn < 3'000; ++turn) {
      try {
        const auto lock = FileLock::Acquire(place.path);
        if (!lock) continue;
        if (++inside != 1) twice = true;
        std::this_thread::yield();
        ++acquired;
        --inside;
        unlink(place.path.c_str());
      } catch (const std::system_error& failure) {
        CHECK_EQ(failure.code().value(), EAGAIN);
      }
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(contend);
  for (std::thread& thread : threads) thread.join();
  CHECK(!twice);
  CHECK(acquired > 0);
}

}  // namespace
}  // namespace ballast
