#include "agent/expose/ExposeWatcher.h"

#include "base/PeerAddress.h"
#include "protocol/Refusal.h"

#include <Poco/ConsoleChannel.h>
#include <Poco/Format.h>
#include <Poco/Net/SocketAddress.h>

#include <algorithm>
#include <iostream>
#include <unistd.h>

namespace connector {

namespace {

/// Lines of visitors that wait for standard output at the most; what is beyond is counted.
constexpr std::size_t kMaxWaiting = 10000;

/// Of several Connectors, all but one may not have heard of the mapping yet when they are dialled: so each
/// may be wrong once.
constexpr int kWrongAtFirst = 2;

/// As Connector's log has it, which may not say who it is.
std::string nameOf(const std::string& visitor) {
    try {
        return inWords(Poco::Net::SocketAddress(visitor));
    } catch (const Poco::Exception&) {
        return "somebody";
    }
}

} // namespace

ExposeWatcher::ExposeWatcher()
    : _log(Poco::Logger::get("agent")),
      _lines(new QueuedChannel(new Poco::ConsoleChannel(std::cout), kMaxWaiting)) {}

ExposeWatcher::~ExposeWatcher() {
    _lines->close();
}

void ExposeWatcher::print(const std::string& line) {
    _lines->log(Poco::Message("expose", line, Poco::Message::PRIO_INFORMATION));
}

bool ExposeWatcher::isDisowned() {
    const std::lock_guard lock(_mutex);
    return std::any_of(_wrongPasscodes.begin(), _wrongPasscodes.end(),
                       [this](const auto& of) { return of.second >= (_wasConnected ? 1 : kWrongAtFirst); });
}

void ExposeWatcher::onVisitor(const std::string& visitor) {
    print(nameOf(visitor) + " has come");
}

void ExposeWatcher::onVisitorGone(const Relay& relay) {
    const auto totals = relay.totals();
    print(Poco::format("%s has gone: %Lu bytes from it, %Lu to it, %.3f s", nameOf(relay.visitor()),
                       totals.fromFirst, totals.fromSecond, totals.seconds));
}

void ExposeWatcher::onNoTarget(const std::string& visitor, const std::string& why) {
    print(nameOf(visitor) + " was turned away: no connection to the target " + why);
}

void ExposeWatcher::onConnected() {
    const std::lock_guard lock(_mutex);
    _wasConnected = true;
    _wrongPasscodes.clear();
    if (std::exchange(_wasLost, false)) _log.notice("connected to Connector again");
}

void ExposeWatcher::onNotConnected(const std::string& address, const std::string& why) {
    const std::lock_guard lock(_mutex);
    _wasLost = true;
    if (why.ends_with(Refusal::kWrongPasscode)) ++_wrongPasscodes[address];
    ::kill(::getpid(), kSignal);
}

} // namespace connector
