#include "AgentProgram.h"
#include "OpenPipe.h"
#include "TestAgent.h"
#include "TestTarget.h"

#include <Poco/JSON/Array.h>
#include <Poco/Net/ServerSocket.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <future>
#include <random>
#include <set>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

Poco::JSON::Object::Ptr changed(const ApiClient& api, const std::string& id, const std::string& json) {
    const auto answer = api.tryChange(id, json);
    BOOST_TEST_REQUIRE(answer.status == 200, json << ": " << answer);
    return answer.json();
}

std::string labelOf(const ApiClient& api, const std::string& id) {
    return api.show(id)->getValue<std::string>("label");
}

int freePorts(const ApiClient& api) {
    return api.get("/api/v2/status").json()->getValue<int>("availablePorts");
}

std::string member(const std::string& key, int value) {
    return "\"" + key + "\":" + std::to_string(value);
}

std::string object(const std::string& members) {
    return "{" + members + "}";
}

/// One of the ports for mappings.
int portAt(const ConnectorSetup& setup, int index) {
    return setup.firstMappingPort() + index;
}

/// What a mapping is, without what it does.
std::string settingsOf(const ApiClient& api, const std::string& id) {
    auto mapping = api.show(id);
    for (const auto* key : {"agentswaiting", "agentswaitingport1", "agentswaitingport2", "visitorswaiting",
                            "relays", "bytesfromport1", "bytesfromport2", "lastagent", "lastvisitor"})
        mapping->remove(key);
    std::ostringstream text;
    mapping->stringify(text);
    return text.str();
}

} // namespace

BOOST_AUTO_TEST_SUITE(MappingLife)

BOOST_AUTO_TEST_CASE(LabelsComeBackAsTheyWere) {
    const ConnectorSetup setup;
    std::string ofMostBytes;
    for (int character = 0; character < 64; ++character)
        ofMostBytes += "\U0001F9C0";
    std::vector<std::pair<std::string, std::string>> labels; // by id
    {
        ConnectorProcess connector(setup);
        const auto& api = connector.api();
        for (const std::string label : {"K\u00e4se \u2603", " a 'b', c;-- %s ", "x", ofMostBytes.c_str()}) {
            const auto id = api.add(publicMappingWith("\"label\":\"" + label + "\"")).id;
            labels.emplace_back(id, label);
        }
        labels.emplace_back(api.addPrivate().id, "quoted \" and \\");
        changed(api, labels.back().first, R"({"label":"quoted \" and \\"})");
        labels.emplace_back(api.add(publicMappingWith(R"("label":"x")")).id, "");
        changed(api, labels.back().first, R"({"label":null})");
        for (const auto& [id, label] : labels)
            BOOST_TEST(labelOf(api, id) == label);
        connector.kill();
    }
    const ConnectorProcess connector(setup);
    for (const auto& [id, label] : labels)
        BOOST_TEST(labelOf(connector.api(), id) == label);
}

BOOST_AUTO_TEST_CASE(OtherLabelsAreRefused) {
    const ConnectorSetup setup;
    const ConnectorProcess connector(setup);
    const auto& api = connector.api();
    const auto id = api.add(publicMappingWith(R"("label":"kept")")).id;
    const std::string tooLong(65, 'x');
    for (const auto& label :
         {std::string(R"("")"), "\"" + tooLong + "\"", std::string(R"("a\u0000")"), std::string(R"("a\n")"),
          std::string(R"("\u001b[31m")"), std::string(R"("\u007f")"), std::string(R"("\u0085")"),
          std::string("\"\xff\""), std::string("1"), std::string("[]"), std::string("false")}) {
        const auto json = "\"label\":" + label;
        BOOST_TEST(isRefused(api.tryChange(id, object(json)), 400, ""), json);
        BOOST_TEST(
            isRefused(api.post("/api/v2/mapping/add", publicMappingWith(json), ApiClient::kJson), 400, ""),
            json);
    }
    BOOST_TEST(labelOf(api, id) == "kept");
    BOOST_TEST(api.listIds().size() == 1U);
}

BOOST_DATA_TEST_CASE(CertainPortsAreGiven, kModes, mode) {
    const ConnectorSetup setup(mode);
    const ConnectorProcess connector(setup);
    const auto& api = connector.api();
    const auto both = api.add(
        publicMappingWith(member("port1", portAt(setup, 50)) + "," + member("port2", portAt(setup, 0))));
    BOOST_TEST(both.port1 == portAt(setup, 50));
    BOOST_TEST(both.port2 == portAt(setup, 0));
    const auto one = api.add(publicMappingWith(member("port2", portAt(setup, 1))));
    BOOST_TEST(one.port1 == portAt(setup, 2), "the first that is free, and not the one that was asked for");
    BOOST_TEST(one.port2 == portAt(setup, 1));
    for (const auto& mapping : {both, one})
        BOOST_TEST(connector.serves(mapping));
}

BOOST_AUTO_TEST_CASE(WhoHasAPortIsTold) {
    const ConnectorSetup setup;
    const ConnectorProcess connector(setup);
    const auto& api = connector.api();
    const auto owner = api.addPublic();
    const auto mover = api.addPrivate();
    const auto foreign = portAt(setup, 20);
    const Poco::Net::ServerSocket program(
        Poco::Net::SocketAddress("127.0.0.1", static_cast<std::uint16_t>(foreign)));
    const auto left = freePorts(api);
    for (const std::string key : {"port1", "port2"})
        for (const auto& [port, holder] : {std::pair(int{owner.port1}, "mapping " + owner.id),
                                           std::pair(int{owner.port2}, "mapping " + owner.id),
                                           std::pair(foreign, std::string("another program"))}) {
            const auto named = key + ": " + std::to_string(port) + " is taken by " + holder;
            const auto json = member(key, port);
            BOOST_TEST(isRefused(api.tryAdd(publicMappingWith(json)), 409, named), json);
            BOOST_TEST(isRefused(api.tryChange(mover.id, object(json)), 409, named), json);
        }
    BOOST_TEST(freePorts(api) == left);
    BOOST_TEST(api.listIds().size() == 2U);
}

/// The other one's port is its own, but taken all the same.
BOOST_AUTO_TEST_CASE(MappingCantSwapItsPorts) {
    const ConnectorSetup setup;
    const ConnectorProcess connector(setup);
    const auto mapping = connector.api().addPublic();
    const auto swapped = object(member("port1", mapping.port2) + "," + member("port2", mapping.port1));
    BOOST_TEST(isRefused(connector.api().tryChange(mapping.id, swapped), 409, mapping.id));
    BOOST_TEST(connector.isAuthorized(mapping.port1, mapping.passcode1));
}

BOOST_AUTO_TEST_CASE(PortsMustBeOfTheConfiguration) {
    ConnectorSetup setup;
    const auto excluded = portAt(setup, 5);
    setup.setJson("exclude", "[\"" + std::to_string(excluded) + "\"]");
    const ConnectorProcess connector(setup);
    const auto& api = connector.api();
    const auto id = api.addPublic().id;
    const auto left = freePorts(api);
    const auto twice = member("port1", portAt(setup, 9)) + "," + member("port2", portAt(setup, 9));
    const std::vector<std::pair<std::string, std::string>> cases{
        {member("port1", 1), "port1: 1 is not for mappings"},
        {member("port2", setup.apiPort()), "port2: "},
        {member("port1", excluded), "\"exclude\""},
        {member("port2", 65536), "port2: "},
        {twice, "port2: it must be another one than port1"},
        {member("port1", api.show(id)->getValue<int>("port2")), "port2: it must be another one than port1"}};
    for (const auto& [members, named] : cases) {
        BOOST_TEST(isRefused(api.tryChange(id, object(members)), 400, named), members);
        if (&members == &cases.back().first) break; // in `add` that one is another's
        BOOST_TEST(isRefused(api.tryAdd(publicMappingWith(members)), 400, named), members);
    }
    BOOST_TEST(freePorts(api) == left);
}

BOOST_DATA_TEST_CASE(PublicMappingMovesWithItsConnections, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    const auto& api = pipe.api();
    const auto& mapping = pipe.mapping();
    auto [visitor, agent] = pipe.relay();
    auto waiting = pipe.waitingAgent();
    const auto port1 = static_cast<std::uint16_t>(mapping.port1 + 50);
    const auto port2 = static_cast<std::uint16_t>(mapping.port1 + 51);
    changed(api, mapping.id, object(member("port2", port2)));
    BOOST_TEST(refusesConnections(mapping.port2));
    auto second = pipe.connector().connect(port2);
    BOOST_TEST(areJoined(second, waiting), "the agent has waited since before");

    changed(api, mapping.id, object(member("port1", port1)));
    BOOST_TEST(refusesConnections(mapping.port1));
    BOOST_TEST(areJoined(visitor, agent));
    auto third = pipe.connector().connect(port2);
    auto newAgent = pipe.connector().agent(port1, mapping.passcode1);
    BOOST_TEST(areJoined(third, newAgent));

    const auto successor =
        api.add(publicMappingWith(member("port1", mapping.port2) + "," + member("port2", mapping.port1)));
    BOOST_TEST(pipe.connector().isAuthorized(successor.port1, successor.passcode1));
    BOOST_TEST(areJoined(visitor, agent));
}

BOOST_DATA_TEST_CASE(PrivateMappingMovesWithItsConnections, kModes, mode) {
    const OpenPrivatePipe pipe(mode, {.maxConnections = 2});
    const auto& mapping = pipe.mapping();
    auto [one, other] = pipe.relay();
    const auto port1 = static_cast<std::uint16_t>(mapping.port1 + 50);
    const auto port2 = static_cast<std::uint16_t>(mapping.port1 + 51);
    changed(pipe.api(), mapping.id, object(member("port1", port1) + "," + member("port2", port2)));
    BOOST_TEST(refusesConnections(mapping.port1));
    BOOST_TEST(refusesConnections(mapping.port2));
    BOOST_TEST(areJoined(one, other));
    auto newOne = pipe.connector().agent(port1, mapping.passcode1);
    auto newOther = pipe.connector().agent(port2, mapping.passcode2);
    newOne.send("hello");
    BOOST_TEST(newOther.readExactly(5) == "hello");
}

/// One by one, the last is the first again: none is lost on the way.
BOOST_AUTO_TEST_CASE(MappingMovesThroughAllPorts) {
    constexpr int kPorts = 10;
    const ConnectorSetup setup(Mode::Plain, kPorts);
    const ConnectorProcess connector(setup);
    const auto& api = connector.api();
    const auto mapping = api.addPublic();
    for (int round = 0; round < 3; ++round)
        for (int index = 2; index <= kPorts; ++index) {
            const auto port = index == kPorts ? int{mapping.port2} : portAt(setup, index);
            changed(api, mapping.id, object(member("port2", port)));
            BOOST_TEST(freePorts(api) == kPorts - 2);
        }
    changed(api, mapping.id, object(member("port2", mapping.port2)));
    BOOST_TEST(connector.serves(mapping));
}

/// Nobody need free the port.
BOOST_AUTO_TEST_CASE(DegradedMappingMovesAway) {
    const ConnectorSetup setup;
    auto mapping = addedBeforeStop(setup);
    const Poco::Net::ServerSocket holder(Poco::Net::SocketAddress("127.0.0.1", mapping.port2));
    const ConnectorProcess connector(setup);
    const auto& api = connector.api();
    const auto state = [&] { return api.show(mapping.id)->getValue<std::string>("state"); };
    BOOST_TEST(state() == "degraded");
    const auto reasons = api.show(mapping.id)->getArray("degraded");
    BOOST_TEST_REQUIRE(reasons->size() == 1U);
    BOOST_TEST(reasons->getElement<std::string>(0) == "port2");
    changed(api, mapping.id, R"({"label":"still there"})");
    BOOST_TEST(state() == "degraded");
    mapping.port2 = static_cast<std::uint16_t>(portAt(setup, 30));
    changed(api, mapping.id, object(member("port2", mapping.port2)));
    BOOST_TEST(state() == "open");
    BOOST_TEST(!api.show(mapping.id)->has("degraded"));
    BOOST_TEST(connector.serves(mapping));
}

/// What it leaves is no port for mappings any more.
BOOST_AUTO_TEST_CASE(MappingMovesIntoThePortsOfTheConfiguration) {
    ConnectorSetup setup;
    const auto mapping = addedBeforeStop(setup);
    setup.setJson("ports", "[\"" + std::to_string(portAt(setup, 40)) + "-" +
                               std::to_string(portAt(setup, 42)) + "\"]");
    const ConnectorProcess connector(setup);
    const auto& api = connector.api();
    changed(api, mapping.id, R"({"label":"kept where it was"})");
    BOOST_TEST(freePorts(api) == 3);
    changed(api, mapping.id,
            object(member("port1", portAt(setup, 40)) + "," + member("port2", portAt(setup, 41))));
    BOOST_TEST(freePorts(api) == 1);
    BOOST_TEST(isRefused(api.tryChange(mapping.id, object(member("port1", mapping.port1))), 400, "port1: "));
    BOOST_TEST(connector.isAuthorized(portAt(setup, 40), mapping.passcode1));
}

BOOST_AUTO_TEST_CASE(ChangesSurviveKillAndRestart) {
    ConnectorSetup setup;
    setup.setJson("visitors", R"({"visitorrate":7,"deny":["192.0.2.0/24"]})");
    AddedMapping opened;
    AddedMapping closed;
    std::vector<std::string> before;
    {
        ConnectorProcess connector(setup);
        const auto& api = connector.api();
        opened = api.addPublic();
        closed = api.addPrivate();
        changed(api, opened.id,
                object(R"("label":"K\u00e4se","visitorsperaddress":3,"deny":[],"alpn":["h2"],)"
                       R"("allow":["127.0.0.0/8","2001:db8::/32"],"relayidle":2147483647,)"
                       R"("bandwidth":1099511627776,)" +
                       member("port2", portAt(setup, 60))));
        changed(api, closed.id, object(R"("bandwidth":1024,)" + member("port1", portAt(setup, 61))));
        before = {settingsOf(api, opened.id), settingsOf(api, closed.id)};
        connector.kill();
    }
    ConnectorProcess connector(setup);
    const auto& api = connector.api();
    BOOST_TEST(settingsOf(api, opened.id) == before[0]);
    BOOST_TEST(settingsOf(api, closed.id) == before[1]);
    BOOST_TEST(refusesConnections(opened.port2));
    BOOST_TEST(freePorts(api) == 96);
    opened.port2 = static_cast<std::uint16_t>(portAt(setup, 60));
    BOOST_TEST(connector.serves(opened));
    // Given back before the restart, so reused last.
    BOOST_TEST(api.addPublic().port1 == portAt(setup, 4));
}

BOOST_AUTO_TEST_CASE(RefusedChangeChangesNothing) {
    const ConnectorSetup setup;
    const ConnectorProcess connector(setup);
    const auto& api = connector.api();
    const auto mapping = api.add(publicMappingWith(R"("label":"kept")"));
    const auto other = api.addPublic();
    const auto before = settingsOf(api, mapping.id);
    const auto left = freePorts(api);
    const auto free = portAt(setup, 30);
    const std::vector<std::pair<std::string, int>> cases{
        {R"("label":"new",)" + member("port1", free) + "," + member("port2", other.port1), 409},
        {R"("label":"new",)" + member("port2", free) + "," + member("port1", other.port1), 409},
        {R"("label":"new",)" + member("port1", free) + R"(,"visitorrate":-1)", 400},
        {R"("label":"new","colour":"red",)" + member("port1", free), 400},
        {R"("label":"new","alpn":["h2"],"visitortls":false,)" + member("port1", free), 400}};
    for (const auto& [members, status] : cases) {
        BOOST_TEST(api.tryChange(mapping.id, object(members)).isError(status), members);
        BOOST_TEST(settingsOf(api, mapping.id) == before, members);
        BOOST_TEST(freePorts(api) == left, members);
        BOOST_TEST(refusesConnections(static_cast<std::uint16_t>(free)), members);
    }
    BOOST_TEST(connector.serves(mapping));
    BOOST_TEST(api.add(publicMappingWith(member("port1", free))).port1 == free);
}

BOOST_AUTO_TEST_CASE(NullIsWhatTheConfigurationSays) {
    ConnectorSetup setup;
    setup.setJson("visitors", R"({"visitorsperaddress":5,"visitorrate":7,"allow":["127.0.0.0/8"],)"
                              R"("deny":["192.0.2.0/24"],"relayidle":60000,"bandwidth":100000})");
    const ConnectorProcess connector(setup);
    const auto& api = connector.api();
    const auto id = api.addPublic().id;
    const auto ofConfiguration = settingsOf(api, id);
    const auto shown = api.show(id);
    for (const auto& [key, value] :
         {std::pair("visitorsperaddress", "5"), std::pair("visitorrate", "7"),
          std::pair("allow", "[\"127.0.0.0/8\"]"), std::pair("deny", "[\"192.0.2.0/24\"]"),
          std::pair("relayidle", "60000"), std::pair("bandwidth", "100000")}) {
        std::ostringstream text;
        Poco::JSON::Stringifier::stringify(shown->get(key), text);
        BOOST_TEST(text.str() == value, key);
    }
    changed(api, id,
            R"({"visitorsperaddress":0,"visitorrate":0,"allow":[],"deny":[],"relayidle":0,)"
            R"("bandwidth":0})");
    BOOST_TEST(settingsOf(api, id) != ofConfiguration);
    changed(api, id, R"({"visitorsperaddress":null,"visitorrate":null,"allow":null})");
    changed(api, id, R"({"deny":null,"relayidle":null,"bandwidth":null})");
    BOOST_TEST(settingsOf(api, id) == ofConfiguration);
    const auto added = api.add(publicMappingWith(R"("visitorrate":null,"deny":null)")).id;
    BOOST_TEST(api.show(added)->getValue<int>("visitorrate") == 7);
    const auto closed = api.show(api.addPrivate().id);
    BOOST_TEST(closed->getValue<int>("relayidle") == 0);
    BOOST_TEST(closed->getValue<int>("bandwidth") == 0);
}

/// An id may hold anything, and so end like the path of a passcode.
BOOST_AUTO_TEST_CASE(PathsAreKnownByTheirMethods) {
    const ConnectorSetup setup;
    const ConnectorProcess connector(setup);
    const auto& api = connector.api();
    const auto id = api.addPublic().id;
    const auto allowed = [&](const std::string& path) {
        const auto answer = api.request("DELETE", "/api/v2/mapping/" + path);
        BOOST_TEST(answer.isError(405), path << ": " << answer);
        return answer.headers.get("Allow", "");
    };
    BOOST_TEST(allowed(id) == "GET, HEAD, PATCH");
    BOOST_TEST(allowed(id + "/passcode") == "GET, HEAD, PATCH, POST");
    BOOST_TEST(allowed("add") == "POST");
    BOOST_TEST(api.get("/api/v2/mapping/add").isError(405));
    BOOST_TEST(api.get("/api/v2/mapping/" + id + "/passcode").isError(404));
}

namespace {

/// Whom many call at once, with too few ports for all that they want.
struct Storm {
    static constexpr int kPorts = 12;
    static constexpr int kCallers = 20;
    static constexpr int kRounds = 15;

    ConnectorSetup setup{Mode::Plain, kPorts};

    std::string randomPorts(std::mt19937& random) const {
        std::uniform_int_distribution<int> index(0, kPorts - 1);
        return member(index(random) % 2 == 0 ? "port1" : "port2", portAt(setup, index(random)));
    }

    /// Changes any mappings, and adds and removes one of its own. Returns what it was answered and must not
    /// be.
    std::string call(const ApiClient& api, unsigned number) const {
        std::mt19937 random(number);
        for (int round = 0; round < kRounds; ++round) {
            const auto added = api.tryAdd(publicMappingWith(randomPorts(random)));
            if (added.status != 200 && !added.isError(409) && !added.isError(507) && !added.isError(400))
                return added.text;
            for (const auto& id : api.listIds()) {
                const auto answer = api.tryChange(id, object(randomPorts(random)));
                if (answer.status != 200 && !answer.isError(409) && !answer.isError(404) &&
                    !answer.isError(400))
                    return answer.text;
            }
            if (added.status == 200 && round + 1 < kRounds) api.remove(parseAdded(added).id);
        }
        return "";
    }
};

/// Of all mappings.
std::multiset<int> portsOf(const ApiClient& api) {
    std::multiset<int> ports;
    for (const auto& mapping : api.listAll())
        for (const auto* key : {"port1", "port2"})
            ports.insert(mapping->getValue<int>(key));
    return ports;
}

} // namespace

BOOST_AUTO_TEST_CASE(ConcurrentChangesLeaveEachPortToOne) {
    const Storm storm;
    std::multiset<int> ports;
    {
        ConnectorProcess connector(storm.setup);
        std::vector<std::future<std::string>> callers;
        for (unsigned number = 0; number < Storm::kCallers; ++number)
            callers.push_back(std::async(std::launch::async, [&, number] {
                const ApiClient api("127.0.0.1", storm.setup.apiPort());
                return storm.call(api, number);
            }));
        for (auto& caller : callers)
            BOOST_TEST(caller.get() == "");
        ports = portsOf(connector.api());
        BOOST_TEST((std::set<int>(ports.begin(), ports.end()).size() == ports.size()));
        BOOST_TEST(freePorts(connector.api()) == Storm::kPorts - static_cast<int>(ports.size()));
        for (int index = 0; index < Storm::kPorts; ++index) {
            const auto port = portAt(storm.setup, index);
            BOOST_TEST(refusesConnections(static_cast<std::uint16_t>(port)) == !ports.contains(port));
        }
        connector.kill();
    }
    const ConnectorProcess connector(storm.setup);
    const auto& api = connector.api();
    BOOST_TEST((portsOf(api) == ports));
    for (const auto& id : api.listIds())
        api.remove(id);
    BOOST_TEST(freePorts(api) == Storm::kPorts);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
