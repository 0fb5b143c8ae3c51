#include "ConnectorProcess.h"
#include "PipeActions.h"

#include <Poco/JSON/Array.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

using Names = std::vector<std::string>;

const auto kVersions = bdata::make({TLS1_2_VERSION, TLS1_3_VERSION});
const std::string kHttp2 = R"("alpn":["h2","http/1.1"])";
const std::string kPlain = R"("visitortls":false)";

/// A visitor's settings that offer these protocols.
ConnectOptions offering(const Names& alpn, int onlyVersion = 0) {
    return {.tls = std::make_shared<TlsSettings>(
                TlsSettings::Options{.trustedFile = CertificateAuthority::shared().certificateFile(),
                                     .onlyVersion = onlyVersion,
                                     .alpn = alpn})};
}

PipeClient plainVisitor(std::uint16_t port) {
    return PipeClient(Poco::Net::SocketAddress("127.0.0.1", port));
}

std::string selectedBy(const ConnectorProcess& connector, const AddedMapping& mapping,
                       const ConnectOptions& options) {
    return connector.connect(mapping.port2, options).selectedProtocol();
}

Names alpnShown(const ApiClient& api, const std::string& id) {
    Names names;
    const auto mapping = api.show(id);
    for (const auto& name : *mapping->getArray("alpn"))
        names.push_back(name.toString());
    return names;
}

bool isNotTheProtocol(const ConnectionLost& error) {
    return std::string(error.what()).find("no application protocol") != std::string::npos;
}

/// A Connector with TLS whose mappings may have visitors without.
struct PlainAllowed {
    PlainAllowed() { setup.set("pipes.allow-plain-visitors", true); }

    ConnectorSetup setup{Mode::Tls};
};

} // namespace

BOOST_AUTO_TEST_SUITE(VisitorSettings)

BOOST_DATA_TEST_CASE(FirstOfTheMappingsProtocolsThatIsOfferedIsSelected, kVersions, version) {
    const ConnectorSetup setup(Mode::Tls);
    const ConnectorProcess connector(setup);
    const auto mapping = connector.api().add(publicMappingWith(kHttp2));
    const auto selected = [&](const Names& offered) {
        return selectedBy(connector, mapping, offering(offered, version));
    };
    BOOST_TEST(selected({"http/1.1", "h2"}) == "h2");
    BOOST_TEST(selected({"spdy/3", "http/1.1"}) == "http/1.1");
    BOOST_TEST(selected({}) == "", "one that offers none is served without");
    BOOST_CHECK_EXCEPTION(selected({"spdy/3"}), ConnectionLost, isNotTheProtocol);
    BOOST_CHECK_EXCEPTION(selected({"h2c", "H2"}), ConnectionLost, isNotTheProtocol);
}

BOOST_DATA_TEST_CASE(WithoutProtocolsNothingIsSelected, kVersions, version) {
    const ConnectorSetup setup(Mode::Tls);
    const ConnectorProcess connector(setup);
    const auto mapping = connector.api().addPublic();
    BOOST_TEST(selectedBy(connector, mapping, offering({"h2"}, version)) == "");
    BOOST_TEST(alpnShown(connector.api(), mapping.id).empty());
    auto agents = mapping;
    agents.port2 = mapping.port1;
    BOOST_TEST(selectedBy(connector, agents, offering({"h2"}, version)) == "", "nor on port1");
}

BOOST_AUTO_TEST_CASE(BytesPassBehindASelectedProtocol) {
    const ConnectorSetup setup(Mode::Tls);
    const ConnectorProcess connector(setup);
    const auto mapping = connector.api().add(publicMappingWith(kHttp2));
    auto agent = connector.agent(mapping.port1, mapping.passcode1);
    auto visitor = connector.connect(mapping.port2, offering({"h2"}));
    BOOST_TEST(visitor.selectedProtocol() == "h2");
    BOOST_TEST(areJoined(visitor, agent));
}

/// One context serves all mappings, so a session of one is good at another.
BOOST_DATA_TEST_CASE(ResumedSessionSelectsAnew, kVersions, version) {
    const ConnectorSetup setup(Mode::Tls);
    const ConnectorProcess connector(setup);
    const auto first = connector.api().add(publicMappingWith(R"("alpn":["h2"])"));
    const auto other = connector.api().add(publicMappingWith(R"("alpn":["http/1.1"])"));
    const auto none = connector.api().addPublic();
    auto options = offering({"h2", "http/1.1"}, version);
    {
        auto agent = connector.agent(first.port1, first.passcode1);
        auto visitor = connector.connect(first.port2, options);
        BOOST_TEST(visitor.selectedProtocol() == "h2");
        BOOST_TEST(areJoined(visitor, agent)); // what is read brings the ticket of TLS 1.3
        options.session = visitor.session();
    }
    for (const auto& [mapping, expected] :
         {std::pair{first, "h2"}, std::pair{other, "http/1.1"}, std::pair{none, ""}}) {
        const auto visitor = connector.connect(mapping.port2, options);
        BOOST_TEST(visitor.wasResumed());
        BOOST_TEST(visitor.selectedProtocol() == expected);
    }
    auto unfit = offering({"h2"}, version);
    unfit.session = options.session;
    BOOST_CHECK_EXCEPTION(connector.connect(other.port2, unfit), ConnectionLost, isNotTheProtocol);
}

BOOST_AUTO_TEST_CASE(ChangeIsForVisitorsThatComeThen) {
    const ConnectorSetup setup(Mode::Tls);
    const ConnectorProcess connector(setup);
    const auto& api = connector.api();
    const auto mapping = api.addPublic();
    auto agent = connector.agent(mapping.port1, mapping.passcode1);
    auto before = connector.connect(mapping.port2, offering({"h2"}));
    BOOST_TEST(areJoined(before, agent));
    // Many times, so that one that takes effect too late would show.
    for (int round = 0; round < 20; ++round) {
        const auto changed = api.tryChange(mapping.id, "{" + kHttp2 + "}");
        BOOST_TEST(changed.status == 200, changed);
        BOOST_TEST(selectedBy(connector, mapping, offering({"h2"})) == "h2");
        BOOST_TEST(api.tryChange(mapping.id, R"({"alpn":[]})").status == 200);
        BOOST_TEST(selectedBy(connector, mapping, offering({"h2"})) == "");
    }
    BOOST_TEST(areJoined(before, agent), "what is open is left alone");
    BOOST_TEST(connector.log().find("mapping " + mapping.id + " changed by anonymous at 127.0.0.1: {" +
                                    kHttp2 + "}") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(ChangeAnswersAsGetDoes) {
    const ConnectorSetup setup(Mode::Tls);
    const ConnectorProcess connector(setup);
    const auto& api = connector.api();
    const auto mapping = api.addPublic();
    const auto changed = api.tryChange(mapping.id, "{" + kHttp2 + R"(,"visitortls":true})");
    BOOST_TEST_REQUIRE(changed.status == 200, changed);
    BOOST_TEST(changed.text == api.get("/api/v2/mapping/" + mapping.id).text);
    BOOST_TEST(alpnShown(api, mapping.id) == (Names{"h2", "http/1.1"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(SettingsSurviveKillAndRestart) {
    PlainAllowed allowed;
    AddedMapping added;
    AddedMapping changed;
    AddedMapping plain;
    {
        ConnectorProcess connector(allowed.setup);
        const auto& api = connector.api();
        added = api.add(publicMappingWith(kHttp2));
        changed = api.addPublic();
        BOOST_TEST(api.tryChange(changed.id, R"({"alpn":["postgresql"]})").status == 200);
        plain = api.add(publicMappingWith(kPlain));
        connector.kill();
    }
    for (int round = 0; round < 2; ++round) {
        ConnectorProcess connector(allowed.setup);
        BOOST_TEST(selectedBy(connector, added, offering({"http/1.1"})) == "http/1.1");
        BOOST_TEST(selectedBy(connector, changed, offering({"postgresql"})) == "postgresql");
        auto agent = connector.agent(plain.port1, plain.passcode1);
        auto visitor = plainVisitor(plain.port2);
        BOOST_TEST(areJoined(visitor, agent));
        BOOST_TEST(connector.stop() == 0);
    }
}

BOOST_AUTO_TEST_CASE(PlainVisitorsMeetAgentsInTls) {
    const PlainAllowed allowed;
    const ConnectorProcess connector(allowed.setup);
    const auto& api = connector.api();
    const auto mapping = api.add(publicMappingWith(kPlain));
    auto agent = connector.agent(mapping.port1, mapping.passcode1);
    auto visitor = plainVisitor(mapping.port2);
    BOOST_TEST(areJoined(visitor, agent));
    BOOST_TEST(api.show(mapping.id)->getValue<bool>("visitortls") == false);
    BOOST_TEST(api.show(mapping.id)->getValue<std::string>("url") ==
               "http://127.0.0.1:" + std::to_string(mapping.port2));
    // Agents stay on TLS: a passcode in plain TCP is no handshake.
    auto plainAgent = plainVisitor(mapping.port1);
    plainAgent.send(mapping.passcode1);
    BOOST_TEST(plainAgent.readToEnd().find("AUTHORIZED") == std::string::npos);
    connector.waitForLog(", visitors without TLS");
}

BOOST_AUTO_TEST_CASE(VisitorsMayBePutIntoTlsAndBack) {
    const PlainAllowed allowed;
    const ConnectorProcess connector(allowed.setup);
    const auto& api = connector.api();
    const auto mapping = api.add(publicMappingWith(kPlain));
    BOOST_TEST(api.tryChange(mapping.id, R"({"visitortls":true})").status == 200);
    BOOST_TEST(api.show(mapping.id)->getValue<std::string>("url").starts_with("https://"));
    auto agent = connector.agent(mapping.port1, mapping.passcode1);
    auto visitor = connector.connect(mapping.port2);
    BOOST_TEST(areJoined(visitor, agent));
    BOOST_TEST(api.tryChange(mapping.id, "{" + kPlain + "}").status == 200);
    auto secondAgent = connector.agent(mapping.port1, mapping.passcode1);
    auto second = plainVisitor(mapping.port2);
    BOOST_TEST(areJoined(second, secondAgent));
    BOOST_TEST(areJoined(visitor, agent));
}

BOOST_AUTO_TEST_CASE(PlainVisitorsAreRefusedUnlessAllowed) {
    const ConnectorSetup setup(Mode::Tls);
    const ConnectorProcess connector(setup);
    const auto& api = connector.api();
    const auto added = api.tryAdd(publicMappingWith(kPlain));
    BOOST_TEST(added.isError(400), added);
    BOOST_TEST(added.field("errormessage").find("pipes.allow-plain-visitors") != std::string::npos, added);
    BOOST_TEST(api.listIds().empty());
    const auto mapping = api.addPublic();
    const auto changed = api.tryChange(mapping.id, "{" + kPlain + "}");
    BOOST_TEST(changed.isError(400), changed);
    BOOST_TEST(api.show(mapping.id)->getValue<bool>("visitortls"));
}

/// The configuration's word is above the mapping's: nobody is served in plain TCP then, and it shows.
BOOST_AUTO_TEST_CASE(PlainVisitorsAreTurnedAwayOnceNotAllowedAnyMore) {
    PlainAllowed allowed;
    AddedMapping mapping;
    {
        ConnectorProcess connector(allowed.setup);
        mapping = connector.api().add(publicMappingWith(kPlain));
        BOOST_TEST(connector.stop() == 0);
    }
    allowed.setup.set("pipes.allow-plain-visitors", false);
    const auto checked = run(allowed.setup.command({"check"}));
    BOOST_TEST(checked.output.find("warning: mapping " + mapping.id + " has visitors without TLS") !=
                   std::string::npos,
               checked.output);
    const ConnectorProcess connector(allowed.setup);
    const auto& api = connector.api();
    connector.waitForLog("mapping " + mapping.id + " is degraded, its visitors are turned away");
    BOOST_TEST(api.show(mapping.id)->getValue<std::string>("state") == "degraded");
    BOOST_TEST(api.show(mapping.id)->getArray("degraded")->getElement<std::string>(0) == "visitortls");
    auto agent = connector.agent(mapping.port1, mapping.passcode1);
    auto visitor = plainVisitor(mapping.port2);
    BOOST_TEST(visitor.readToEnd() == "");
    connector.waitForLog("turned away: pipes.allow-plain-visitors is not true any more");
    BOOST_CHECK_THROW(connector.connect(mapping.port2), ConnectionLost);

    BOOST_TEST(api.tryChange(mapping.id, R"({"visitortls":true})").status == 200);
    BOOST_TEST(api.show(mapping.id)->getValue<std::string>("state") == "open");
    auto inTls = connector.connect(mapping.port2);
    BOOST_TEST(areJoined(inTls, agent));
}

/// Nothing has TLS there, so the settings are kept and change nothing.
BOOST_AUTO_TEST_CASE(DevelopmentTakesAllSettings) {
    const ConnectorSetup setup(Mode::Plain);
    const ConnectorProcess connector(setup);
    const auto& api = connector.api();
    const auto withAlpn = api.add(publicMappingWith(kHttp2));
    const auto withoutTls = api.add(publicMappingWith(kPlain));
    BOOST_TEST(api.show(withoutTls.id)->getValue<std::string>("state") == "open");
    for (const auto& mapping : {withAlpn, withoutTls})
        BOOST_TEST(connector.serves(mapping));
}

BOOST_AUTO_TEST_CASE(WhatDoesNotFitIsRefusedByName) {
    const PlainAllowed allowed;
    const ConnectorProcess connector(allowed.setup);
    const auto& api = connector.api();
    const auto open = api.add(publicMappingWith(kHttp2)).id;
    const auto plain = api.add(publicMappingWith(kPlain)).id;
    const auto closed = api.addPrivate().id;
    const std::vector<std::tuple<std::string, std::string, std::string>> cases{
        {open, "{", "JSON"},
        {open, "[]", "JSON"},
        {open, "{}", "visitorsperaddress, visitortls"},
        {open, R"({"maxconnections":1})", "maxconnections: unknown key; the keys here are allow, alpn, "},
        {open, R"({"alpn":"h2"})", "alpn"},
        {open, R"({"alpn":["h2","h2"]})", "alpn"},
        {open, R"({"visitortls":null})", "visitortls"},
        {open, "{" + kPlain + "}", "alpn"},
        {plain, "{" + kHttp2 + "}", "alpn"},
        {closed, "{" + kHttp2 + "}", "private"},
        {closed, R"({"visitortls":true})", "private"},
    };
    for (const auto& [id, body, named] : cases) {
        const auto answer = api.tryChange(id, body);
        BOOST_TEST(answer.isError(400), body << ": " << answer);
        BOOST_TEST(answer.field("errormessage").find(named) != std::string::npos, body << ": " << answer);
    }
    BOOST_TEST(alpnShown(api, open) == (Names{"h2", "http/1.1"}), boost::test_tools::per_element());
    BOOST_TEST(api.tryChange("nobody", R"({"alpn":[]})").isError(404));
    BOOST_TEST(api.request("PATCH", "/api/v2/mapping/" + open, "alpn=h2", ApiClient::kForm).isError(415));
    BOOST_TEST(api.tryChange(open, R"({"alpn":[],"visitortls":false})").status == 200);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
