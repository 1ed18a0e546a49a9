#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "util/thread_pool.h"
#include "virt/connection.h"
#include "virt/error.h"

namespace ballast {

// The active domains of a host whose counters are read without libvirt: its daemon is asked for them when an
// event says that they may have changed, and now and then to see that no event was missed. While it does not
// answer (it is away, or is destroying a stuck guest) those known before are handed out, with their age.
class DomainList : public std::enable_shared_from_this<DomainList> {
 public:
  using Ask = std::function<std::vector<ActiveDomain>()>;
  struct Listing {
    // The same object for as long as nothing else was heard.
    std::shared_ptr<const std::vector<ActiveDomain>> domains;
    uint64_t age;  // nanoseconds for which an answer is awaited; 0: up to date
  };
  // Listings without an event between two questions.
  static constexpr uint64_t kCheckInterval = 16;

  // `ask` blocks for as long as it likes, throws VirtFailure, and is never called twice at once. `patience`
  // is how long a listing waits for it.
  explicit DomainList(Ask ask, std::chrono::milliseconds patience = std::chrono::milliseconds(250))
      : ask_(std::move(ask)), patience_(patience) {}
  // Throws what `ask` threw, and what the connection was lost with. The first one waits until it is answered.
  Listing Get();

  // From any thread; these do not block. Before events are followed, each listing asks.
  void FollowEvents();
  void Invalidate();
  // No answer comes any more: every listing fails with this, one that waits too.
  void Lose(VirtError reason);

 private:
  void StartAsking();
  void AskNow();

  const Ask ask_;
  const std::chrono::milliseconds patience_;
  const std::shared_ptr<ThreadPool> threads_ = std::make_shared<ThreadPool>(1);
  std::mutex mutex_;
  std::condition_variable answered_;
  std::shared_ptr<const std::vector<ActiveDomain>> domains_;  // null before the first answer
  std::optional<VirtError> error_;                            // the newest answer was none
  std::optional<VirtError> lost_;
  std::chrono::steady_clock::time_point asked_at_;
  uint64_t listings_ = 0;
  bool follows_events_ = false;
  bool asking_ = false;
  bool is_late_ = false;  // somebody had to do without the answer that is awaited
  bool changed_ = false;  // since it was asked last
};

}  // namespace ballast
