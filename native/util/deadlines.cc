#include "util/deadlines.h"

#include <thread>

namespace ballast {

Deadlines::Ticket Deadlines::Set(std::chrono::milliseconds from_now, std::function<void()> action) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!watching_ && !stopped_) {
    std::thread([self = shared_from_this()] { self->Watch(); }).detach();
    watching_ = true;
  }
  const Ticket ticket{Clock::now() + from_now, next_++};
  actions_.emplace(ticket, std::move(action));
  if (actions_.begin()->first == ticket) changed_.notify_one();
  return ticket;
}

void Deadlines::Cancel(const Ticket& ticket) {
  const std::lock_guard<std::mutex> lock(mutex_);
  actions_.erase(ticket);
}

void Deadlines::Stop() {
  const std::lock_guard<std::mutex> lock(mutex_);
  stopped_ = true;
  changed_.notify_one();
}

void Deadlines::Watch() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopped_) {
    if (actions_.empty()) {
      changed_.wait(lock);
    } else if (const auto when = actions_.begin()->first.first; Clock::now() < when) {
      changed_.wait_until(lock, when);
    } else {
      const auto action = std::move(actions_.begin()->second);
      actions_.erase(actions_.begin());
      lock.unlock();
      action();
      lock.lock();
    }
  }
}

}  // namespace ballast
