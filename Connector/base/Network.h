#pragma once

#include "base/JsonFields.h"

#include <Poco/Net/IPAddress.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace connector {

/// A range of IPv4 or IPv6 addresses in CIDR notation. A value.
class Network {
  public:
    /// "192.0.2.0/24" or "2001:db8::/32". Nothing when the text is not of that form, when bits behind the
    /// prefix are set, or when it is IPv4 written as IPv6 (::ffff:192.0.2.0/120), which would match nobody.
    static std::optional<Network> parse(const std::string& text);

    /// An IPv4-mapped IPv6 address counts as the IPv4 address that it is.
    bool contains(const Poco::Net::IPAddress& address) const;

    /// As parse() reads it.
    std::string toString() const;

    bool operator==(const Network&) const = default;

  private:
    Network(const Poco::Net::IPAddress& address, const Poco::Net::IPAddress& mask)
        : _address(address), _mask(mask) {}

    Poco::Net::IPAddress _address;
    Poco::Net::IPAddress _mask;
};

/// Whether one of them does.
bool contain(const std::vector<Network>& networks, const Poco::Net::IPAddress& address);

/// Reads an array of at most so many of them. orElse: what else the value may be, as a message says it.
/// Throws FieldError.
std::vector<Network> readNetworks(JsonFields& fields, const std::string& key, std::size_t most,
                                  const std::string& orElse = "");

} // namespace connector
