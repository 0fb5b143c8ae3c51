#include "ReloadedConnector.h"

#include <boost/test/unit_test.hpp>

namespace connector::test {

std::string ReloadedConnector::reload() {
    const std::string beginning = "the configuration was read again";
    const auto logged = _connector->log().size();
    setup.command(); // writes it
    _connector->process().signal(SIGHUP);
    std::string line;
    waitUntil("\"" + beginning + "\" in the log", [&] {
        const auto log = _connector->log();
        const auto begin = log.find(beginning, logged);
        const auto end = log.find('\n', begin);
        if (begin == std::string::npos || end == std::string::npos) return false;
        line = log.substr(begin, end - begin);
        return true;
    });
    return line;
}

void ReloadedConnector::reload(const std::string& changed) {
    const auto logged = _connector->log().size();
    BOOST_TEST(reload() == "the configuration was read again; " +
                               (changed.empty() ? "nothing has changed" : "changed: " + changed));
    BOOST_TEST((_connector->log().find("kept until a restart", logged) == std::string::npos));
}

Poco::JSON::Object::Ptr ReloadedConnector::lastRead() {
    return api().get("/api/v2/status").json()->getObject("configuration");
}

} // namespace connector::test
