#pragma once

#include <algorithm>
#include <atomic>
#include <list>
#include <mutex>
#include <utility>

namespace connector {

/// A value that is read all the time and becomes another one now and then, as when the configuration is read
/// again. Reading costs one load. A reference to it stays good for as long as the holder lives, and shows the
/// value as it was when the reference was made: each value is kept, those that are equal once. Any thread.
template <class T>
class Reloadable {
  public:
    explicit Reloadable(T value) { replace(std::move(value)); }

    Reloadable(const Reloadable&) = delete;
    Reloadable& operator=(const Reloadable&) = delete;

    const T& operator*() const { return *_current.load(std::memory_order_acquire); }
    const T* operator->() const { return &**this; }

    void replace(T value) {
        const std::lock_guard lock(_mutex);
        auto found = std::find(_values.begin(), _values.end(), value);
        if (found == _values.end()) found = _values.insert(found, std::move(value));
        _current.store(&*found, std::memory_order_release);
    }

  private:
    std::mutex _mutex;
    std::list<T> _values;
    std::atomic<const T*> _current{nullptr};
};

} // namespace connector
