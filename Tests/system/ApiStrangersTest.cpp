#include "RunningApi.h"
#include "StalledDisk.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <vector>

namespace connector::test {

namespace {

const std::string kToken = "correct-horse-battery-staple-0123456789";
const std::vector<const char*> kAddresses{"127.0.0.2", "127.0.0.3"};
constexpr int kOfEach = 150;

/// What a stranger does with a connection, once it has one.
struct Nuisance {
    const char* name;
    void (*begin)(PipeClient& client);
};
std::ostream& operator<<(std::ostream& out, const Nuisance& nuisance) {
    return out << nuisance.name;
}

const std::vector<Nuisance> kNuisances{
    {"silent", [](PipeClient&) {}},
    {"one byte", [](PipeClient& client) { client.send("G"); }},
    {"half a body",
     [](PipeClient& client) {
         client.send("POST /api/v2/mapping/add HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n" +
                     std::string(30000, ' '));
     }},
    {"/health, kept alive",
     [](PipeClient& client) {
         client.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
         client.readThrough("}");
     }},
};

/// A Connector that knows one caller by its token.
class Guarded {
  public:
    explicit Guarded(Mode mode = Mode::Plain) : setup(mode) {
        setup.setJson("api.identities", R"([{"name":"ctl","token":")" + kToken + R"("}])");
        setup.set("limits.request-time", 600000);
    }

    ApiAnswer list() const {
        ApiClient known("127.0.0.1", setup.apiPort(), httpsContext(setup.mode()));
        known.setToken(kToken);
        return known.get(kMapping);
    }

    ConnectorSetup setup;
};

/// Connections that strangers have opened; those that were closed to make room for others among them.
std::vector<PipeClient> crowd(const ConnectorProcess& connector, std::uint16_t port, const Nuisance& nuisance,
                              int ofEach) {
    std::vector<PipeClient> strangers;
    for (int number = 0; number < ofEach; ++number) {
        for (const auto* address : kAddresses) {
            try {
                auto client = connector.connect(port, {.from = address});
                nuisance.begin(client);
                strangers.push_back(std::move(client));
            } catch (const ConnectionLost&) { // there was no room for it
            }
        }
    }
    return strangers;
}

/// A request on a connection that stays open.
void ask(PipeClient& client, const std::string& headers = "") {
    client.send("GET /api/v2/mapping HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + kToken +
                "\r\n" + headers + "\r\n");
    BOOST_TEST(client.readThrough("}").starts_with("HTTP/1.1 200"));
}

} // namespace

BOOST_AUTO_TEST_SUITE(ApiStrangers)

BOOST_DATA_TEST_CASE(CantKeepAKnownCallerOut, kModes* boost::unit_test::data::make(kNuisances), mode,
                     nuisance) {
    const Guarded guarded(mode);
    const ConnectorProcess connector(guarded.setup);
    const auto strangers = crowd(connector, guarded.setup.apiPort(), nuisance, kOfEach);
    BOOST_TEST(guarded.list().status == 200);
}

/// Nor where they use up all that there is, from any number of addresses.
BOOST_DATA_TEST_CASE(CantUseUpAllConnections, kModes, mode) {
    Guarded guarded(mode);
    guarded.setup.set("limits.api-unidentified", 20);
    guarded.setup.set("limits.api-connections", 10);
    const ConnectorProcess connector(guarded.setup);
    const auto strangers = crowd(connector, guarded.setup.apiPort(), kNuisances.back(), 10);
    BOOST_TEST(guarded.list().status == 200);
    connector.waitForLog("closed to make room for a new one: limits.api-connections is reached");
}

/// There is room for known callers that strangers can't take.
BOOST_DATA_TEST_CASE(HaveABoundOfTheirOwn, kModes, mode) {
    Guarded guarded(mode);
    guarded.setup.set("limits.api-connections", 10);
    const ConnectorProcess connector(guarded.setup);
    std::vector<PipeClient> known;
    for (int number = 0; number < 5; ++number) {
        known.push_back(connector.connect(guarded.setup.apiPort()));
        ask(known.back());
    }
    const auto strangers = crowd(connector, guarded.setup.apiPort(), kNuisances.front(), 20);
    for (auto& client : known)
        ask(client);
    connector.waitForLog(
        "limits.api-unidentified is reached: connections that have shown no identity are closed "
        "to make room for new ones; 127.0.0.");
    BOOST_TEST(connector.log().find("limits.api-connections is reached") == std::string::npos);
}

/// Told at its beginning and at its end.
BOOST_AUTO_TEST_CASE(AreToldOfOnce) {
    Guarded guarded;
    guarded.setup.set("limits.api-unidentified", 4);
    const ConnectorProcess connector(guarded.setup);
    {
        const auto strangers = crowd(connector, guarded.setup.apiPort(), kNuisances.front(), 50);
        connector.waitForLog("limits.api-unidentified is reached");
    }
    connector.waitForLog("limits.api-unidentified is not reached any more; 96 connections have had to go");
    const auto log = connector.log();
    BOOST_TEST(log.find("is reached") == log.rfind("is reached"));
}

/// Where the known caller has more connections than any of them.
BOOST_AUTO_TEST_CASE(OfManyAddressesCantKeepAKnownCallerOut) {
    Guarded guarded;
    guarded.setup.set("limits.api-unidentified", 10);
    guarded.setup.set("limits.api-connections", 10);
    const ConnectorProcess connector(guarded.setup);
    auto first = connector.connect(guarded.setup.apiPort());
    ask(first);
    auto second = connector.connect(guarded.setup.apiPort());
    ask(second);
    std::vector<PipeClient> strangers;
    for (int number = 1; number <= 20; ++number)
        strangers.push_back(
            connector.connect(guarded.setup.apiPort(), {.from = "127.0.1." + std::to_string(number)}));
    BOOST_TEST(guarded.list().status == 200);
    ask(first);
    ask(second);
}

/// A newcomer has the time for its first request.
BOOST_AUTO_TEST_CASE(OfManyAddressesReplaceEachOtherTheOldestFirst) {
    Guarded guarded;
    guarded.setup.set("limits.api-unidentified", 10);
    guarded.setup.set("limits.api-connections", 10);
    const ConnectorProcess connector(guarded.setup);
    const auto connect = [&](int number) {
        return connector.connect(guarded.setup.apiPort(), {.from = "127.0.1." + std::to_string(number)});
    };
    std::vector<PipeClient> strangers;
    for (int number = 1; number <= 11; ++number)
        strangers.push_back(connect(number));
    strangers[0].readToEnd();
    auto known = connector.connect(guarded.setup.apiPort()); // the lowest of the addresses
    strangers[1].readToEnd();
    for (int number = 12; number <= 20; ++number)
        strangers.push_back(connect(number));
    strangers[10].readToEnd();
    ask(known);
}

/// One that is being answered can't go, but counts.
BOOST_AUTO_TEST_CASE(OfTheAddressThatHasTheMostOneGoes) {
    ConnectorSetup setup;
    setup.set("limits.api-unidentified", 3);
    const StalledDisk disk(setup);
    const ConnectorProcess connector(setup);
    const auto connect = [&](const char* from) { return connector.connect(setup.apiPort(), {.from = from}); };
    disk.stall();
    auto asking = connect("127.0.0.2");
    asking.send("POST /api/v2/mapping/add HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                "Content-Length: " +
                std::to_string(publicMapping().size()) + "\r\n\r\n" + publicMapping());
    disk.waitForVictim();
    auto other = connect("127.0.0.3");
    other.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    other.readThrough("}"); // so it is older
    auto idle = connect("127.0.0.2");
    const auto newcomer = connect("127.0.0.4");
    idle.readToEnd();
    BOOST_TEST(other.isQuiet());
    disk.goOn();
    BOOST_TEST(asking.readThrough("}").starts_with("HTTP/1.1 200"));
}

/// Whoever may call as "anonymous" is known no better for that.
BOOST_AUTO_TEST_CASE(WithRequestsTheyMayMakeCantKeepAKnownCallerOut) {
    Guarded guarded;
    guarded.setup.set("api.anonymous", true);
    guarded.setup.set("limits.api-connections", 10);
    const ConnectorProcess connector(guarded.setup);
    const Nuisance list{"list, kept alive", [](PipeClient& client) {
                            client.send("GET /api/v2/mapping HTTP/1.1\r\nHost: localhost\r\n\r\n");
                            client.readThrough("}");
                        }};
    const auto strangers = crowd(connector, guarded.setup.apiPort(), list, 10);
    BOOST_TEST(guarded.list().status == 200);
}

/// Somebody behind the same NAT, or on the same machine.
BOOST_AUTO_TEST_CASE(CantKeepAKnownCallerOutAtTheirOwnAddress) {
    Guarded guarded;
    guarded.setup.set("limits.api-connections-per-address", 5);
    const ConnectorProcess connector(guarded.setup);
    std::vector<PipeClient> strangers;
    for (int number = 0; number < 20; ++number)
        strangers.push_back(connector.connect(guarded.setup.apiPort()));
    strangers.front().readToEnd();
    BOOST_TEST(strangers.back().isQuiet());
    BOOST_TEST(guarded.list().status == 200);
    connector.waitForLog("closed to make room for a new one: limits.api-connections-per-address is reached");
}

BOOST_AUTO_TEST_CASE(AKnownCallersConnectionStaysThroughAFlood) {
    Guarded guarded;
    guarded.setup.set("limits.api-connections", 10);
    guarded.setup.set("limits.api-connections-per-address", 5);
    const ConnectorProcess connector(guarded.setup);
    auto known = connector.connect(guarded.setup.apiPort());
    ask(known);
    const auto strangers = crowd(connector, guarded.setup.apiPort(), kNuisances.front(), 100);
    std::vector<PipeClient> neighbours; // and it is the oldest of its address
    for (int number = 0; number < 20; ++number)
        neighbours.push_back(connector.connect(guarded.setup.apiPort()));
    ask(known);
}

BOOST_AUTO_TEST_CASE(WhereAllAreOfKnownCallersANewOneIsClosed) {
    Guarded guarded;
    guarded.setup.set("limits.api-connections-per-address", 2);
    const ConnectorProcess connector(guarded.setup);
    auto first = connector.connect(guarded.setup.apiPort());
    ask(first);
    auto second = connector.connect(guarded.setup.apiPort());
    ask(second);
    auto third = connector.connect(guarded.setup.apiPort());
    third.readToEnd();
    ask(first);
    ask(second, "Connection: close\r\n");
    second.readToEnd();
    second.close();
    BOOST_TEST(guarded.list().status == 200);
    connector.waitForLog(
        "new connection of 127.0.0.1 closed: limits.api-connections-per-address is reached by known callers");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
