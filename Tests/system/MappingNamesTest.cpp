#include "Commands.h"
#include "ConnectorProcess.h"
#include "MetricsPage.h"
#include "ReloadedConnector.h"
#include "RunningApi.h"

#include <boost/test/unit_test.hpp>

#include <future>
#include <string>
#include <vector>

namespace connector::test {

namespace {

constexpr std::uint16_t kMappingPorts = 20;

std::uint16_t frontPortOf(const ConnectorSetup& setup) {
    return static_cast<std::uint16_t>(setup.firstMappingPort() + kMappingPorts);
}

/// A Connector in production mode with a front.
struct Fronted {
    ConnectorSetup setup{Mode::Tls, kMappingPorts};
    std::uint16_t front = frontPortOf(setup);
    ConnectorProcess connector{addFront(setup, front)};
    const ApiClient& api = connector.api();

    std::string urlOf(const std::string& name) const {
        return "https://" + name + "." + kFrontDomain + ":" + std::to_string(front);
    }
    std::string freePorts() const { return api.get(kStatus).field("availablePorts"); }
};

std::string named(const std::string& name) {
    return publicMappingWith("\"name\":\"" + name + "\"");
}

const std::string kPublicWithoutPorts = publicMappingWith("\"ports\":false");
const std::string kPrivateWithoutPorts = privateMapping().insert(1, "\"ports\":false,");

std::string textOf(const ApiClient& api, const std::string& id, const std::string& key) {
    return api.show(id)->getValue<std::string>(key);
}

/// Those with that name, as the list has them.
std::set<std::string> idsNamed(const ApiClient& api, const std::string& name) {
    std::set<std::string> ids;
    const auto list = api.get(std::string(kMapping) + "?name=" + name).json()->getArray("mappings");
    for (const auto& one : *list)
        ids.insert(one.extract<Poco::JSON::Object::Ptr>()->getValue<std::string>("id"));
    return ids;
}

} // namespace

BOOST_AUTO_TEST_SUITE(MappingNames)

BOOST_FIXTURE_TEST_CASE(NameIsGivenShownChangedAndTakenAway, Fronted) {
    const auto plain = api.addPublic();
    BOOST_TEST(textOf(api, plain.id, "name") == "");
    BOOST_TEST(textOf(api, plain.id, "url") == urlOf(plain.id));
    const auto added = api.tryAdd(named("web"));
    BOOST_TEST(added.keysInOrder() == (std::vector<std::string>{"status", "id", "port1", "port2", "passcode1",
                                                                "passcode2", "timestamp"}),
               boost::test_tools::per_element());
    const auto mapping = parseAdded(added);
    BOOST_TEST(mapping.port1 != front, "it has ports, too");
    BOOST_TEST(textOf(api, mapping.id, "name") == "web");
    BOOST_TEST(textOf(api, mapping.id, "url") == urlOf("web"));
    BOOST_TEST(api.tryChange(mapping.id, R"({"name":"shop"})").field("url") == urlOf("shop"));
    BOOST_TEST(idsNamed(api, "shop") == (std::set<std::string>{mapping.id}),
               boost::test_tools::per_element());
    BOOST_TEST(idsNamed(api, "web").empty());
    BOOST_TEST(api.tryChange(plain.id, R"({"name":"web"})").status == 200, "it is free again");
    BOOST_TEST(api.tryChange(mapping.id, R"({"name":null})").field("url") == urlOf(mapping.id));
    BOOST_TEST(api.tryAdd(named("shop")).status == 200);
}

BOOST_FIXTURE_TEST_CASE(MetricsHaveTheName, Fronted) {
    const auto mapping = parseAdded(api.tryAdd(named("web")));
    BOOST_TEST(metricsOf(api).value("mapping_relays", {{"id", mapping.id}, {"name", "web"}}) == 0);
    api.tryChange(mapping.id, R"({"name":"shop"})");
    BOOST_TEST(metricsOf(api).valuesOf("mapping_relays", "name") == std::vector<std::string>{"shop"},
               boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(NameIsOneMappingsAloneUntilItIsRemoved, Fronted) {
    const auto web = parseAdded(api.tryAdd(publicMappingWith(R"("name":"web","label":"till 3")")));
    const auto other = api.addPublic();
    const auto owner = "name: web is taken by mapping " + web.id + " (till 3)";
    const auto before = freePorts();
    BOOST_TEST(isRefused(api.tryAdd(named("web")), 409, owner));
    BOOST_TEST(isRefused(api.tryChange(other.id, R"({"name":"web","label":"x"})"), 409, owner));
    BOOST_TEST(textOf(api, other.id, "label") == "", "nothing of it is changed");
    BOOST_TEST(freePorts() == before);
    BOOST_TEST(api.tryChange(web.id, R"({"name":"web"})").status == 200, "it is its own");
    api.remove(web.id);
    BOOST_TEST(api.tryChange(other.id, R"({"name":"web"})").status == 200);
}

BOOST_FIXTURE_TEST_CASE(OneOfManyThatWantTheNameAtOnceGetsIt, Fronted) {
    std::vector<std::future<int>> answers;
    for (int i = 0; i < 8; ++i)
        answers.push_back(std::async(std::launch::async, [this] {
            return ApiClient("127.0.0.1", setup.apiPort(), httpsContext(Mode::Tls))
                .tryAdd(named("web"))
                .status;
        }));
    std::multiset<int> statuses;
    for (auto& answer : answers)
        statuses.insert(answer.get());
    BOOST_TEST(statuses.count(200) == 1U);
    BOOST_TEST(statuses.count(409) == 7U);
    BOOST_TEST(freePorts() == std::to_string(kMappingPorts - 2));
}

BOOST_FIXTURE_TEST_CASE(WrongNamesAreRefusedWithTheRule, Fronted) {
    for (const auto& name : {std::string("web.shop"), std::string("Web"), std::string(64, 'x')})
        BOOST_TEST(isRefused(api.tryAdd(named(name)), 400, "1 to 63 lower-case letters, digits and hyphens"));
    const auto id = api.addPublic().id;
    BOOST_TEST(isRefused(api.tryChange(id, "{\"name\":\"" + id + "\"}"), 400, "ids of mappings"));
    for (const auto* reserved : {"www", "api"})
        BOOST_TEST(isRefused(api.tryAdd(named(reserved)), 400, "is reserved; it must be none of www, api"));
    BOOST_TEST(isRefused(api.tryAdd(privateMapping().insert(1, R"("name":"web",)")), 400, "private"));
    BOOST_TEST(api.listIds().size() == 1U);
}

BOOST_AUTO_TEST_CASE(ReservedNamesAreReadAgain) {
    ReloadedConnector running(Mode::Tls);
    addFront(running.setup, static_cast<std::uint16_t>(running.setup.firstMappingPort() + 100));
    running.start();
    const auto former = running.api().add(named("status"));
    running.setup.setJson("front.reserved", R"(["status"])");
    running.reload("front.reserved");
    BOOST_TEST(isRefused(running.api().tryAdd(named("status")), 400, "www, api, status"));
    BOOST_TEST(running.api().tryChange(former.id, R"({"label":"x"})").status == 200, "it keeps its name");
}

BOOST_FIXTURE_TEST_CASE(MappingsWithoutPortsTakeNone, Fronted) {
    const auto before = freePorts();
    for (const auto& wanted : {kPublicWithoutPorts, kPrivateWithoutPorts}) {
        const auto mapping = parseAdded(api.tryAdd(wanted));
        BOOST_TEST(mapping.port1 == front);
        BOOST_TEST(mapping.port2 == front);
        const auto shown = api.show(mapping.id);
        BOOST_TEST(!shown->getValue<bool>("ports"));
        BOOST_TEST(shown->getValue<int>("port1") == front);
        BOOST_TEST(shown->getValue<int>("port2") == front);
        BOOST_TEST(shown->getValue<std::string>("state") == "open");
        BOOST_TEST(freePorts() == before);
        for (const auto* change : {R"({"port1":6001})", R"({"port2":6001})", R"({"ports":true})"})
            BOOST_TEST(isRefused(api.tryChange(mapping.id, change), 400, "left out"));
        BOOST_TEST(api.tryChange(mapping.id, R"({"label":"x"})").status == 200);
        api.remove(mapping.id);
        BOOST_TEST(freePorts() == before);
    }
    BOOST_TEST(isRefused(api.tryAdd(publicMappingWith(R"("ports":false,"port1":6001)")), 400, "port1: "));
    BOOST_TEST(connector.log().find("public, no ports") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(PlainVisitorsNeedAPort) {
    ConnectorSetup setup(Mode::Tls, kMappingPorts);
    setup.setJson("pipes.allow-plain-visitors", "true");
    const ConnectorProcess connector(addFront(setup, frontPortOf(setup)));
    const auto& api = connector.api();
    BOOST_TEST(isRefused(api.tryAdd(publicMappingWith(R"("ports":false,"visitortls":false)")), 400, "port2"));
    const auto mapping = parseAdded(api.tryAdd(kPublicWithoutPorts));
    BOOST_TEST(isRefused(api.tryChange(mapping.id, R"({"visitortls":false})"), 400, "port2"));
}

BOOST_FIXTURE_TEST_CASE(StatusTellsOfTheFront, Fronted) {
    const auto told = api.get(kStatus).json()->getObject("front");
    BOOST_TEST(told->getValue<int>("port") == front);
    BOOST_TEST(told->getValue<std::string>("domain") == kFrontDomain);
    const Running without;
    BOOST_TEST(!without.api.get(kStatus).json()->has("front"));
}

BOOST_AUTO_TEST_CASE(WithoutFrontThereAreNeitherNamesNorMappingsWithoutPorts) {
    const Running running;
    BOOST_TEST(isRefused(running.api.tryAdd(named("web")), 400, "front.port is not set"));
    BOOST_TEST(isRefused(running.api.tryAdd(kPublicWithoutPorts), 400, "front.port is not set"));
    BOOST_TEST(isRefused(running.api.tryAdd(kPrivateWithoutPorts), 400, "front.port is not set"));
    ConnectorSetup setup(Mode::Tls, kMappingPorts);
    const ConnectorProcess connector(addFront(setup, frontPortOf(setup)).unset("front.domain"));
    BOOST_TEST(isRefused(connector.api().tryAdd(named("web")), 400, "front.domain is not set"));
    BOOST_TEST(isRefused(connector.api().tryAdd(kPublicWithoutPorts), 400, "front.domain is not set"));
    BOOST_TEST(connector.api().tryAdd(kPrivateWithoutPorts).status == 200, "agents need no name");
}

BOOST_AUTO_TEST_CASE(NamesAndMappingsWithoutPortsSurviveRestarts) {
    ConnectorSetup setup(Mode::Tls, kMappingPorts);
    addFront(setup, frontPortOf(setup));
    std::string web;
    std::string portless;
    {
        ConnectorProcess connector(setup);
        web = connector.api().add(named("web")).id;
        portless = connector.api().add(kPublicWithoutPorts).id;
        connector.kill();
    }
    {
        ConnectorProcess connector(setup);
        BOOST_TEST(textOf(connector.api(), web, "name") == "web");
        BOOST_TEST(isRefused(connector.api().tryAdd(named("web")), 409, web));
        BOOST_TEST(textOf(connector.api(), portless, "state") == "open");
        connector.stop();
    }
    setup.unset("front");
    const ConnectorProcess connector(setup);
    const auto shown = connector.api().show(portless);
    BOOST_TEST(shown->getValue<std::string>("state") == "degraded");
    BOOST_TEST(shown->getArray("degraded")->getElement<std::string>(0) == "front");
    BOOST_TEST(connector.api().get(kStatus).field("degraded") == "1");
    BOOST_TEST(connector.log().find("1 mappings without ports are degraded") != std::string::npos);
    BOOST_TEST(textOf(connector.api(), web, "state") == "open", "it has ports");
    BOOST_TEST(connector.api().tryChange(web, R"({"label":"x"})").status == 200, "and may keep its name");
    connector.api().remove(portless);
}

BOOST_FIXTURE_TEST_CASE(CommandsKnowNames, Fronted) {
    const auto added = jsonOf(setup, {"mapping", "add", "public", "--name=web", "--no-ports"});
    const auto id = added->getValue<std::string>("id");
    BOOST_TEST(added->getValue<int>("port1") == front);
    const auto show = runCommand(setup, {"mapping", "show", "web"});
    BOOST_TEST(says(show, urlOf("web")), shown(show));
    BOOST_TEST(says(show, std::to_string(front) + ", the front's"), shown(show));
    const auto list = runCommand(setup, {"mapping", "list"});
    BOOST_TEST(says(list, "NAME"), shown(list));
    BOOST_TEST(says(list, "web"), shown(list));
    const auto top = runCommand(setup, {"top", "--once", "--interval=1"});
    BOOST_TEST(says(top, "web"), shown(top));
    BOOST_TEST(jsonOf(setup, {"mapping", "set", "web", "--name=shop"})->getValue<std::string>("id") == id);
    BOOST_TEST(jsonOf(setup, {"mapping", "connections", "shop"})->has("agents"));
    BOOST_TEST(jsonOf(setup, {"mapping", "passcode", "shop"})->getValue<std::string>("id") == id);
    BOOST_TEST(hasFailed(runCommand(setup, {"mapping", "show", "web"}), kDataError, {"web"}));
    BOOST_TEST(hasFailed(runCommand(setup, {"mapping", "add", "private", "--name=x"}), kUsage, {"--name"}));
    BOOST_TEST(jsonOf(setup, {"mapping", "remove", "shop"})->getValue<std::string>("id") == id);
    BOOST_TEST(api.listIds().empty());
    const auto told = runCommand(setup, {"mapping", "add", "public", "--name=web"});
    BOOST_TEST(says(told, "name               web\n"), shown(told));
    BOOST_TEST(says(told, "Visitors use " + urlOf("web") + "."), shown(told));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
