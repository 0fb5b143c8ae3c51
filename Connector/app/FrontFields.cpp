#include "app/FrontFields.h"

#include "app/PortFields.h"
#include "app/ProxySettings.h"
#include "base/HostName.h"
#include "model/MappingName.h"

#include <Poco/Ascii.h>
#include <Poco/String.h>

#include <algorithm>
#include <filesystem>

namespace connector {

namespace {

constexpr int kHttps = 443;
constexpr int kHttp = 80;
/// With room for a label and a dot before it.
constexpr std::size_t kLongestDomain = kLongestHostName - 64;

/// Labels with dots between them, two at the least: a certificate for all names of a top-level domain is not
/// to be had.
bool isDomain(const std::string& text) {
    std::size_t labels = 0;
    for (std::size_t begin = 0; begin <= text.size(); ++labels) {
        const auto end = std::min(text.find('.', begin), text.size());
        if (!isLabel(text.substr(begin, end - begin))) return false;
        begin = end + 1;
    }
    const auto last = text.substr(text.rfind('.') + 1);
    const bool isAddress =
        std::all_of(last.begin(), last.end(), [](char c) { return Poco::Ascii::isDigit(c); });
    return labels >= 2 && text.size() <= kLongestDomain && !isAddress;
}

std::string readDomain(JsonFields& front) {
    constexpr const char* kKey = "domain";
    auto domain = front.text(kKey, "");
    if (!domain.empty() && !isDomain(domain))
        front.refuse(kKey, "a domain in lower case such as fog.example.org, of which mappings' names are "
                           "subdomains");
    return domain;
}

std::vector<std::string> readReserved(JsonFields& front, std::vector<std::string> always) {
    constexpr const char* kKey = "reserved";
    const auto more = front.texts(kKey, {});
    if (!std::all_of(more.begin(), more.end(), isLabel))
        front.refuse(kKey, "an array of names, each of " + std::string(kLabelRule));
    always.insert(always.end(), more.begin(), more.end());
    return always;
}

/// The front brings the API to everybody.
void requireCallers(const ApiSettings& api) {
    if (api.identities.empty() && !api.anonymous)
        throw FieldError("front: the API is reached through it, so api.identities must say who may call, or "
                         "api.anonymous be true");
}

void checkPorts(const JsonFields& front, const Configuration& configuration) {
    const auto& [port, http] = std::pair{configuration.front.port, configuration.front.httpPort};
    const auto metrics = configuration.metrics.port;
    if (port != 0 && port == metrics) front.refuse("port", "another one than metrics.port");
    if (http == 0) return;
    if (port == 0) front.refuse("http-port", "0, unless front.port is given");
    if (http == port || http == configuration.api.port || http == metrics)
        front.refuse("http-port", "another one than front.port, api.port and metrics.port, or 0 for none");
}

/// Before the domain; "" where it is none in the domain.
std::string labelOf(const std::string& host, const std::string& domain) {
    auto name = Poco::toLower(host);
    if (name.ends_with('.')) name.pop_back();
    if (!name.ends_with("." + domain)) return "";
    name.resize(name.size() - domain.size() - 1);
    return name;
}

/// What callers call the API by must be no mapping's name, and what leads to the API they may call it by.
void shareNames(FrontSettings& front, ApiSettings& api) {
    if (front.domain.empty()) return;
    auto hosts = api.hosts;
    hosts.push_back(api.address);
    for (const auto& host : hosts)
        if (const auto label = labelOf(host, front.domain); !label.empty()) front.reserved.push_back(label);
    api.hosts.push_back(front.domain);
    for (const auto& name : front.reserved)
        api.hosts.push_back(name + "." + front.domain);
}

/// The front has its place.
void takeApiPort(JsonFields& root, const JsonFields& front, Configuration& configuration) {
    for (const auto* key : {"bind", "trusted-proxies"}) {
        auto api = root.object("api");
        if (api.has(key))
            api.refuse(key, std::string("left out where front.port is api.port: ") +
                                (key == std::string("bind") ? "pipes.bind" : "front.trusted-proxies") +
                                " has its place");
    }
    const auto& address = configuration.pipes.bind.front();
    configuration.api.bind = address.isWildcard() ? "" : address.toString();
    configuration.api.listens = false;
    refuseCommandsAddress(front, configuration.front.proxies.networks, configuration.api.bind);
}

} // namespace

void readFront(JsonFields& root, Configuration& configuration) {
    const bool isThere = root.has("front");
    auto& settings = configuration.front;
    auto front = root.object("front");
    settings.port = readOwnPort(front, "port", 0, isThere ? kHttps : 0, configuration.ports);
    configuration.pipes.frontPort = settings.port;
    settings.httpPort =
        readOwnPort(front, "http-port", 0, settings.port == 0 ? 0 : kHttp, configuration.ports);
    settings.domain = readDomain(front);
    settings.reserved = readReserved(front, settings.reserved);
    const auto webroot = front.text("acme-webroot", "");
    if (!webroot.empty())
        settings.acmeWebroot =
            (std::filesystem::absolute(configuration.file).parent_path() / webroot).string();
    settings.proxies.networks = readTrustedProxies(front);
    front.refuseUnknown();
    checkPorts(front, configuration);
    if (settings.port == 0) return;
    if (configuration.dev) throw FieldError("front: needs \"dev\": false, as it tells by TLS who comes");
    requireCallers(configuration.api);
    shareNames(settings, configuration.api);
    configuration.api.frontProxies = settings.proxies.networks;
    if (settings.port == configuration.api.port) takeApiPort(root, front, configuration);
}

} // namespace connector
