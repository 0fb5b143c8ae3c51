#include "agent/expose/ExposedMapping.h"

#include "agent/expose/AwaitedCall.h"
#include "base/Json.h"
#include "cli/Output.h"
#include "model/Mapping.h"
#include "model/MappingLimits.h"

#include <Poco/Environment.h>
#include <Poco/Util/Application.h>

#include <chrono>
#include <optional>
#include <sstream>

namespace connector {

using Poco::Util::Application;

namespace {

constexpr const char* kStatus = "/api/v2/status";

/// Less than the client of the API has, so that it is said what may be left.
constexpr CallPatience kOpening{ApiClient::kUsualTimeout - std::chrono::seconds(1), std::chrono::seconds(3)};
/// For each of connecting, TLS and an answer, while a visitor's connection is at stake.
constexpr std::chrono::seconds kLookTimeout{5};
/// Only the resolver takes longer than that.
constexpr CallPatience kLooking{std::chrono::hours(1), 3 * kLookTimeout};
/// Somebody waits at a terminal.
constexpr std::chrono::seconds kRemovalTimeout{10};

/// Shows an operator whose the mapping is.
std::string labelOf(const AgentTarget& target) {
    return ("expose " + Poco::Environment::nodeName() + ":" + target.toString()).substr(0, kMaxLabel);
}

std::uint16_t portIn(const Poco::JSON::Object& mapping, const char* key) {
    return static_cast<std::uint16_t>(mapping.getValue<std::int64_t>(key));
}

} // namespace

bool ExposedMapping::needsPorts(ServerApi& api) {
    const auto status = api.get(kStatus, {});
    return !status->isObject("front") ||
           status->getObject("front")->optValue<std::string>("domain", "").empty();
}

ExposedMapping::ExposedMapping(ServerApi& api, const ExposeSettings& settings)
    : _api(api), _settings(settings) {}

bool ExposedMapping::open(bool hasPorts, const sigset_t& signals) {
    const auto add = [&] {
        const auto added = _api.addMapping(*request(hasPorts));
        _id = added->getValue<std::string>("id");
        _passcode = added->getValue<std::string>("passcode1");
        _port = portIn(*added, "port1");
    };
    try {
        return !awaitCall(add, signals, kOpening,
                          "the API at " + _api.url() + " has not answered" + mayBeOpen());
    } catch (const ApiFailure&) {
        throw;
    } catch (const CommandError& error) {
        if (error.exitCode() != Application::EXIT_UNAVAILABLE) throw;
        throw CommandError(error.exitCode(), error.what() + mayBeOpen()); // it may have had the request
    }
}

/// The end of a message.
std::string ExposedMapping::mayBeOpen() const {
    return ", and a mapping may be open; \"" + labelOf(_settings.target) +
           "\" is its label in \"iofog-connector mapping list\" on the server, and "
           "\"iofog-connector mapping remove ID\" removes it";
}

Poco::JSON::Object::Ptr ExposedMapping::request(bool hasPorts) const {
    auto mapping = newJson();
    mapping->set("type", Mapping::kPublic);
    mapping->set("maxconnections", kUsualPublicConnections);
    mapping->set("heartbeatabsencethreshold", kUsualHeartbeatAbsence);
    mapping->set("label", labelOf(_settings.target));
    if (!_settings.name.empty()) mapping->set("name", _settings.name);
    if (!hasPorts) mapping->set("ports", false);
    return mapping;
}

std::string ExposedMapping::urlIn(const Poco::JSON::Object& mapping) const {
    if (const auto known = mapping.optValue<std::string>("url", ""); !known.empty()) return known;
    Poco::URI url;
    url.setScheme(_settings.server.getScheme());
    url.setHost(_settings.server.getHost());
    url.setPort(portIn(mapping, "port2"));
    return url.toString();
}

std::string ExposedMapping::agentConfiguration() const {
    std::ostringstream text;
    printJson(*connector::agentConfiguration({.host = _settings.server.getHost(),
                                              .port = _port,
                                              .passcode = _passcode,
                                              .isPlain = _settings.isPlain(),
                                              .trusted = _settings.trusted},
                                             _settings.target),
              text);
    return text.str();
}

ExposedMapping::State ExposedMapping::look(const sigset_t& signals) {
    _api.setTimeout(kLookTimeout);
    Poco::JSON::Object::Ptr mapping;
    std::optional<CommandError> failure;
    const auto find = [&] {
        try {
            mapping = _api.findMapping(_id);
        } catch (const CommandError& error) {
            failure = error;
        }
    };
    if (awaitCall(find, signals, kLooking, stillOpen("the API at " + _api.url() + " has not answered")))
        return State::Unwanted;
    if (failure) throw *failure;
    if (!mapping) return State::Gone;
    const auto port = portIn(*mapping, "port1");
    const auto url = urlIn(*mapping);
    const bool hasMoved = port != _port || url != _url;
    _port = port;
    _url = url;
    return hasMoved ? State::Moved : State::Open;
}

void ExposedMapping::remove(const sigset_t& signals) {
    _api.setTimeout(kRemovalTimeout);
    const auto remove = [this] {
        if (_api.findMapping(_id)) _api.removeMapping(_id);
    };
    try {
        awaitCall(remove, signals, {.usual = kRemovalTimeout, .afterSignal = {}},
                  stillOpen("the API at " + _api.url() + " has not answered"));
    } catch (const CommandError& error) {
        throw CommandError(error.exitCode(), stillOpen(error.what()));
    }
}

std::string ExposedMapping::stillOpen(const std::string& why) const {
    return "mapping " + _id + " is still open: " + why + "; \"iofog-connector mapping remove " + _id +
           "\" on the server removes it";
}

} // namespace connector
