#pragma once

#include <Poco/Net/IPAddress.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace connector {

/// Counts the API's connections, bounds how many one address has, and waits for the last one to end. Any
/// thread.
class ConnectionSlots {
  public:
    /// One connection's place, given back when the object goes. The slots must outlive it.
    class Slot {
      public:
        Slot(Slot&& other) noexcept;
        ~Slot();

        Slot(const Slot&) = delete;
        Slot& operator=(const Slot&) = delete;
        Slot& operator=(Slot&&) = delete;

      private:
        friend class ConnectionSlots;
        Slot(ConnectionSlots& slots, std::string owner);

        ConnectionSlots* _slots;
        std::string _owner;
    };

    explicit ConnectionSlots(int perAddress);

    /// Nothing when that address has all the connections it may have. The addresses of an IPv6 /64 count as
    /// one, because whoever has one of them has them all.
    std::optional<Slot> take(const Poco::Net::IPAddress& address);

    /// True when no connection is left; false when there still is one after that time.
    bool waitUntilEmpty(std::chrono::milliseconds atMost);

  private:
    void giveBack(const std::string& owner);

    const int _perAddress;
    std::mutex _mutex;
    std::condition_variable _empty;
    std::map<std::string, int> _used;
};

} // namespace connector
