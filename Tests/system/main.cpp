#define BOOST_TEST_MODULE ConnectorSystemTests
#include <boost/test/unit_test.hpp>

#include <Poco/Data/SQLite/Connector.h>
#include <Poco/Net/SSLManager.h>

#include <csignal>

namespace {

/// What the whole run needs once: OpenSSL and SQLite ready, and writes to closed connections that fail with
/// EPIPE.
struct Libraries {
    Libraries() {
        std::signal(SIGPIPE, SIG_IGN);
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
