#pragma once

#include <future>
#include <memory>

namespace connector {

/// Lets a pipe be closed that has things on other loops than its own: each of them holds on to its lifeline,
/// and when the last has let go, the pipe too, nobody will touch the pipe any more. Any thread, but for
/// letGo().
class Lifeline {
  public:
    /// What one thing holds.
    using Hold = std::shared_ptr<void>;

    /// Once, before letGo(): ready when all have let go.
    std::future<void> future() { return _own->promise.get_future(); }

    /// Null when all have let go.
    Hold hold() const { return _promise.lock(); }

    /// What the pipe itself holds; once. Only on its loop.
    Hold letGo() { return std::move(_own); }

  private:
    struct Promise {
        ~Promise() { promise.set_value(); }
        std::promise<void> promise;
    };
    std::shared_ptr<Promise> _own = std::make_shared<Promise>();
    const std::weak_ptr<Promise> _promise = _own;
};

} // namespace connector
