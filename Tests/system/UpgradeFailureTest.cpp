#include "PipeActions.h"
#include "UpgradedConnector.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <filesystem>
#include <ostream>
#include <string>

namespace connector::test {

namespace {

/// A new program that goes wrong, in Python; it leaves its parent as the real one does.
std::string programThat(const std::string& does) {
    return R"(#!/usr/bin/env python3
import os, signal, socket, sys, time
if os.fork(): os._exit(0)
former = socket.socket(fileno=int(os.environ["IOFOG_CONNECTOR_TAKEOVER"]))
def say(text): former.send(text.encode())
def die(): os.kill(os.getpid(), signal.SIGKILL)
def hello(): say("hello 1 %d" % os.getpid())
def take():
    while True:
        text, descriptors, _, _ = socket.recv_fds(former, 65536, 253)
        for descriptor in descriptors: os.close(descriptor)
        if text == b"open": return
        say("taken")
)" + does + "\n";
}

struct Wrong {
    const char* name;
    std::string program;
    std::string reason;
};
std::ostream& operator<<(std::ostream& out, const Wrong& wrong) {
    return out << wrong.name;
}

const std::vector<Wrong> kWrong{
    {"is no program", "", "can't be started"},
    {"ends at once", "#!/bin/sh\nexit 3\n", "it has ended"},
    {"never leaves its parent", "#!/bin/sh\nexec sleep 60\n", "limits.upgrade"},
    {"is killed at once", programThat("die()"), "it has ended"},
    {"is of another version", programThat("say('hello 2 7')\ntime.sleep(60)"), "restart the service"},
    {"takes nothing", programThat("hello()\ndie()"), "it has ended"},
    {"is killed with everything in its hands", programThat("hello()\ntake()\ndie()"), "it has ended"},
    {"can't serve", programThat("hello()\ntake()\nsay('failed no luck')"), "no luck"},
    {"is killed when it is to serve", programThat("hello()\ntake()\nsay('ready')\nformer.recv(99)\ndie()"),
     "it has ended"},
    {"hangs", programThat("hello()\ntake()\ntime.sleep(60)"), "limits.upgrade"},
    {"talks nonsense", programThat("hello()\ntake()\nsay('hello')\ntime.sleep(60)"), "hello"},
};

/// Whether all works as ever, a change of the database included.
bool worksAsEver(const UpgradedConnector& connector, const ConnectorProcess& process) {
    const auto mapping = connector.api().addPublic();
    const bool serves = process.serves(mapping);
    connector.api().remove(mapping.id);
    return serves;
}

} // namespace

BOOST_AUTO_TEST_SUITE(UpgradeFailure)

BOOST_DATA_TEST_CASE(FormerProcessGoesOn, kWrong, wrong) {
    UpgradedConnector connector(Mode::Plain, {{"upgrade", wrong.reason == "limits.upgrade" ? 1000 : 30000}});
    const auto mapping = connector.api().addPublic();
    auto agent = connector.first().agent(mapping.port1, mapping.passcode1);
    auto visitor = connector.first().connect(mapping.port2);
    BOOST_REQUIRE(areJoined(visitor, agent));
    connector.install(wrong.program);
    const auto reason = connector.failToUpgrade();
    BOOST_TEST(reason.find(wrong.reason) != std::string::npos, reason);
    connector.first().waitForLog(reason);
    BOOST_TEST(areJoined(visitor, agent));
    BOOST_TEST(worksAsEver(connector, connector.first()));
    BOOST_TEST(connector.first().stop() == 0);
}

BOOST_AUTO_TEST_CASE(WrongConfigurationChangesNothing) {
    UpgradedConnector connector(Mode::Plain);
    writeFile(connector.setup().configFile(), R"({"ports":["6050-6000"],"address":"127.0.0.1"})");
    const auto reason = connector.failToUpgrade();
    BOOST_TEST(reason.find("6050-6000") != std::string::npos, reason);
    BOOST_TEST(worksAsEver(connector, connector.first()));
}

BOOST_AUTO_TEST_CASE(AnotherDatabaseNeedsARestart) {
    UpgradedConnector connector(Mode::Plain);
    const auto mapping = connector.api().addPublic();
    connector.setup().set("database", connector.setup().folder().path("other.db"));
    writeFile(connector.setup().configFile(), connector.setup().config());
    const auto reason = connector.failToUpgrade();
    BOOST_TEST(reason.find("other.db") != std::string::npos, reason);
    BOOST_TEST(connector.api().listIds() == std::set{mapping.id});
}

BOOST_AUTO_TEST_CASE(SucceedsAfterAFailure) {
    UpgradedConnector connector(Mode::Plain);
    const auto mapping = connector.api().addPublic();
    writeFile(connector.setup().configFile(), "{}");
    connector.failToUpgrade();
    writeFile(connector.setup().configFile(), connector.setup().config());
    connector.upgrade();
    BOOST_TEST(connector.first().waitForExit() == 0);
    BOOST_TEST(connector.first().serves(mapping));
    BOOST_TEST(worksAsEver(connector, connector.first()));
}

BOOST_AUTO_TEST_CASE(StopWhileTheNewProcessIsStartedStops) {
    UpgradedConnector connector(Mode::Plain);
    connector.install(programThat("hello()\ntake()\ntime.sleep(60)"));
    connector.first().process().signal(SIGUSR2);
    connector.first().waitForLog("to be replaced");
    BOOST_TEST(connector.first().stop(SIGTERM) == 0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
