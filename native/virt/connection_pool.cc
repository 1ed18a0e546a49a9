#include "virt/connection_pool.h"

#include <libvirt/virterror.h>

#include "virt/error.h"

namespace ballast {
namespace {

// Together with the calls of the memory sampler, fewer than the threads that libvirtd has for all clients
// (max_workers, 20).
constexpr size_t kMostConnections = 9;
constexpr size_t kMostIdle = 4;  // kept for the next calls; more were needed only while some hung

}  // namespace

std::shared_ptr<const Connection> ConnectionPool::Acquire(std::chrono::milliseconds patience) {
  // Once the daemon is lost nothing is opened: a change based on the old daemon's answers must not reach a
  // new one.
  if (first_->IsTestDriver() || !first_->IsAlive()) return first_;
  std::unique_lock<std::mutex> lock(mutex_);
  const auto is_there = [this] { return !idle_.empty() || open_ < kMostConnections; };
  if (!came_back_.wait_for(lock, patience, is_there)) {
    const std::string message = std::to_string(open_) + " calls on other guests have not returned yet";
    throw VirtFailure{{VIR_ERR_OPERATION_TIMEOUT, VIR_FROM_NONE, VIR_ERR_ERROR, message, "", ""}};
  }
  std::shared_ptr<const Connection> taken;
  if (!idle_.empty()) {
    taken = std::move(idle_.back());
    idle_.pop_back();
  } else {
    ++open_;
  }
  lock.unlock();
  try {
    if (!taken || !taken->IsAlive()) taken = first_->OpenAnother();
  } catch (const VirtFailure&) {
    Release(nullptr);
    throw;
  }
  // The lease owns the connection and gives it back at its end.
  const Connection* connection = taken.get();
  return {connection, [self = shared_from_this(), taken = std::move(taken)](const Connection*) mutable {
            self->Release(std::move(taken));
          }};
}

void ConnectionPool::Release(std::shared_ptr<const Connection> connection) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (connection && idle_.size() < kMostIdle) {
    idle_.push_back(std::move(connection));
  } else {
    --open_;
  }
  came_back_.notify_one();
  // One that is not kept closes with its argument, after the lock.
}

}  // namespace ballast
