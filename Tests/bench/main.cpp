/// bench-load: the load generator of ./do bench. Takes one JSON object as its only argument, does what it
/// says, and prints one JSON object. bench.py says what the members mean by how it uses them.

#include "Addresses.h"
#include "Adds.h"
#include "Far.h"
#include "Near.h"
#include "NetworkNamespace.h"

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <iostream>
#include <map>
#include <stdexcept>
#include <sys/resource.h>
#include <unistd.h>

namespace {

using namespace bench;
using Poco::JSON::Object;

constexpr std::chrono::seconds kPatience{20};

double secondsNow() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void await(const char* what, const std::function<bool()>& isTrue) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!isTrue()) {
        if (std::chrono::steady_clock::now() > deadline)
            throw std::runtime_error(std::string("waited in vain for ") + what);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

void pause(double seconds) {
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

/// A port of loopback, or of the member "host".
sockaddr_in addressIn(const Object& object, const char* key) {
    auto address = loopback(object.getValue<std::uint16_t>(key));
    if (object.has("host"))
        ::inet_pton(AF_INET, object.getValue<std::string>("host").c_str(), &address.sin_addr);
    return address;
}

Work workIn(const Object& spec) {
    static const std::map<std::string, Work> kinds{{"download", Work::Download},
                                                   {"exchange", Work::Exchange},
                                                   {"pingpong", Work::PingPong},
                                                   {"visit", Work::Visit},
                                                   {"page", Work::Page}};
    return kinds.at(spec.getValue<std::string>("work"));
}

/// Visitors against a far side, measured for a time.
Object load(const Object& spec) {
    Counters counters;
    std::vector<int> watched;
    for (const auto& process : *spec.getArray("watch"))
        watched.push_back(process.convert<int>());

    Tls client;
    client.askFor(spec.optValue<std::string>("serverName", ""));
    Tls agents;
    std::unique_ptr<Tls> target;
    Tls* farTls = nullptr;
    const auto far = spec.getObject("far");
    if (far->optValue("tls", false)) {
        if (far->has("listen"))
            target = std::make_unique<Tls>(far->getValue<std::string>("certificate"),
                                           far->getValue<std::string>("key"));
        farTls = target ? target.get() : &agents;
    }

    Loop farLoop;
    Loop nearLoop;
    FarSide farSide(farLoop, counters, farTls);
    NearSide nearSide(nearLoop, counters, spec.optValue("tls", false) ? &client : nullptr);
    const int count = far->optValue("agents", 0);
    if (far->has("listen")) {
        const InNetworkNamespace behindTheLine(far->optValue<std::string>("namespace", ""));
        farSide.listen(addressIn(*far, "listen"));
    } else {
        farSide.dial(addressIn(*far, "port"), far->getValue<std::string>("passcode"), count);
    }
    const auto farThread = farLoop.start();
    await("agents to be authorized", [&] { return counters.agents >= count; });

    const int streams = spec.getValue<int>("streams");
    const int stalled = spec.optValue("stalled", 0);
    const int beside = spec.optValue("beside", 0);
    nearSide.visit(addressIn(spec, "near"), Work::Stall, stalled);
    nearSide.visit(addressIn(spec, "near"), Work::Download, beside);
    nearSide.visit(addressIn(spec, "near"), workIn(spec), streams);
    auto nearThread = nearLoop.start();
    await("every stream to carry something", [&] { return counters.ready >= streams + stalled + beside; });
    pause(spec.getValue<double>("warmup"));

    const auto bytes = counters.bytes.load();
    const auto failures = counters.failures.load();
    const auto cpu = cpuSeconds(watched);
    const auto ownCpu = cpuSeconds({::getpid()});
    const auto began = secondsNow();
    counters.measuring = true;
    pause(spec.getValue<double>("seconds"));
    counters.measuring = false;
    const auto took = secondsNow() - began;
    Object result;
    result.set("cpu", cpuSeconds(watched) - cpu);
    result.set("generatorCpu", cpuSeconds({::getpid()}) - ownCpu);
    result.set("bytes", counters.bytes - bytes);
    result.set("failures", counters.failures - failures);
    nearThread = {}; // whose latencies can be read then

    result.set("seconds", took);
    result.set("turns", counters.turns.load());
    result.set("fullHandshakes", client.fullHandshakes);
    for (const auto& [name, share] : {std::pair{"p50", 0.5}, {"p99", 0.99}, {"p999", 0.999}})
        result.set(name, nearSide.latencies().percentile(share));
    return result;
}

/// Idle agents, held until standard input ends.
Object hold(const Object& spec) {
    Counters counters;
    Tls tls;
    Loop loop;
    FarSide side(loop, counters, spec.optValue("tls", false) ? &tls : nullptr);
    int all = 0;
    for (const auto& each : *spec.getArray("agents")) {
        const auto& mapping = each.extract<Object::Ptr>();
        const auto count = mapping->getValue<int>("agents");
        side.dial(addressIn(*mapping, "port"), mapping->getValue<std::string>("passcode"), count);
        all += count;
    }
    const auto thread = loop.start();
    await("agents to be authorized", [&] { return counters.agents >= all; });
    std::cout << "ready" << std::endl;
    std::cin.ignore(std::numeric_limits<std::streamsize>::max());
    Object result;
    result.set("agents", counters.agents.load());
    return result;
}

Object adds(const Object& spec) {
    Object result;
    result.set("seconds", addMappings({.port = spec.getValue<std::uint16_t>("port"),
                                       .tls = spec.optValue("tls", false),
                                       .clients = spec.getValue<int>("clients"),
                                       .count = spec.getValue<int>("count"),
                                       .havePorts = spec.optValue("ports", true)}));
    return result;
}

} // namespace

int main(int argc, char** argv) {
    try {
        if (argc != 2) throw std::runtime_error("usage: bench-load JSON");
        ::signal(SIGPIPE, SIG_IGN);
        rlimit limit{};
        ::getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);

        const auto spec = Poco::JSON::Parser().parse(argv[1]).extract<Object::Ptr>();
        const auto work = spec->getValue<std::string>("work");
        const auto result = work == "hold" ? hold(*spec) : work == "adds" ? adds(*spec) : load(*spec);
        result.stringify(std::cout);
        std::cout << std::endl;
        return 0;
    } catch (const Poco::Exception& error) {
        std::cerr << "bench-load: " << error.displayText() << std::endl;
    } catch (const std::exception& error) {
        std::cerr << "bench-load: " << error.what() << std::endl;
    }
    return 1;
}
