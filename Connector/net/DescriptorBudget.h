#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

namespace connector {

/// How many descriptors pipes may use, so that the API, the database and the log never find none left. Any
/// thread.
class DescriptorBudget {
  public:
    /// One descriptor's place in the budget, given back when it is destroyed.
    class Lease {
      public:
        Lease() = default;
        Lease(Lease&& other) noexcept
            : _budget(std::exchange(other._budget, nullptr)), _companion(std::move(other._companion)) {}
        Lease& operator=(Lease&& other) noexcept {
            std::swap(_budget, other._budget);
            std::swap(_companion, other._companion);
            return *this;
        }
        ~Lease() {
            if (_budget) _budget->_free.fetch_add(1, std::memory_order_relaxed);
        }
        explicit operator bool() const { return _budget != nullptr; }

        /// Something else that is given back with it.
        void attach(std::shared_ptr<void> companion) { _companion = std::move(companion); }

      private:
        friend class DescriptorBudget;
        explicit Lease(DescriptorBudget& budget) : _budget(&budget) {}
        DescriptorBudget* _budget = nullptr;
        std::shared_ptr<void> _companion;
    };

    explicit DescriptorBudget(int descriptors) : _free(descriptors) {}

    /// An empty lease when nothing is left.
    Lease take() {
        if (_free.fetch_sub(1, std::memory_order_relaxed) > 0) return Lease(*this);
        _free.fetch_add(1, std::memory_order_relaxed);
        return {};
    }

    /// How many leases may still be taken.
    int left() const { return std::max(0, _free.load(std::memory_order_relaxed)); }

  private:
    std::atomic<int> _free;
};

} // namespace connector
