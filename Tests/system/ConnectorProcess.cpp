#include "ConnectorProcess.h"

#include "PipeActions.h"

#include <boost/test/results_collector.hpp>
#include <boost/test/unit_test.hpp>

#include <Poco/Exception.h>

#include <exception>

namespace connector::test {

namespace {

bool hasTestFailed() {
    const auto test = boost::unit_test::framework::current_test_case_id();
    return std::uncaught_exceptions() > 0 || !boost::unit_test::results_collector.results(test).passed();
}

} // namespace

ConnectorProcess::ConnectorProcess(const ConnectorSetup& setup)
    : _setup(setup), _api("127.0.0.1", setup.apiPort(), httpsContext(setup.mode())),
      _process(setup.command()) {
    if (setup.mode() == Mode::Tls)
        _tls = std::make_shared<TlsSettings>(
            TlsSettings::Options{CertificateAuthority::shared().certificateFile()});
    waitUntilHealthy();
}

ConnectorProcess::~ConnectorProcess() {
    try {
        if (_process.isRunning())
            BOOST_CHECK_EQUAL(stop(SIGTERM), 0);
        else if (!_wasStopped)
            BOOST_ERROR("Connector ended by itself with " << _process.waitForExit());
    } catch (const TimedOut& error) {
        BOOST_ERROR("SIGTERM: " << error.what());
    }
    if (hasTestFailed()) BOOST_TEST_MESSAGE("Connector's log:\n" << log());
}

int ConnectorProcess::stop(int signal, std::chrono::milliseconds patience) {
    _wasStopped = true;
    return _process.stop(signal, patience);
}

void ConnectorProcess::kill() {
    stop(SIGKILL);
}

std::string ConnectorProcess::log() const {
    return readFile(_setup.logFile());
}

void ConnectorProcess::waitForLog(const std::string& text) const {
    waitUntil("\"" + text + "\" in the log", [&] { return log().find(text) != std::string::npos; });
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

void ConnectorProcess::waitUntilHealthy() {
    waitUntil("/health answers 200", [this] {
        if (!_process.isRunning())
            throw std::runtime_error("Connector ended with " + std::to_string(_process.waitForExit()) +
                                     ":\n" + log());
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

Poco::Net::Context::Ptr httpsContext(Mode mode, const std::optional<KeyPair>& clientCertificate) {
    if (mode == Mode::Plain) return nullptr;
    // Relaxed: the chain is verified; POCO 1.11 would look the name of an address up in DNS.
    return new Poco::Net::Context(
        Poco::Net::Context::TLS_CLIENT_USE, clientCertificate ? clientCertificate->keyFile : "",
        clientCertificate ? clientCertificate->certificateFile : "",
        CertificateAuthority::shared().certificateFile(), Poco::Net::Context::VERIFY_RELAXED);
}

} // namespace connector::test
