#include "ServiceManager.h"

#include "ConnectorProcess.h"
#include "PipeActions.h"
#include "StoppedThread.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <chrono>
#include <ostream>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

/// Short, so that beats come often; nobody measures them.
constexpr std::chrono::milliseconds kWatchdog{30};

enum class Program { Connector, Agent };
constexpr std::array kPrograms{Program::Connector, Program::Agent};

std::ostream& operator<<(std::ostream& out, Program program) {
    return out << (program == Program::Connector ? "Connector" : "agent");
}

ChildProcess::Command agentCommand(const Folder& folder) {
    // Nothing listens on that port: the agent tries again and again.
    const auto file = folder.write("agent.json", R"({"mode": "public", "host": "127.0.0.1", "port": 1,
        "connectioncount": 1, "passcode": "x", "localhost": "127.0.0.1", "localport": 1})");
    return {{programPath("AGENT_BIN"), "--config=" + file, "--plain"}, folder.path("output.log")};
}

/// One of the programs, started by a service manager.
class Service {
  public:
    explicit Service(Program program, std::chrono::microseconds watchdog = {})
        : _daemon("the service",
                  _manager.managed(program == Program::Connector ? _setup.command() : agentCommand(_folder),
                                   watchdog)) {}

    ServiceManager& manager() { return _manager; }
    Daemon& daemon() { return _daemon; }
    std::size_t beats() { return _manager.count("WATCHDOG=1"); }

    void waitForBeats() {
        const auto before = beats();
        waitUntil("five beats", [&] { return beats() >= before + 5; });
    }

  private:
    ConnectorSetup _setup;
    Folder _folder;
    ServiceManager _manager;
    Daemon _daemon;
};

} // namespace

BOOST_AUTO_TEST_SUITE(ServiceManagers)

BOOST_DATA_TEST_CASE(ConnectorIsReadyWhenItsApiAnswersAndItsMappingsAreBack, kModes, mode) {
    const ConnectorSetup setup(mode);
    AddedMapping mapping;
    {
        const ConnectorProcess first(setup);
        mapping = first.api().addPublic();
    }
    ServiceManager manager;
    Daemon connector("Connector", manager.managed(setup.command()));
    const auto message = manager.waitFor("READY=1");
    BOOST_TEST(message.find("STATUS=API on port " + std::to_string(setup.apiPort())) != std::string::npos);
    const ApiClient api("127.0.0.1", setup.apiPort(), httpsContext(mode));
    BOOST_TEST(api.get("/health").status == 200);
    BOOST_TEST(!refusesConnections(mapping.port2));
}

BOOST_DATA_TEST_CASE(ReloadAndStopAreAnnounced, bdata::make(kPrograms), program) {
    Service service(program);
    service.manager().waitFor("READY=1");
    service.daemon().process().signal(SIGHUP);
    BOOST_TEST(service.manager().waitFor("RELOADING=1").find("MONOTONIC_USEC=") != std::string::npos);
    service.manager().waitFor("READY=1");
    BOOST_TEST(service.daemon().stop() == 0);
    service.manager().waitFor("STOPPING=1");
}

BOOST_DATA_TEST_CASE(NothingIsSaidToAWatchdogThatDoesNotWatch, bdata::make(kPrograms), program) {
    Service service(program);
    service.manager().waitFor("READY=1");
    BOOST_TEST(service.daemon().stop() == 0);
    BOOST_TEST(service.beats() == 0U);
}

BOOST_DATA_TEST_CASE(BeatsComeWhileEveryLoopRuns, bdata::make(kPrograms) ^ bdata::make({"loop-2", "loop-1"}),
                     program, loop) {
    Service service(program, kWatchdog);
    service.manager().waitFor("READY=1");
    service.waitForBeats();
    {
        const StoppedThread stuck(service.daemon().process(), loop);
        waitUntilStalled("beats", [&] { return service.beats(); });
    }
    service.waitForBeats();
}

BOOST_DATA_TEST_CASE(StopIsCleanWhileALoopIsStuck, bdata::make(kPrograms), program) {
    Service service(program, kWatchdog);
    service.manager().waitFor("READY=1");
    {
        const StoppedThread stuck(service.daemon().process(), "loop-1");
        service.daemon().process().signal(SIGTERM);
        service.manager().waitFor("STOPPING=1");
    }
    BOOST_TEST(service.daemon().process().waitForExit() == 0);
    service.daemon().stop();
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
