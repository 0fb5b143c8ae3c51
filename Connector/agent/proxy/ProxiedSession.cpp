#include "agent/proxy/ProxiedSession.h"

#include "agent/proxy/ProxyAnswer.h"
#include "base/PeerAddress.h"

#include <Poco/Net/SecureStreamSocket.h>

namespace connector {

ProxiedSession::ProxiedSession(const Poco::URI& server, const HttpProxy& proxy,
                               const Poco::Net::Context::Ptr& tls)
    : HTTPClientSession(server.getHost(), server.getPort()), _proxy(proxy),
      _target(inWords(server.getHost(), server.getPort())), _tls(tls) {
    setProxy(proxy.host, proxy.port); // whose address is looked up then
}

/// What could not be sent of a request is tried once more when POCO's stream is destroyed. In the base
/// class's destructor a connection would be one to the proxy itself, without TLS.
ProxiedSession::~ProxiedSession() {
    try {
        flushRequest();
    } catch (const std::exception&) { // who waited for the request knows
    }
}

void ProxiedSession::connect(const Poco::Net::SocketAddress& address) {
    attachSocket(Poco::Net::StreamSocket()); // the last one may have spoken TLS
    HTTPClientSession::connect(address);
    openTunnel();
    if (_tls) attachSocket(Poco::Net::SecureStreamSocket::attach(socket(), getHost(), _tls));
}

void ProxiedSession::openTunnel() {
    const auto request = _proxy.request(_target);
    socket().sendBytes(request.data(), static_cast<int>(request.size()));
    ProxyAnswer answer;
    for (char next = 0; !answer.isComplete();) {
        const bool hasEnded = socket().receiveBytes(&next, 1) <= 0;
        const auto wrong = hasEnded ? ProxyAnswer::kNone : answer.take(next);
        if (!wrong.empty()) throw ProxyFailure("proxy " + _proxy.name() + ": " + wrong);
    }
    const auto refusal = _proxy.refusalIn(answer.head());
    if (!refusal.empty())
        throw ProxyFailure("proxy " + _proxy.name() + " does not connect to " + _target + ": " + refusal);
}

} // namespace connector
