#include "virt/domain_list.h"

#include <exception>
#include <utility>

namespace ballast {

DomainList::Listing DomainList::Get() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (lost_) throw VirtFailure{*lost_};
  const bool is_check = ++listings_ % kCheckInterval == 0;
  if (!asking_ && (!domains_ || !follows_events_ || changed_ || is_check)) StartAsking();
  const auto is_over = [this] { return !asking_ || lost_; };
  if (!domains_) {
    answered_.wait(lock, is_over);
  } else if (!is_late_) {
    answered_.wait_until(lock, asked_at_ + patience_, is_over);
  }
  if (lost_) throw VirtFailure{*lost_};
  if (asking_) {
    is_late_ = true;
    return {domains_, static_cast<uint64_t>((std::chrono::steady_clock::now() - asked_at_).count())};
  }
  if (error_) throw VirtFailure{*std::exchange(error_, std::nullopt)};
  return {domains_, 0};
}

void DomainList::StartAsking() {
  threads_->Run([self = shared_from_this()] { self->AskNow(); });
  asked_at_ = std::chrono::steady_clock::now();
  asking_ = true;
  is_late_ = false;
  changed_ = false;
  error_.reset();
}

void DomainList::AskNow() {
  std::shared_ptr<const std::vector<ActiveDomain>> domains;
  std::optional<VirtError> error;
  try {
    domains = std::make_shared<const std::vector<ActiveDomain>>(ask_());
  } catch (const VirtFailure& failure) {
    error = failure.error;
  } catch (const std::exception& failure) {  // no memory
    error.emplace();
    error->message = failure.what();
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  asking_ = false;
  // What was answered late may have been found out long before; after an error nothing is known.
  changed_ |= is_late_ || error;
  if (domains) domains_ = std::move(domains);
  error_ = std::move(error);
  answered_.notify_all();
}

void DomainList::FollowEvents() {
  const std::lock_guard<std::mutex> lock(mutex_);
  follows_events_ = true;
}

void DomainList::Invalidate() {
  const std::lock_guard<std::mutex> lock(mutex_);
  changed_ = true;
}

void DomainList::Lose(VirtError reason) {
  const std::lock_guard<std::mutex> lock(mutex_);
  lost_ = std::move(reason);
  answered_.notify_all();
}

}  // namespace ballast
