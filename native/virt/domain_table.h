#pragma once

#include <cstdint>
#include <vector>

#include "virt/connection.h"

namespace ballast {

// The set of domains that a sampler's rows are about, and a number that changes when the set does, so that
// names and UUIDs cross into JavaScript only then.
class DomainTable {
 public:
  // Whether the newest listing is of the same set.
  bool HasSet(const std::vector<ActiveDomain>& listed) const {
    bool same = listed.size() == rows_.size() && generation_ > 0;
    for (size_t i = 0; same && i < listed.size(); ++i) {
      same = listed[i].SameRun(rows_[i]) && listed[i].name == rows_[i].name;
    }
    return same;
  }
  // Takes the newest listing.
  void Update(std::vector<ActiveDomain> listed) noexcept {
    if (!HasSet(listed)) ++generation_;
    rows_ = std::move(listed);
  }
  const std::vector<ActiveDomain>& rows() const { return rows_; }
  uint32_t generation() const { return generation_; }

 private:
  std::vector<ActiveDomain> rows_;
  uint32_t generation_ = 0;
};

}  // namespace ballast
