#include "pipe/PipeEnvironment.h"

#include "base/Uuid.h"
#include "net/PlainStream.h"
#include "net/TlsStream.h"
#include "protocol/Greeting.h"

namespace connector {

PipeEnvironment::PipeEnvironment(EventLoops& loops, ListeningSockets& sockets, const PipeSettings& settings,
                                 Poco::Net::Context::Ptr tls, LimitedLogs& logs)
    : _instance(randomUuid()), _loops(loops), _sockets(sockets), _bind(settings.bind),
      _frontPort(settings.frontPort), _limits(settings.limits), _tcp(settings.tcp),
      _traffic(settings.traffic), _proxies(settings.proxies),
      _allowPlainVisitors(settings.allowPlainVisitors), _logsRelays(settings.logRelays), _tls(std::move(tls)),
      _agentsAlpn(std::make_shared<const AlpnProtocols>(std::vector<std::string>{Greeting::kAlpn},
                                                        AlpnProtocols::Others::Served)),
      _logs(logs), _events(settings.limits.events), _handshakes(loops),
      _descriptors(settings.descriptors, _logs.descriptors), _relays(loops, settings.limits.relay),
      _slowed(loops.at(0), _limits, _logs.slowed, _rejections) {}

void PipeEnvironment::change(const PipeSettings& settings) {
    _limits.replace(settings.limits);
    _tcp.replace(settings.tcp);
    _traffic.replace(settings.traffic);
    _proxies.replace(settings.proxies);
    _allowPlainVisitors = settings.allowPlainVisitors;
    _logsRelays = settings.logRelays;
    _events.limit(settings.limits.events);
    _descriptors.resize(settings.descriptors);
    _relays.limit(settings.limits.relay);
}

std::vector<std::unique_ptr<Listener>> PipeEnvironment::listen(std::uint16_t port) {
    return listen(port, &_descriptors);
}

std::vector<std::unique_ptr<Listener>> PipeEnvironment::listenAtFront() {
    return listen(_frontPort, nullptr);
}

std::vector<std::unique_ptr<Listener>> PipeEnvironment::listen(std::uint16_t port, DescriptorBudget* budget) {
    // Alone, the IPv6 wildcard serves IPv4 too, which spares a descriptor a port.
    const ListeningSockets::Settings settings{
        .v6Only = _bind.size() > 1, .backlog = _limits->backlog, .tcp = *_tcp};
    std::vector<std::unique_ptr<Listener>> listeners;
    for (const auto& address : _bind)
        listeners.push_back(
            std::make_unique<Listener>(_sockets, Poco::Net::SocketAddress(address, port), settings, budget));
    return listeners;
}

std::unique_ptr<SocketStream> PipeEnvironment::accept(Descriptor socket, const Poco::Net::SocketAddress& peer,
                                                      DescriptorBudget::Lease lease,
                                                      std::shared_ptr<const AlpnProtocols> alpn) {
    if (!_tls) return acceptPlain(std::move(socket), peer, std::move(lease));
    auto stream = std::make_unique<TlsStream>(std::move(socket), peer, std::move(lease), _tls->sslContext(),
                                              std::move(alpn));
    stream->bearSlowPeer(*_tcp);
    return stream;
}

std::unique_ptr<SocketStream> PipeEnvironment::acceptPlain(Descriptor socket,
                                                           const Poco::Net::SocketAddress& peer,
                                                           DescriptorBudget::Lease lease) {
    auto stream = std::make_unique<PlainStream>(std::move(socket), peer, std::move(lease));
    stream->bearSlowPeer(*_tcp);
    return stream;
}

} // namespace connector
