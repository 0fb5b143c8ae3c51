#pragma once

#include "agent/proxy/HttpProxy.h"

#include <optional>
#include <string>

namespace connector {

/// Which hosts are reached through which proxy. A value.
struct ProxyChoice {
    /// None: all hosts are reached directly.
    std::optional<HttpProxy> proxy;
    /// Hosts that are reached without it, as curl has them in no_proxy: names, with all that are below them,
    /// addresses and networks (192.0.2.0/24), with commas or blanks between them; "*" for all.
    std::string exceptions;

    bool operator==(const ProxyChoice&) const = default;

    /// host: a name or an address, which is not looked up.
    std::optional<HttpProxy> to(const std::string& host) const;
};

} // namespace connector
