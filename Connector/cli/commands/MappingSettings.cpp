#include "cli/commands/MappingSettings.h"

#include "base/Json.h"
#include "cli/CommandError.h"
#include "cli/OptionValues.h"
#include "model/MappingName.h"

#include <Poco/String.h>
#include <Poco/Util/Application.h>

#include <algorithm>
#include <array>
#include <utility>

namespace connector {

namespace {

using Poco::Util::Application;

/// What the configuration has a value for, by the names of the options.
constexpr std::array kWithDefault{"visitors-per-address", "visitor-rate", "allow",     "deny",
                                  "relay-idle",           "bandwidth",    "log-relays"};

/// The API's name of what an option is for.
std::string memberOf(const std::string& option) {
    return Poco::remove(option, '-');
}

std::vector<std::string> listOf(const std::string& text) {
    return text.empty() ? std::vector<std::string>() : wordsOf(text);
}

/// The API says what its JSON must be.
void checkName(const MappingSettings& settings) {
    if (settings.name && !isLabel(*settings.name))
        throw CommandError(Application::EXIT_USAGE,
                           "--name=" + *settings.name + " is not allowed; it must be " + kLabelRule);
}

template <class Value>
void setIfGiven(Poco::JSON::Object& mapping, const char* member, const std::optional<Value>& value) {
    if (value) mapping.set(member, *value);
}

void setVisitors(const MappingSettings& settings, Poco::JSON::Object& mapping) {
    if (settings.alpn)
        mapping.set("alpn", jsonArrayOf(wordsOf(*settings.alpn)));
    else if (settings.noAlpn)
        mapping.set("alpn", jsonArrayOf({}));
    if (settings.tls || settings.noTls) mapping.set("visitortls", settings.tls);
}

void setTraffic(const MappingSettings& settings, Poco::JSON::Object& mapping) {
    setIfGiven(mapping, "visitorsperaddress", settings.visitorsPerAddress);
    setIfGiven(mapping, "visitorrate", settings.visitorRate);
    if (settings.allow) mapping.set("allow", jsonArrayOf(listOf(*settings.allow)));
    if (settings.deny) mapping.set("deny", jsonArrayOf(listOf(*settings.deny)));
    setIfGiven(mapping, "relayidle", settings.relayIdle);
    setIfGiven(mapping, "bandwidth", settings.bandwidth);
}

void setDefault(const std::string& option, Poco::JSON::Object& mapping) {
    if (std::find(kWithDefault.begin(), kWithDefault.end(), option) == kWithDefault.end())
        throw CommandError(Application::EXIT_USAGE,
                           "--default=" + option + " is not allowed; it must be one of " +
                               Poco::cat(std::string(", "), kWithDefault.begin(), kWithDefault.end()));
    const auto member = memberOf(option);
    if (mapping.has(member) && !mapping.isNull(member))
        throw CommandError(Application::EXIT_USAGE, "--" + option + " and --default=" + option +
                                                        " contradict each other; it must be one of them");
    mapping.set(member, Poco::Dynamic::Var());
}

} // namespace

void setMembers(const MappingSettings& settings, Poco::JSON::Object& mapping) {
    checkName(settings);
    setIfGiven(mapping, "label", settings.label);
    if (settings.noLabel) mapping.set("label", Poco::Dynamic::Var());
    setIfGiven(mapping, "name", settings.name);
    if (settings.noName) mapping.set("name", Poco::Dynamic::Var());
    setIfGiven(mapping, "port1", settings.port1);
    setIfGiven(mapping, "port2", settings.port2);
    setVisitors(settings, mapping);
    setTraffic(settings, mapping);
    if (settings.logRelays || settings.noLogRelays) mapping.set("logrelays", settings.logRelays);
    if (!settings.defaults) return;
    for (const auto& option : wordsOf(*settings.defaults))
        setDefault(option, mapping);
}

void refuseVisitorOptions(const MappingSettings& settings) {
    const std::array<std::pair<bool, const char*>, 7> given{
        {{settings.name.has_value(), "--name"},
         {settings.alpn.has_value(), "--alpn"},
         {settings.noTls, "--no-visitor-tls"},
         {settings.visitorsPerAddress.has_value(), "--visitors-per-address"},
         {settings.visitorRate.has_value(), "--visitor-rate"},
         {settings.allow.has_value(), "--allow"},
         {settings.deny.has_value(), "--deny"}}};
    for (const auto& [isGiven, option] : given)
        if (isGiven)
            throw CommandError(Application::EXIT_USAGE,
                               std::string(option) +
                                   " is for public mappings: a private one has no visitors");
}

} // namespace connector
