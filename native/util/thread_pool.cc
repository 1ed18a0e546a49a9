#include "util/thread_pool.h"

#include <chrono>
#include <system_error>
#include <thread>

namespace ballast {
namespace {
constexpr std::chrono::seconds kIdleTime{10};
}

void ThreadPool::Run(std::function<void()> job, std::function<void()> report) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (idle_ <= jobs_.size() && threads_ < most_threads_) AddThread();
  jobs_.push_back({std::move(job), std::move(report)});
  job_came_.notify_one();
}

void ThreadPool::AddThread() {
  try {
    std::thread([self = shared_from_this()] { self->Work(); }).detach();
    ++threads_;
  } catch (const std::system_error&) {
    if (threads_ == 0) throw;  // otherwise those that there are do the job
  }
}

void ThreadPool::Work() {
  std::unique_lock<std::mutex> lock(mutex_);
  ++idle_;
  while (job_came_.wait_for(lock, kIdleTime, [this] { return !jobs_.empty(); })) {
    --idle_;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job.run();
    job.run = nullptr;  // what it owned goes before we wait again
    lock.lock();
    ++idle_;
    if (!job.report) continue;
    lock.unlock();
    job.report();
    job.report = nullptr;
    lock.lock();
  }
  --idle_;
  --threads_;
}

}  // namespace ballast
