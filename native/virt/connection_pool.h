#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "virt/connection.h"

namespace ballast {

// A pool of connections for calls that may hang on a stuck guest, each for one call at a time. Concurrent
// calls over one connection have been delayed or have hung in libvirt's client (seen in 9.0; CVE-2024-4418,
// fixed in 10.3), and libvirtd limits how many it serves for one connection (max_client_requests): with a
// connection for each call, a stuck guest delays no call on another.
class ConnectionPool : public std::enable_shared_from_this<ConnectionPool> {
 public:
  // Further connections are opened like `first` when they are needed; none with the test driver.
  explicit ConnectionPool(std::shared_ptr<Connection> first) : first_(std::move(first)) {}
  // A connection for one call, returned to the pool with its last owner. Waits at most `patience` where all
  // are in use. Throws VirtFailure, with an empty `call` when none became free.
  std::shared_ptr<const Connection> Acquire(std::chrono::milliseconds patience);

 private:
  void Release(std::shared_ptr<const Connection> connection);

  const std::shared_ptr<Connection> first_;
  std::mutex mutex_;
  std::condition_variable came_back_;
  std::vector<std::shared_ptr<const Connection>> idle_;
  size_t open_ = 0;
};

}  // namespace ballast
