#include "cli/commands/AgentOfMapping.h"

#include "cli/CommandError.h"
#include "cli/Output.h"

#include <Poco/Crypto/X509Certificate.h>
#include <Poco/Exception.h>
#include <Poco/Util/Application.h>

#include <sstream>

namespace connector {

namespace {

/// The certificate that ends the chain in the file, or "" when that is not in it.
std::string selfSignedIn(const std::string& file) {
    try {
        for (const auto& certificate : Poco::Crypto::X509Certificate::readPEM(file)) {
            if (!certificate.issuedBy(certificate)) continue;
            std::ostringstream pem;
            certificate.save(pem);
            return pem.str();
        }
        return "";
    } catch (const Poco::Exception& error) {
        throw CommandError(Poco::Util::Application::EXIT_CONFIG,
                           file + ": no PEM certificates that can be read: " + error.displayText());
    }
}

} // namespace

void printAgentOf(const Configuration& configuration, const Poco::JSON::Object& added,
                  const AgentTarget& target, std::ostream& out) {
    const AgentAccess access{
        .host = configuration.api.address,
        .port = static_cast<std::uint16_t>(added.getValue<std::int64_t>("port1")),
        .passcode = added.getValue<std::string>("passcode1"),
        .isPlain = configuration.dev,
        .trusted = configuration.dev ? "" : selfSignedIn(configuration.certificates.front().certificate)};
    printJson(*agentConfiguration(access, target), out);
}

} // namespace connector
