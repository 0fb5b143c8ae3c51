#pragma once

#include "agent/iofog/MessageQueue.h"

#include <cstddef>
#include <deque>
#include <vector>

namespace connector {

/// What was sent on one connection to a receiver that seems not to acknowledge, so that its arrival is only
/// assumed: in the order in which ACKs would come after all. The latest messages are kept, to be sent again
/// when the connection ends before; of the others there is only the number.
class AssumedMessages {
  public:
    /// As many as that, and no more than so many bytes, are kept.
    static constexpr std::size_t kMaxMessages = 100;
    static constexpr std::size_t kMaxBytes = 4 * 1024 * 1024;

    /// message: without a frame for what has none, and would be acknowledged all the same.
    void add(BusMessage message);

    /// It is known that the receiver is there and doesn't acknowledge: none is kept from now on.
    void keepNone() { _isKeeping = false; }

    /// ACK of the oldest one has come.
    void confirmOldest();

    void clear() { *this = {}; }

    /// Those that are kept, the oldest first.
    std::vector<BusMessage> take();

    /// How many there are that are not kept.
    std::size_t forgotten() const { return _forgotten; }

  private:
    void removeOldest();
    bool isTooMuch() const;

    std::deque<BusMessage> _messages;
    std::size_t _bytes = 0;
    std::size_t _forgotten = 0;
    bool _isKeeping = true;
};

} // namespace connector
