#include "pipe/VisitorAccess.h"

namespace connector {

VisitorAccess::VisitorAccess(PipeEnvironment& environment, const VisitorSettings& settings)
    : _environment(environment) {
    change(settings);
}

void VisitorAccess::change(const VisitorSettings& settings) {
    auto alpn = settings.alpn.empty() ? nullptr : std::make_shared<const AlpnProtocols>(settings.alpn);
    const std::lock_guard lock(_mutex);
    _tls = settings.tls;
    _alpn = std::move(alpn);
}

bool VisitorAccess::isAllowed() const {
    const std::lock_guard lock(_mutex);
    return _tls || _environment.allowsPlainVisitors();
}

std::unique_ptr<SocketStream> VisitorAccess::accept(Descriptor socket, const Poco::Net::SocketAddress& peer,
                                                    DescriptorBudget::Lease lease) const {
    const std::lock_guard lock(_mutex);
    if (!_tls) return _environment.acceptPlain(std::move(socket), peer, std::move(lease));
    return _environment.accept(std::move(socket), peer, std::move(lease), _alpn);
}

std::unique_ptr<SocketStream> VisitorAccess::acceptTls(Descriptor socket,
                                                       const Poco::Net::SocketAddress& peer,
                                                       DescriptorBudget::Lease lease) const {
    const std::lock_guard lock(_mutex);
    return _environment.accept(std::move(socket), peer, std::move(lease), _alpn);
}

} // namespace connector
