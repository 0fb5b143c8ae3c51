#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

namespace connector {

/// An ioMessage, or another frame of the node's message socket, on its way.
struct BusMessage {
    std::string frame; ///< with its header
    int losses = 0;    ///< connections that it was lost with
};

/// Messages between the threads of the message socket, which wait, and the pipe on its loop, which doesn't.
/// It is bounded, so that who puts must wait for who takes. Any thread.
class MessageQueue {
  public:
    /// Whoever does not wait.
    class Watcher {
      public:
        /// There is a message, or room, that was not there before. On any thread; it may not use the queue in
        /// this call.
        virtual void onQueueChanged() = 0;

      protected:
        ~Watcher() = default;
    };

    /// As many as that, or one that is larger than all of them may be.
    static constexpr std::size_t kMaxMessages = 100;
    static constexpr std::size_t kMaxBytes = 16 * 1024 * 1024;

    /// watcher: must outlive its being watched; null: nobody. Returns when no call of the former is under
    /// way.
    void watch(Watcher* watcher);

    /// Waits for room; a closed queue takes it at once. False when the queue has been closed.
    bool put(BusMessage message);

    /// Without waiting: false when there is no room, and the message stays where it was.
    bool offer(BusMessage& message);

    /// In front of all others, whether there is room or not.
    void putFirst(BusMessage message);

    /// Waits for a message. Nothing when the queue has been closed.
    std::optional<BusMessage> await();

    /// Without waiting.
    std::optional<BusMessage> take();

    /// Nobody waits any more. The messages stay.
    void close();

    /// Undoes close().
    void open();

  private:
    bool hasRoomFor(const BusMessage& message) const;
    void add(BusMessage message, bool isFirst);
    BusMessage removeFirst();

    std::mutex _mutex;
    std::condition_variable _changed;
    std::deque<BusMessage> _messages;
    std::size_t _bytes = 0;
    bool _isClosed = false;
    Watcher* _watcher = nullptr;
};

} // namespace connector
