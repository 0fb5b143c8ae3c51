#include "ConnectorProcess.h"

#include "PipeActions.h"

#include <Poco/Exception.h>

namespace connector::test {

ConnectorProcess::ConnectorProcess(const ConnectorSetup& setup)
    : Daemon("Connector", setup.command()), _api("127.0.0.1", setup.apiPort(), httpsContext(setup.mode())) {
    if (setup.mode() == Mode::Tls)
        _tls = std::make_shared<TlsSettings>(
            TlsSettings::Options{CertificateAuthority::shared().certificateFile()});
    waitUntilHealthy();
}

PipeClient ConnectorProcess::connect(std::uint16_t port, ConnectOptions options,
                                     const std::string& host) const {
    if (!options.tls) options.tls = _tls;
    return PipeClient(Poco::Net::SocketAddress(host, port), options);
}

PipeClient ConnectorProcess::agent(std::uint16_t port, const std::string& passcode, ConnectOptions options,
                                   const std::string& host) const {
    auto client = connect(port, std::move(options), host);
    authorize(client, passcode);
    return client;
}

bool ConnectorProcess::isAuthorized(int port, const std::string& passcode) const {
    try {
        agent(static_cast<std::uint16_t>(port), passcode);
        return true;
    } catch (const ConnectionLost&) {
        return false;
    }
}

bool ConnectorProcess::serves(const AddedMapping& mapping) const {
    auto waiting = agent(mapping.port1, mapping.passcode1);
    auto visitor = connect(mapping.port2);
    return areJoined(visitor, waiting);
}

void ConnectorProcess::waitUntilHealthy() {
    waitUntil("/health answers 200", [this] {
        if (!process().isRunning())
            throw std::runtime_error("Connector ended with " + std::to_string(stop()) + ":\n" + log());
        return isHealthy();
    });
}

bool ConnectorProcess::isHealthy() const {
    try {
        return _api.get("/health").status == Poco::Net::HTTPResponse::HTTP_OK;
    } catch (const Poco::Exception&) { // nothing listens yet
        return false;
    }
}

AddedMapping addedBeforeStop(const ConnectorSetup& setup) {
    ConnectorProcess connector(setup);
    auto mapping = connector.api().addPublic();
    if (const int status = connector.stop(); status != 0)
        throw std::runtime_error("Connector ended with " + std::to_string(status) + ":\n" + connector.log());
    return mapping;
}

Poco::Net::Context::Ptr httpsContext(Mode mode, const std::optional<KeyPair>& clientCertificate) {
    if (mode == Mode::Plain) return nullptr;
    // Relaxed: the chain is verified; POCO 1.11 would look the name of an address up in DNS.
    return new Poco::Net::Context(
        Poco::Net::Context::TLS_CLIENT_USE, clientCertificate ? clientCertificate->keyFile : "",
        clientCertificate ? clientCertificate->certificateFile : "",
        CertificateAuthority::shared().certificateFile(), Poco::Net::Context::VERIFY_RELAXED);
}

} // namespace connector::test
