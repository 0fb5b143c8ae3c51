#pragma once

#include "Loop.h"
#include "Tls.h"

#include <cstddef>
#include <netinet/in.h>
#include <span>
#include <string_view>

namespace bench {

/// A non-blocking connection of the load generator, TLS or not, that one subclass makes a visitor of, another
/// an agent or a target.
class Channel : public Watcher {
  public:
    ~Channel() override;

    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    /// Begins, or ends at once; call it when the connection is in its list.
    void start();

  protected:
    /// Connects. tls: null for plain TCP. Throws std::system_error when there is no descriptor or port left.
    Channel(Loop& loop, const sockaddr_in& from, const sockaddr_in& to, Tls* tls);

    /// Goes on with an accepted connection.
    Channel(Loop& loop, int descriptor, Tls* tls);

    /// It has connected and shaken hands: sends the first bytes, and waits for what it wants. False when it
    /// is too early after all; then it is called again.
    virtual bool onConnected() = 0;
    virtual void onReady(std::uint32_t events) = 0;
    /// Failed or closed by the other end: the last call.
    virtual void onClosed() = 0;

    /// What onReady() is to hear of.
    void wait(std::uint32_t events);

    /// Bytes received, 0: none now, -1: the connection is over.
    long receive(std::span<char> into);

    /// The same for bytes that nobody looks at. In plain TCP the kernel need not even copy them.
    long discard();

    /// Bytes sent, 0: none now, -1: the connection is over.
    long send(std::string_view bytes);

    /// No more calls; destroyed when the current events are dealt with. Its list must let go of it first.
    bool isOver() const { return _isOver; }
    void setOver() { _isOver = true; }

  private:
    void onEvents(std::uint32_t events) final;
    void shake();
    long result(int result);

    Loop& _loop;
    int _descriptor;
    SSL* _ssl = nullptr;
    std::uint32_t _waitsFor;
    bool _isWatched = false;
    bool _isConnected = false;
    bool _isOver = false;
};

} // namespace bench
