#pragma once

#include <Poco/Net/HTTPRequest.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace connector {

/// Tells requests of programs that were given this server's name or address from those that a web page makes
/// a browser send. A browser sends them with all the right to reach the API that its machine has, which may
/// be all the right there is. Immutable, so any thread may ask.
class AcceptedHosts {
  public:
    /// address: the server's public name or IP address. hosts: further names. Both without a port.
    AcceptedHosts(const std::string& address, const std::vector<std::string>& hosts);

    /// Throws HttpError 403 when the request comes from another site's page, or was sent to another name: one
    /// that somebody else has pointed at this server's address.
    void check(const Poco::Net::HTTPRequest& request) const;

    /// The same for what only people look at, and says nothing: another site's page may lead them to it.
    void checkPage(const Poco::Net::HTTPRequest& request) const;

    /// Whether a Host header may be this: an IP address, localhost or a name below it, or one of the names.
    /// With or without a port.
    bool accepts(std::string_view host) const;

    bool operator==(const AcceptedHosts&) const = default;

  private:
    void checkHosts(const Poco::Net::HTTPRequest& request) const;

    std::set<std::string> _names; ///< in lower case, without the root's dot
};

} // namespace connector
