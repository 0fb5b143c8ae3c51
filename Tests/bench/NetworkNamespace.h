#pragma once

#include <string>

namespace bench {

/// While it lives, the thread opens its sockets in another network namespace; they stay there.
class InNetworkNamespace {
  public:
    /// path: of the namespace, such as /proc/PID/ns/net; empty: where the thread is. Throws
    /// std::system_error.
    explicit InNetworkNamespace(const std::string& path);
    ~InNetworkNamespace();

    InNetworkNamespace(const InNetworkNamespace&) = delete;
    InNetworkNamespace& operator=(const InNetworkNamespace&) = delete;

  private:
    int _before = -1;
};

} // namespace bench
