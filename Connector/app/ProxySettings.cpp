#include "app/ProxySettings.h"

#include "model/MappingLimits.h"

namespace connector {

namespace {

constexpr const char* kTrustedProxies = "trusted-proxies";

/// Where commands on this machine call the API from.
Poco::Net::IPAddress commandsAddress(const std::string& bind) {
    const Poco::Net::IPAddress loopback("127.0.0.1");
    if (bind.empty()) return loopback;
    const Poco::Net::IPAddress address(bind);
    const bool isIPv4Loopback = address.family() == Poco::Net::IPAddress::IPv4 && address.isLoopback();
    return address.isWildcard() || isIPv4Loopback ? loopback : address;
}

} // namespace

std::vector<Network> readTrustedProxies(JsonFields& fields) {
    return readNetworks(fields, kTrustedProxies, kMaxNetworks);
}

void refuseCommandsAddress(const JsonFields& fields, const std::vector<Network>& proxies,
                           const std::string& bind) {
    const auto own = commandsAddress(bind);
    if (contain(proxies, own))
        fields.refuse(kTrustedProxies, "networks without " + own.toString() +
                                           ", from where the commands on this machine call the API: give the "
                                           "proxy another source address, such as 127.0.0.2");
}

std::vector<Network> readApiProxies(JsonFields& api, const ApiSettings& settings) {
    auto proxies = readTrustedProxies(api);
    if (proxies.empty()) return proxies;
    if (settings.identities.empty() && !settings.anonymous)
        api.refuse(kTrustedProxies, "left out, unless api.identities says who may call or api.anonymous is "
                                    "true: behind a proxy are not only callers of this machine");
    refuseCommandsAddress(api, proxies, settings.bind);
    return proxies;
}

} // namespace connector
