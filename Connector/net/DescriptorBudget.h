#pragma once

#include "net/LimitedLog.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>

namespace connector {

/// How many descriptors pipes may use, so that the API, the database and the log never find none left. Logs
/// when nine tenths of them are in use, and when all are, each once until less than eight tenths are. Any
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
            if (_budget) _budget->giveBack();
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

    /// log must outlive the budget.
    DescriptorBudget(int descriptors, LimitedLog& log);

    /// An empty lease when nothing is left.
    Lease take() {
        const int left = _free.fetch_sub(1, std::memory_order_relaxed) - 1;
        if (left <= few()) onFew(left);
        if (left >= 0) return Lease(*this);
        _free.fetch_add(1, std::memory_order_relaxed);
        return {};
    }

    /// There are so many from now on. When more are in use, none is left until enough were given back.
    void resize(int descriptors);

    /// How many there are.
    int all() const { return _all.load(std::memory_order_relaxed); }

    /// How many leases may still be taken.
    int left() const { return std::max(0, _free.load(std::memory_order_relaxed)); }

  private:
    enum class State { Enough, Few, None };

    int few() const { return all() / 10; }   ///< where a tenth is left
    int enough() const { return all() / 5; } ///< above a fifth

    void giveBack() {
        const int left = _free.fetch_add(1, std::memory_order_relaxed) + 1;
        if (left > enough() && _state.load(std::memory_order_relaxed) != State::Enough) onEnough(left);
    }

    void onFew(int left);
    void onEnough(int left);
    void write(const std::string& line);

    std::atomic<int> _all;
    std::atomic<int> _free;
    LimitedLog& _log;                         ///< somebody may have them run short as often as they like
    std::atomic<State> _state{State::Enough}; ///< as it was logged
};

} // namespace connector
