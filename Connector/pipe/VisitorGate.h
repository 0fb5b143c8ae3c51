#pragma once

#include "model/TrafficLimits.h"
#include "pipe/PipeStatus.h"

#include <Poco/Net/IPAddress.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace connector {

/// Who may be a visitor of a mapping: those of the networks that are allowed, so many of each address at once
/// and within a second, and so many of all addresses together. The addresses of an IPv6 /64 count as one
/// (ownerOf()). Any thread.
class VisitorGate : public std::enable_shared_from_this<VisitorGate> {
  public:
    using Clock = std::chrono::steady_clock;

    /// A visitor's place; given back when it is destroyed, on any thread.
    using Place = std::shared_ptr<void>;

    /// As limit() has them.
    static std::shared_ptr<VisitorGate> make(const TrafficLimits& limits, std::size_t most);

    /// limits: all of them given. most: visitors of all addresses together. For those who come from now on.
    void limit(const TrafficLimits& limits, std::size_t most);

    /// Whether there may be one more than `most`, as somebody else is about to leave.
    enum class Room { AsConfigured, OneMore };

    /// Why nobody of that address is let in at the moment; nothing when `place` was filled.
    std::optional<VisitorRefusal> admit(const Poco::Net::IPAddress& address, Clock::time_point now,
                                        Place& place, Room room = Room::AsConfigured);

    /// The address that has the most visitors, if it has more than `other` has with so many newcomers; ""
    /// when there is none. Addresses are ownerOf().
    std::string busierThan(const std::string& other, int newcomers) const;

  private:
    class Taken;
    struct Address {
        int open = 0;
        double tokens = 0; ///< of visitorrate
        Clock::time_point refilled;
    };
    using Addresses = std::unordered_map<std::string, Address>;

    VisitorGate(const TrafficLimits& limits, std::size_t most) : _most(most), _limits(limits) {}

    bool isDenied(const Poco::Net::IPAddress& address) const;
    bool hasToken(Address& address, Clock::time_point now) const;
    void leave(const std::string& address);
    void forgetIdle(Clock::time_point now);

    mutable std::mutex _mutex;
    std::size_t _most;
    TrafficLimits _limits;
    Addresses _addresses;
    std::size_t _open = 0;
    std::size_t _forgetAt = 1024; ///< as soon as there are so many addresses
};

} // namespace connector
