#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "virt/connection.h"

namespace ballast {

// Connections for calls that may hang on a stuck guest, each for one call at a time. In libvirt 9.0
// (most likely CVE-2024-4418, so up to 10.3) a call that waits beside others on one connection may not see
// its answer before something else comes over it: with two that hang, the third took 5 s. And libvirtd works
// on five calls of one connection at most (max_client_requests), reads nothing more from it meanwhile, and
// then takes us for gone.
class ConnectionPool : public std::enable_shared_from_this<ConnectionPool> {
 public:
  // Opens more like `first`, once they are needed; none on a host that libvirt makes up.
  explicit ConnectionPool(std::shared_ptr<Connection> first) : first_(std::move(first)) {}
  // For one call, until the last owner lets go of it. Waits for one for so long at most where all that there
  // may be are taken. Throws VirtFailure.
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
