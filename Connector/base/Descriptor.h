#pragma once

#include <unistd.h>
#include <utility>

namespace connector {

/// Owns a descriptor, and closes it when it is destroyed.
class Descriptor {
  public:
    /// descriptor: -1 for none.
    explicit Descriptor(int descriptor) : _descriptor(descriptor) {}
    Descriptor(Descriptor&& other) noexcept : _descriptor(std::exchange(other._descriptor, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(_descriptor, other._descriptor);
        return *this;
    }
    ~Descriptor() {
        if (_descriptor >= 0) ::close(_descriptor);
    }

    int get() const { return _descriptor; }

    /// It is the caller's from now on.
    int release() { return std::exchange(_descriptor, -1); }

  private:
    int _descriptor;
};

} // namespace connector
