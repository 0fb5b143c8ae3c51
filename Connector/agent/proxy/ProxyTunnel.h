#pragma once

#include "agent/proxy/HttpProxy.h"
#include "agent/proxy/ProxyAnswer.h"
#include "net/SocketStream.h"

#include <memory>
#include <string>

namespace connector {

/// Has a proxy connect to a place, over a connection to the proxy that it is given. Lives on its loop.
class ProxyTunnel final : private StreamHandler {
  public:
    /// Whoever needs the tunnel.
    class Owner {
      public:
        /// The proxy has connected: what goes by this connection from its next byte on is between that place
        /// and us.
        virtual void onTunnel(Descriptor socket, const Poco::Net::SocketAddress& proxy) = 0;
        /// It can't be reached, or has answered something else than it should.
        virtual void onTunnelFailed(const std::string& why) = 0;
        /// It has answered that it doesn't do it. why: its status and reason.
        virtual void onTunnelRefused(const std::string& why) = 0;

      protected:
        ~Owner() = default;
    };

    /// stream: plain, still connecting to the proxy, and attached to no loop. target: "host:port", an IPv6
    /// address in brackets. loop and owner must outlive it.
    ProxyTunnel(EventLoop& loop, std::unique_ptr<SocketStream> stream, const HttpProxy& proxy,
                const std::string& target, Owner& owner);
    ~ProxyTunnel();

    /// Calls the owner once, perhaps before it returns.
    void start();

    /// The owner is not called any more. The last that is called.
    void stop() { _stream->detach(); }

  private:
    void onReady(Stream& stream) override;
    void readAnswer();
    void judge();
    void fail(const std::string& why);

    EventLoop& _loop;
    const std::unique_ptr<SocketStream> _stream;
    const HttpProxy _proxy;
    const std::string _request;
    Owner& _owner;
    bool _isConnected = false;
    ProxyAnswer _answer;
};

} // namespace connector
