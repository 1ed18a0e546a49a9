#pragma once

#include <cstdint>
#include <vector>

#include "virt/connection.h"

namespace ballast {

// The set of domains that a sampler's rows are about, and a number that changes when the set does, so that
// names and UUIDs cross into JavaScript only then.
class DomainTable {
 public:
  // Takes the newest listing; true when the set changed.
  bool Update(std::vector<ActiveDomain> listed) {
    bool same = listed.size() == rows_.size() && generation_ > 0;
    for (size_t i = 0; same && i < listed.size(); ++i) {
      same = listed[i].SameRun(rows_[i]) && listed[i].name == rows_[i].name;
    }
    rows_ = std::move(listed);
    if (!same) ++generation_;
    return !same;
  }
  const std::vector<ActiveDomain>& rows() const { return rows_; }
  uint32_t generation() const { return generation_; }

 private:
  std::vector<ActiveDomain> rows_;
  uint32_t generation_ = 0;
};

}  // namespace ballast
