#include "net/TcpOptions.h"

#include <netinet/tcp.h>

namespace connector {

namespace {

int wholeSeconds(std::chrono::milliseconds time) {
    return static_cast<int>(std::chrono::ceil<std::chrono::seconds>(time).count());
}

} // namespace

void TcpOptions::applyTo(Poco::Net::Socket& socket) const {
    auto& impl = *socket.impl();
    impl.setNoDelay(true);
    impl.setKeepAlive(true);
    impl.setOption(IPPROTO_TCP, TCP_KEEPIDLE, wholeSeconds(keepaliveIdle));
    impl.setOption(IPPROTO_TCP, TCP_KEEPINTVL, wholeSeconds(keepaliveInterval));
    impl.setOption(IPPROTO_TCP, TCP_NOTSENT_LOWAT, unsent);
    impl.setOption(IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(userTimeout.count()));
}

} // namespace connector
