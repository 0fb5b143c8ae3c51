#pragma once

#include "agent/Remote.h"
#include "agent/Resolver.h"
#include "agent/proxy/ProxyTunnel.h"
#include "net/SocketStream.h"
#include "net/Timer.h"

#include <memory>
#include <string>

namespace connector {

/// Makes one connection at a time: asks for the addresses of a place, or of the proxy in front of it, tries
/// one after the other, and does the TLS handshake. Lives on its loop.
class Dialer final : private StreamHandler, private Resolver::Client, private ProxyTunnel::Owner {
  public:
    /// Whoever needs the connection.
    class Owner {
      public:
        /// Connected, with the TLS handshake done. The stream is on the loop; its events still go nowhere.
        virtual void onDialled(std::unique_ptr<SocketStream> stream) = 0;
        /// No address could be connected to in time.
        virtual void onDialFailed(const std::string& why) = 0;

      protected:
        ~Owner() = default;
    };

    /// All references must outlive the dialer.
    Dialer(EventLoop& loop, Resolver& resolver, Owner& owner);
    ~Dialer();

    /// Calls the owner once, perhaps before it returns. Only when no other dialling is under way. remote must
    /// exist until then.
    void dial(const Remote& remote, std::chrono::milliseconds limit);

    /// Gives up; the owner is not called any more.
    void cancel();

  private:
    void onResolved(const Resolver::Answer& answer) override;
    void onReady(Stream& stream) override;
    void onTunnel(Descriptor socket, const Poco::Net::SocketAddress& proxy) override;
    void onTunnelFailed(const std::string& why) override;
    void onTunnelRefused(const std::string& why) override;
    void tryNext();
    bool startNext();
    bool connectTo(const Poco::Net::SocketAddress& address);
    bool use(std::unique_ptr<SocketStream> stream);
    void dropTunnel();
    void onTimer();
    void dropStream();
    void fail();

    EventLoop& _loop;
    Resolver& _resolver;
    Owner& _owner;
    const Remote* _remote = nullptr; ///< what is being dialled
    EventLoop::Clock::time_point _deadline;
    Resolver::Addresses _left;            ///< addresses still to be tried, the next one at the back
    std::unique_ptr<ProxyTunnel> _tunnel; ///< while a proxy is asked
    std::unique_ptr<SocketStream> _stream;
    std::string _place; ///< the address that is tried, for messages
    std::string _why;
    Timer _timer;
};

} // namespace connector
