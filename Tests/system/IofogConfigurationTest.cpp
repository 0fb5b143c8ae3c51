#include "ContainerAgent.h"
#include "ControllersJson.h"
#include "LocalApiServer.h"
#include "OpenPipe.h"
#include "TestTarget.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

/// A public mapping, its target, and what a Fog Controller has to say of them.
struct Service {
    explicit Service(Mode mode) : pipe(mode) {}

    std::string json() { return controllersJson(pipe.setup(), pipe.mapping(), Side::Port1, target.port()); }

    void waitForAgent() const { pipe.waitFor("agentswaiting", 1); }

    /// A visitor that has reached the target.
    std::pair<PipeClient, PipeClient> visit() {
        auto visitor = pipe.visitor();
        auto server = target.accept();
        BOOST_TEST(areJoined(visitor, server));
        return {std::move(visitor), std::move(server)};
    }

    OpenPublicPipe pipe;
    TestTarget target;
};

/// Both pipes, in one configuration.
std::string both(Service& one, Service& other) {
    return R"({"pipes":[)" + one.json() + "," + other.json() + "]}";
}

} // namespace

BOOST_AUTO_TEST_SUITE(IofogConfiguration)

BOOST_DATA_TEST_CASE(ComesFromTheLocalApi, kModes, mode) {
    Service service(mode);
    LocalApiServer api;
    api.setConfiguration(service.json());
    const ContainerAgent agent(api);
    service.waitForAgent();
    service.visit();
}

BOOST_AUTO_TEST_CASE(ContainersIdIsEnough) {
    const Folder folder;
    Daemon agent("container's agent", ContainerAgent::command(folder.path("output.log")));
    agent.waitForLog("takes its configuration from iofog:54321");
}

BOOST_AUTO_TEST_CASE(IsWaitedFor) {
    Service service(Mode::Plain);
    LocalApiServer api;
    api.stop();
    ContainerAgent agent(api);
    agent.daemon().waitForLog("can't be reached");
    api.start();
    agent.daemon().waitForLog("has no configuration for the container");
    api.setConfiguration(service.json());
    service.waitForAgent();
}

BOOST_AUTO_TEST_CASE(NewOneIsAppliedAndAcknowledged) {
    Service one(Mode::Plain);
    Service other(Mode::Tls);
    LocalApiServer api;
    api.setConfiguration(one.json());
    const ContainerAgent agent(api);
    one.waitForAgent();
    auto [visitor, server] = one.visit();
    api.changeConfiguration(both(one, other));
    other.waitForAgent();
    other.visit();
    BOOST_TEST(areJoined(visitor, server));
    api.changeConfiguration(other.json());
    one.pipe.waitFor("agentswaiting", 0);
    BOOST_TEST(areJoined(visitor, server), "what had begun goes on");
}

BOOST_AUTO_TEST_CASE(WrongOneIsAcknowledgedAndChangesNothing) {
    Service service(Mode::Plain);
    LocalApiServer api;
    api.setConfiguration(service.json());
    ContainerAgent agent(api);
    service.waitForAgent();
    auto [visitor, server] = service.visit();
    api.changeConfiguration(R"({"mode":"neither"})");
    agent.daemon().waitForLog("mode: ");
    agent.daemon().waitForLog("all pipes stay as they were");
    BOOST_TEST(areJoined(visitor, server));
}

/// In each of these places a passcode stands where none belongs.
BOOST_AUTO_TEST_CASE(WrongOneShowsNoPasscodeInTheLog) {
    const std::string passcode = "nobody-may-see-this";
    LocalApiServer api;
    ContainerAgent agent(api);
    agent.daemon().waitForLog("takes its configuration"); // and listens to SIGHUP
    for (const auto& wrong : {R"({"pipes":{"passcode":")" + passcode + R"("}})",
                              R"({"mode":")" + passcode + R"("})", R"({"pipes":")" + passcode + R"("})"}) {
        api.setConfiguration(wrong);
        agent.daemon().process().signal(SIGHUP);
        agent.daemon().waitForLog(wrong.substr(2, wrong.find(':') - 3) + ": it must be");
    }
    BOOST_TEST(agent.daemon().log().find(passcode) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(HangUpFetchesItAgain) {
    Service one(Mode::Plain);
    Service other(Mode::Plain);
    LocalApiServer api;
    api.setConfiguration(one.json());
    ContainerAgent agent(api);
    one.waitForAgent();
    api.setConfiguration(both(one, other));
    agent.daemon().process().signal(SIGHUP);
    other.waitForAgent();
}

/// Changes that the container was not told of are found, too.
BOOST_AUTO_TEST_CASE(LocalApiMayGoAndComeBack) {
    Service one(Mode::Plain);
    Service other(Mode::Plain);
    LocalApiServer api;
    api.setConfiguration(one.json());
    const ContainerAgent agent(api);
    one.waitForAgent();
    auto [visitor, server] = one.visit();
    api.stop();
    BOOST_TEST(areJoined(visitor, server));
    api.setConfiguration(both(one, other));
    api.start();
    other.waitForAgent();
    BOOST_TEST(areJoined(visitor, server));
    api.changeConfiguration(one.json());
    other.pipe.waitFor("agentswaiting", 0);
}

BOOST_AUTO_TEST_CASE(LocalApiThatHangsDoesNotKeepTheAgent) {
    constexpr std::chrono::seconds kLessThanAnAnswerMayTake{8};
    TestTarget hanging;
    ContainerAgent agent("127.0.0.1:" + std::to_string(hanging.port()));
    const auto connection = hanging.accept();
    BOOST_TEST(agent.daemon().stop(SIGTERM, kLessThanAnAnswerMayTake) == 0);
}

BOOST_AUTO_TEST_CASE(CanBeChecked) {
    Service service(Mode::Plain);
    LocalApiServer api;
    const Folder folder;
    auto command = ContainerAgent::command(folder.path("output.log"));
    command.words.insert(command.words.end(), {"--iofog=" + api.address(), "--check"});
    BOOST_TEST(run(command).exitCode == 69);
    api.setConfiguration(service.json());
    BOOST_TEST(run(command).output.ends_with(api.address() + ": ok\n"));
    api.setConfiguration("{}");
    BOOST_TEST(run(command).exitCode == 78);
}

BOOST_AUTO_TEST_CASE(OptionsMustFit) {
    const Folder folder;
    const auto code = [&](const std::vector<std::string>& arguments, const std::string& container) {
        ChildProcess::Command command{
            {programPath("AGENT_BIN")}, folder.path("output.log"), {{"SELFNAME", container}}};
        command.words.insert(command.words.end(), arguments.begin(), arguments.end());
        return run(command).exitCode;
    };
    BOOST_TEST(code({}, "") == 64);
    BOOST_TEST(code({"--iofog"}, "") == 64);
    BOOST_TEST(code({"--iofog", "--config=agent.json"}, "container") == 64);
    for (const auto* address : {"iofog", "iofog:", "iofog:0", "iofog:65536", ":54321", "::1:54321"})
        BOOST_TEST(code({"--iofog=" + std::string(address)}, "container") == 64, address);
}

BOOST_AUTO_TEST_CASE(FileCannotCarryMessages) {
    const OpenPrivatePipe pipe(Mode::Plain);
    const Folder folder;
    const auto file = folder.write(
        "agent.json", controllersJson(ConnectorSetup(Mode::Plain), pipe.mapping(), Side::Port1, 0));
    const auto finished =
        run({{programPath("AGENT_BIN"), "--config=" + file, "--check"}, folder.path("output.log")});
    BOOST_TEST(finished.exitCode == 78);
    BOOST_TEST(finished.output.find("--iofog") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
