#define BOOST_TEST_MODULE ConnectorSystemTests
#include <boost/test/unit_test.hpp>

#include <Poco/Data/SQLite/Connector.h>
#include <Poco/Net/SSLManager.h>

#include <csignal>
#include <cstdlib>

namespace {

/// What the whole run needs once: OpenSSL and SQLite ready, writes to closed connections that fail with
/// EPIPE, and no proxy.
struct Libraries {
    Libraries() {
        std::signal(SIGPIPE, SIG_IGN);
        for (const auto* variable : {"https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"})
            ::unsetenv(variable); // agents would heed it
        Poco::Net::initializeSSL();
        Poco::Data::SQLite::Connector::registerConnector();
    }
    ~Libraries() {
        Poco::Data::SQLite::Connector::unregisterConnector();
        Poco::Net::uninitializeSSL();
    }
};

} // namespace

BOOST_TEST_GLOBAL_FIXTURE(Libraries);
