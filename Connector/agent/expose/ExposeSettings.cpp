#include "agent/expose/ExposeSettings.h"

#include "base/FileText.h"
#include "cli/CommandError.h"

#include <Poco/Exception.h>
#include <Poco/Net/IPAddress.h>
#include <Poco/String.h>
#include <Poco/Util/Application.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace connector {

using Poco::Util::Application;

namespace {

bool isServer(const Poco::URI& uri) {
    const bool isHttp = uri.getScheme() == "https" || uri.getScheme() == "http";
    const bool hasMore =
        !uri.getUserInfo().empty() || !uri.getRawQuery().empty() || !uri.getFragment().empty();
    return isHttp && !uri.getHost().empty() && (uri.getPath().empty() || uri.getPath() == "/") && !hasMore;
}

bool isThisMachine(const std::string& host) {
    Poco::Net::IPAddress address;
    return host == "localhost" || (Poco::Net::IPAddress::tryParse(host, address) && address.isLoopback());
}

} // namespace

Poco::URI serverOf(const std::string& text) {
    try {
        Poco::URI uri(text);
        if (isServer(uri)) return uri;
    } catch (const Poco::SyntaxException&) { // as wrong as the others
    }
    throw CommandError(Application::EXIT_USAGE,
                       "--server=" + text +
                           " is not allowed; it must be where Connector's API is, such as "
                           "https://connector.example.org or https://192.0.2.1:8443");
}

void refuseTokenInClear(const ExposeSettings& settings) {
    if (settings.token.empty() || !settings.isPlain() || isThisMachine(settings.server.getHost())) return;
    throw CommandError(Application::EXIT_USAGE,
                       "--server=" + settings.server.toString() +
                           ": all on the way there could read the token; it must begin with https://, or "
                           "--token-file be left out");
}

void refuseOverwriting(const std::string& file) {
    std::error_code unknown;
    if (std::filesystem::exists(file, unknown))
        throw CommandError(
            Application::EXIT_CANTCREAT,
            file + " is there already and is not overwritten; iofog-connector-agent --config=" + file +
                " serves what is in it, and --keep=FILE names another file");
}

std::string tokenIn(const std::string& file) {
    const auto token = Poco::trim(textOf(file));
    const auto isVisible = [](char character) { return character > ' ' && character <= '~'; };
    if (token.empty() || !std::all_of(token.begin(), token.end(), isVisible))
        throw CommandError(Application::EXIT_DATAERR,
                           file +
                               ": no token; it must have one word of visible ASCII in it, and nothing else");
    return token;
}

} // namespace connector
