#include "Commands.h"
#include "ConnectorProcess.h"

#include <Poco/JSON/Array.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

/// One that `start` has started.
struct Started {
    explicit Started(Mode mode) : setup(mode) {
        withOperator(setup);
        const auto finished = runCommand(setup, {"start"});
        BOOST_REQUIRE_MESSAGE(finished.exitCode == 0, shown(finished));
    }
    ~Started() { runCommand(setup, {"stop"}); }

    Finished reload() { return runCommand(setup, {"reload"}); }

    ConnectorSetup setup;
};

} // namespace

BOOST_AUTO_TEST_SUITE(ReloadCommand)

BOOST_DATA_TEST_CASE(ShowsWhatWasChangedAndKept, kModes, mode) {
    Started started(mode);
    const auto same = started.reload();
    BOOST_TEST(same.exitCode == 0);
    BOOST_TEST(same.output == "The configuration was read again; nothing has changed.\n");
    started.setup.set("limits.open", 7).set("threads", 1);
    const auto finished = started.reload();
    BOOST_TEST(finished.exitCode == 0);
    BOOST_TEST(finished.output == "The configuration was read again; changed: limits.open.\n"
                                  "Kept until a restart:\n"
                                  "  threads: 2, the file says 1\n");
    started.setup.set("limits.open", 8);
    const auto json = jsonOf(started.setup, {"reload"});
    BOOST_TEST(json->getValue<std::string>("status") == "reloaded");
    BOOST_TEST(json->getArray("changed")->getElement<std::string>(0) == "limits.open");
    BOOST_TEST(json->getArray("kept")->getObject(0)->getValue<int>("file") == 1);
    BOOST_TEST(says(runCommand(started.setup, {"status"}), "threads has another value in the file"));
}

/// The token that is in the file now is not the service's until it has read it, nor is the certificate.
BOOST_AUTO_TEST_CASE(NewTokenAndCertificateAreTaken) {
    Started started(Mode::Tls);
    const auto other = CertificateAuthority::shared().issue(started.setup.folder(), "other");
    started.setup.set("tls.certificate", other.certificateFile)
        .set("tls.key", other.keyFile)
        .setJson("api.identities", R"([{"name":"operator","token":"another-0123456789"}])");
    const auto finished = started.reload();
    BOOST_TEST(finished.exitCode == 0);
    BOOST_TEST(says(finished, "changed: api.identities, tls.certificate, tls.key"), shown(finished));
}

BOOST_DATA_TEST_CASE(WrongConfigurationIsRefused, kModes, mode) {
    Started started(mode);
    started.setup.set("limits.open", 0);
    BOOST_TEST(hasFailed(started.reload(), kConfig, {started.setup.configFile(), "limits.open: 0"}));
    started.setup.unset("limits.open").set("log.file", "no/such/folder.log");
    const auto finished = started.reload();
    BOOST_TEST(hasFailed(finished, kConfig, {started.setup.configFile(), "log.file"}), shown(finished));
    BOOST_TEST(says(runCommand(started.setup, {"status"}), "it was read again and is refused"));
}

BOOST_AUTO_TEST_CASE(NeedsARunningService) {
    const ConnectorSetup setup;
    BOOST_TEST(hasFailed(runCommand(setup, {"reload"}), kUnavailable, {"does not run"}));
}

BOOST_AUTO_TEST_CASE(LeavesServersAloneThatStartHasNotStarted) {
    const ConnectorSetup setup;
    const ConnectorProcess connector(setup);
    BOOST_TEST(
        hasFailed(runCommand(setup, {"reload"}), kNoPermission, {"send it SIGHUP where it was started"}));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
