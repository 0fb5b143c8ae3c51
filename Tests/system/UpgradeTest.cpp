#include "AgentProgram.h"
#include "Commands.h"
#include "MetricsPage.h"
#include "PipeActions.h"
#include "ProxyHeaders.h"
#include "RandomStream.h"
#include "ServiceManager.h"
#include "TestTarget.h"
#include "UpgradedConnector.h"
#include "Waiting.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <future>
#include <memory>
#include <thread>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

const int kUpgrades = std::max(3, static_cast<int>(scaled(10)));
constexpr std::size_t kConnections = 20;
constexpr std::chrono::milliseconds kBetweenVisitors{20};

const auto kEitherProtocol = bdata::make(kModes) * bdata::make(kProtocols);

bool echoes(PipeClient& visitor, const std::string& word) {
    visitor.send(word);
    return visitor.readExactly(word.size()) == word;
}

/// Somebody new comes every 20 ms, says something, and wants to hear it again.
class NewVisitors {
  public:
    /// serverName: that they ask for.
    NewVisitors(const ConnectorProcess& connector, std::uint16_t port, const std::string& serverName = "")
        : _work(std::async(std::launch::async,
                           [this, &connector, port, serverName] { come(connector, port, serverName); })) {}

    ~NewVisitors() { _isOver = true; }

    /// How many came; throws what went wrong with one of them.
    int stop() {
        _isOver = true;
        _work.get();
        return _count;
    }

  private:
    void come(const ConnectorProcess& connector, std::uint16_t port, const std::string& serverName) {
        for (auto next = std::chrono::steady_clock::now(); !_isOver; next += kBetweenVisitors) {
            std::this_thread::sleep_until(next);
            auto visitor = connector.connect(port, {.serverName = serverName});
            if (!echoes(visitor, randomBytes(1000, static_cast<std::uint64_t>(++_count))))
                throw std::runtime_error("visitor " + std::to_string(_count) + " heard something else");
        }
    }

    std::atomic<bool> _isOver{false};
    int _count = 0;
    std::future<void> _work;
};

/// Bytes go to the target and come back, from the beginning to the end of the test.
class Transfers {
  public:
    Transfers(const ConnectorProcess& connector, std::uint16_t port) {
        for (std::size_t i = 0; i < kConnections; ++i) {
            auto visitor = std::make_shared<PipeClient>(connector.connect(port));
            _work.push_back(std::async(std::launch::async, [this, visitor, i] {
                for (std::uint64_t block = 0; !_isOver; ++block)
                    if (!echoes(*visitor, randomBytes(20000, block * kConnections + i)))
                        throw std::runtime_error("a transfer brought wrong bytes");
            }));
        }
    }

    ~Transfers() { _isOver = true; }

    void stop() {
        _isOver = true;
        for (auto& work : _work)
            work.get();
    }

  private:
    std::atomic<bool> _isOver{false};
    std::vector<std::future<void>> _work;
};

/// An agent comes, and then a visitor for it, again and again, until an agent is let go. Throws TimedOut when
/// the two don't find each other.
void comeInPairs(const ConnectorProcess& connector, const AddedMapping& mapping,
                 const std::atomic<bool>& isOver) {
    try {
        while (!isOver) {
            auto agent = connector.agent(mapping.port1, mapping.passcode1);
            auto visitor = connector.connect(mapping.port2);
            if (!areJoined(visitor, agent)) throw std::runtime_error("they heard something else");
        }
    } catch (const ConnectionLost&) { // to get to the new process
    }
}

/// Agents of one port, as many as are needed until one of them is taken: which of two processes gets an agent
/// is up to the kernel.
class Crowd {
  public:
    Crowd(const ConnectorProcess& connector, std::uint16_t port, std::string passcode)
        : _connector(connector), _port(port), _passcode(std::move(passcode)) {}

    PipeClient& firstThatHears(const std::string& word) {
        PipeClient* taken = nullptr;
        waitUntil("an agent hears " + word, [&] {
            if (_agents.size() < kConnections) _agents.push_back(_connector.agent(_port, _passcode));
            taken = whoHears(word.front());
            return taken != nullptr;
        });
        BOOST_TEST(taken->readExactly(word.size() - 1) == word.substr(1));
        return *taken;
    }

  private:
    PipeClient* whoHears(char begin) {
        for (auto& agent : _agents) {
            char heard = 0;
            if (agent.receiveNow(&heard, 1) && heard == begin) return &agent;
        }
        return nullptr;
    }

    const ConnectorProcess& _connector;
    const std::uint16_t _port;
    const std::string _passcode;
    std::deque<PipeClient> _agents;
};

} // namespace

BOOST_AUTO_TEST_SUITE(Upgrade)

BOOST_DATA_TEST_CASE(NobodyNotices, kEitherProtocol, mode, protocol) {
    UpgradedConnector connector(mode);
    const auto mapping = connector.api().addPublic(200);
    const EchoTarget target;
    AgentProgram agent(connector.setup(),
                       {agentPipe(connector.setup(), mapping,
                                  {.localPort = target.port(), .connections = 2 * kConnections + 20})},
                       protocol);
    std::vector<PipeClient> sessions;
    for (std::size_t i = 0; i < kConnections; ++i) {
        sessions.push_back(connector.first().connect(mapping.port2));
        BOOST_REQUIRE(echoes(sessions.back(), "login"));
    }
    Transfers transfers(connector.first(), mapping.port2);
    NewVisitors visitors(connector.first(), mapping.port2);
    for (int i = 0; i < kUpgrades; ++i) {
        connector.upgrade();
        BOOST_TEST(connector.api().listIds() == std::set{mapping.id});
    }
    BOOST_TEST(visitors.stop() > kUpgrades);
    transfers.stop();
    for (auto& session : sessions)
        BOOST_TEST(echoes(session, "still here"));
}

/// Agent and visitors come to the front, and so do callers of the API.
BOOST_DATA_TEST_CASE(NobodyNoticesAtTheFront, bdata::make({false, true}), isApisPort) {
    UpgradedConnector connector(Mode::Tls, {}, {}, {}, [&](ConnectorSetup& setup) {
        addFront(setup, isApisPort ? setup.apiPort() : setup.firstMappingPort());
        setup.set("exclude", std::to_string(setup.firstMappingPort()));
        if (isApisPort) setup.unset("api.bind");
    });
    const auto mapping = parseAdded(connector.api().tryAdd(publicMappingWith(R"("ports":false)")));
    const EchoTarget target;
    const AgentProgram agent(connector.setup(),
                             {agentPipe(connector.setup(), mapping, {.localPort = target.port()})});
    connector.api().waitForCount(mapping.id, "agentswaiting", 1);
    NewVisitors visitors(connector.first(), mapping.port2, mapping.id + "." + kFrontDomain);
    for (int i = 0; i < kUpgrades; ++i) {
        connector.upgrade();
        BOOST_TEST(connector.api().listIds() == std::set{mapping.id});
        connector.api().waitForCount(mapping.id, "agentswaiting", 1);
    }
    BOOST_TEST(visitors.stop() > kUpgrades);
}

/// What it has not said yet, it says to the new process.
BOOST_AUTO_TEST_CASE(WhoSaysNothingYetAtTheFrontIsHandedOver) {
    UpgradedConnector connector(Mode::Tls, {}, {}, {}, [](ConnectorSetup& setup) {
        addFront(setup, setup.firstMappingPort());
        setup.set("exclude", std::to_string(setup.firstMappingPort()));
    });
    const auto mapping = parseAdded(connector.api().tryAdd(publicMappingWith(R"("ports":false)")));
    // More than go along with one message.
    std::deque<PipeClient> clients;
    for (int i = 0; i < 250; ++i)
        clients.emplace_back(Poco::Net::SocketAddress("127.0.0.1", mapping.port2));
    const std::string notTls = "GET / HTTP/1.1\r\n\r\n";
    connector.upgrade();
    connector.upgrade();
    for (auto& client : clients) {
        BOOST_REQUIRE(client.isQuiet());
        client.send(notTls);
        BOOST_TEST(client.readToEnd() == "");
    }
    waitForMetric(connector.api(), "front_connections_total", {{"kind", "api"}}, 250);
}

/// Whom it is for, it says to the new process.
BOOST_AUTO_TEST_CASE(ProxyThatSaysNothingYetAtTheFrontIsHandedOver) {
    UpgradedConnector connector(Mode::Tls, {}, {}, {}, [](ConnectorSetup& setup) {
        addFront(setup, setup.firstMappingPort());
        setup.set("exclude", std::to_string(setup.firstMappingPort()));
        setup.setJson("front.trusted-proxies", kProxyNetworks);
    });
    const Poco::Net::SocketAddress front("127.0.0.1", connector.setup().firstMappingPort());
    PipeClient client(front, {.from = kProxy});
    connector.upgrade();
    BOOST_TEST_REQUIRE(client.isQuiet());
    client.send(header::version1("192.0.2.7") + "GET / HTTP/1.1\r\n\r\n");
    BOOST_TEST(client.readToEnd() == "");
    waitForMetric(connector.api(), "front_connections_total", {{"kind", "api"}}, 1);
    BOOST_TEST(connector.first().log().find("PROXY header") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(UpgradeOfPipes)

BOOST_DATA_TEST_CASE(VisitorThatSaysNothingYetIsServed, kModes, mode) {
    UpgradedConnector connector(mode, {{"drain-silence", 60000}});
    const auto mapping = connector.api().addPublic();
    auto agent = connector.first().agent(mapping.port1, mapping.passcode1);
    auto visitor = connector.first().connect(mapping.port2);
    connector.api().waitForCount(mapping.id, "visitorswaiting", 1);
    connector.upgrade();
    BOOST_TEST(connector.first().process().isRunning());
    visitor.send("at last");
    BOOST_TEST(agent.readExactly(7) == "at last");
    agent.send("welcome");
    BOOST_TEST(visitor.readExactly(7) == "welcome");
    visitor.close();
    BOOST_TEST(agent.readToEnd() == "");
    agent.close();
    BOOST_TEST(connector.first().waitForExit() == 0);
}

/// It may be nobody's visitor at all, but something that only looks whether the port is open.
BOOST_AUTO_TEST_CASE(VisitorWithoutAHandshakeKeepsNobodysAgents) {
    UpgradedConnector connector(Mode::Tls, {{"drain-silence", 50}, {"visitor-wait", 60000}});
    const auto mapping = connector.api().addPublic();
    const EchoTarget target;
    AgentProgram agent(connector.setup(), {agentPipe(connector.setup(), mapping,
                                                     {.localPort = target.port(), .connections = 2})});
    connector.api().waitForCount(mapping.id, "agentswaiting", 2);
    const PipeClient idle(Poco::Net::SocketAddress("127.0.0.1", mapping.port2));
    connector.api().waitForCount(mapping.id, "visitorswaiting", 1);
    connector.upgrade();
    auto visitor = connector.first().connect(mapping.port2);
    BOOST_TEST(echoes(visitor, "hello"));
    BOOST_TEST(connector.first().process().isRunning());
}

BOOST_DATA_TEST_CASE(VisitorThatWaitsForAnAgentIsServed, kModes, mode) {
    UpgradedConnector connector(mode, {{"visitor-wait", 60000}});
    const auto mapping = connector.api().addPublic();
    auto visitor = connector.first().connect(mapping.port2);
    visitor.send("hello");
    connector.api().waitForCount(mapping.id, "visitorswaiting", 1);
    connector.upgrade();
    Crowd agents(connector.first(), mapping.port1, mapping.passcode1);
    auto& agent = agents.firstThatHears("hello");
    agent.send("welcome");
    BOOST_TEST(visitor.readExactly(7) == "welcome");
}

BOOST_AUTO_TEST_CASE(AgentAndItsVisitorGetToTheSameProcess) {
    UpgradedConnector connector(Mode::Plain, {{"visitor-wait", 60000}});
    for (int i = 0; i < kUpgrades; ++i) {
        std::atomic<bool> isOver{false};
        std::vector<AddedMapping> mappings(kConnections);
        std::vector<std::future<void>> pairs;
        for (auto& mapping : mappings) {
            mapping = connector.api().addPublic();
            pairs.push_back(
                std::async(std::launch::async, [&] { comeInPairs(connector.first(), mapping, isOver); }));
        }
        connector.upgrade();
        connector.first().waitForLog("process " + std::to_string(connector.process()) + " serves now");
        isOver = true;
        for (auto& pair : pairs)
            pair.get();
        for (const auto& mapping : mappings) // what they have left there, too
            connector.api().remove(mapping.id);
    }
}

BOOST_DATA_TEST_CASE(FirstMessageOfAPrivateMappingIsNotLost, kModes, mode) {
    UpgradedConnector connector(mode, {{"visitor-wait", 60000}});
    const auto mapping = connector.api().addPrivate(60);
    auto one = connector.first().agent(mapping.port1, mapping.passcode1);
    one.send("first message");
    connector.api().waitForCount(mapping.id, "agentswaitingport1", 1);
    connector.upgrade();
    Crowd others(connector.first(), mapping.port2, mapping.passcode2);
    others.firstThatHears("first message");
}

BOOST_DATA_TEST_CASE(IdleAgentsHaveGoneOver, kModes, mode) {
    UpgradedConnector connector(mode);
    const auto mapping = connector.api().addPublic();
    auto idle = connector.first().agent(mapping.port1, mapping.passcode1);
    connector.api().waitForCount(mapping.id, "agentswaiting", 1);
    connector.upgrade();
    BOOST_TEST(idle.readToEnd() == "");
    BOOST_TEST(connector.first().waitForExit() == 0);
    BOOST_TEST(connector.first().log().find("lost") == std::string::npos);
    BOOST_TEST(connector.first().serves(mapping));
}

BOOST_AUTO_TEST_CASE(RelaysThatRunForTooLongAreReset) {
    UpgradedConnector connector(Mode::Plain, {{"drain", 100}});
    const auto mapping = connector.api().addPublic();
    auto agent = connector.first().agent(mapping.port1, mapping.passcode1);
    auto visitor = connector.first().connect(mapping.port2);
    BOOST_REQUIRE(areJoined(visitor, agent));
    connector.upgrade();
    BOOST_TEST(connector.first().waitForExit() == 0);
    BOOST_TEST(visitor.readToEnd() == "");
    BOOST_TEST((visitor.end() == ByteChannel::End::Reset));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(UpgradeOfProcesses)

BOOST_AUTO_TEST_CASE(ServiceManagerHearsOfTheNewOne) {
    ServiceManager manager;
    constexpr std::chrono::milliseconds kWatchdog{30};
    UpgradedConnector connector(Mode::Plain, {}, manager.managed({}, kWatchdog).environment);
    manager.waitFor("READY=1");
    connector.upgrade();
    const auto process = connector.process();
    const auto told = manager.waitFor("MAINPID=" + std::to_string(process) + "\n");
    BOOST_TEST(told.find("READY=1") != std::string::npos);
    BOOST_TEST(connector.first().waitForExit() == 0);
    const auto before = manager.count("WATCHDOG=1");
    waitUntil("the new process beats", [&] { return manager.count("WATCHDOG=1") > before; });
    BOOST_TEST(manager.count("STOPPING") == 0U);
}

BOOST_AUTO_TEST_CASE(FileWithTheProcessIdHasThatOfTheNewOne) {
    UpgradedConnector connector(Mode::Plain);
    const auto file = connector.setup().databaseFile() + ".pid"; // of `start`
    writeFile(file, std::to_string(connector.process()) + "\n");
    connector.upgrade();
    waitUntil("the file is written",
              [&] { return readFile(file) == std::to_string(connector.process()) + "\n"; });
}

BOOST_AUTO_TEST_CASE(CommandSaysWhatBecameOfIt) {
    UpgradedConnector connector(Mode::Plain);
    const auto former = connector.process();
    writeFile(connector.setup().databaseFile() + ".pid", std::to_string(former) + "\n");
    const auto upgraded = jsonOf(connector.setup(), {"upgrade"});
    BOOST_TEST(upgraded->getValue<std::string>("status") == "upgraded");
    BOOST_TEST(upgraded->getValue<int>("former") == former);
    connector.noteUpgrade();
    BOOST_TEST(connector.process() != former);
}

BOOST_AUTO_TEST_CASE(HangUpUpgradesWhenTheProgramIsAnother) {
    UpgradedConnector connector(Mode::Plain);
    const auto mapping = connector.api().addPublic();
    connector.upgrade(SIGHUP);
    BOOST_TEST(connector.first().serves(mapping));
}

BOOST_AUTO_TEST_CASE(RemovingAMappingEndsItsRelaysInEveryProcess) {
    UpgradedConnector connector(Mode::Plain);
    const auto mapping = connector.api().addPublic();
    auto agent = connector.first().agent(mapping.port1, mapping.passcode1);
    auto visitor = connector.first().connect(mapping.port2);
    BOOST_REQUIRE(areJoined(visitor, agent));
    connector.upgrade();
    connector.upgrade();
    BOOST_TEST(areJoined(visitor, agent));
    connector.api().remove(mapping.id);
    BOOST_TEST(visitor.readToEnd() == "");
    BOOST_TEST(connector.first().waitForExit() == 0);
}

BOOST_AUTO_TEST_CASE(StoppingEndsAllProcesses) {
    UpgradedConnector connector(Mode::Plain);
    const auto mapping = connector.api().addPublic();
    auto agent = connector.first().agent(mapping.port1, mapping.passcode1);
    auto visitor = connector.first().connect(mapping.port2);
    BOOST_REQUIRE(areJoined(visitor, agent));
    connector.upgrade();
    connector.upgrade();
    ::kill(connector.process(), SIGTERM);
    BOOST_TEST(connector.first().waitForExit() == 0);
}

BOOST_AUTO_TEST_CASE(CrashLeavesTheDatabaseToTheNextStart) {
    UpgradedConnector connector(Mode::Plain);
    const auto mapping = connector.api().addPublic();
    auto agent = connector.first().agent(mapping.port1, mapping.passcode1);
    auto visitor = connector.first().connect(mapping.port2);
    BOOST_REQUIRE(areJoined(visitor, agent));
    connector.upgrade();
    connector.kill(connector.process());
    const ConnectorProcess next(connector.setup());
    BOOST_TEST(next.api().listIds() == std::set{mapping.id});
    BOOST_TEST(areJoined(visitor, agent), "the first process goes on");
    BOOST_TEST(next.serves(mapping));
}

/// The new process has the sockets once, not twice.
BOOST_AUTO_TEST_CASE(PortsOfRemovedMappingsAreClosed) {
    UpgradedConnector connector(Mode::Plain);
    const auto mapping = connector.api().addPublic();
    connector.upgrade();
    BOOST_TEST(connector.first().waitForExit() == 0);
    connector.api().remove(mapping.id);
    BOOST_TEST(refusesConnections(mapping.port1));
    BOOST_TEST(refusesConnections(mapping.port2));
}

BOOST_AUTO_TEST_CASE(OtherProcessesStayOutOfTheDatabase) {
    UpgradedConnector connector(Mode::Plain);
    connector.upgrade();
    BOOST_TEST(connector.first().waitForExit() == 0);
    const auto second = run(connector.setup().command());
    BOOST_TEST(second.output.find("another iofog-connector is using this database") != std::string::npos,
               second.output);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
