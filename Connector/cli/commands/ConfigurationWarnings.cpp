#include "cli/commands/ConfigurationWarnings.h"

#include "app/FrontCertificate.h"
#include "app/PortRanges.h"
#include "cli/import/ImportPlan.h"
#include "net/CertificateNames.h"

#include <Poco/DateTimeFormatter.h>
#include <Poco/Net/IPAddress.h>
#include <Poco/StringTokenizer.h>
#include <Poco/Timestamp.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>

namespace connector {

namespace {

using Warnings = std::vector<std::string>;

constexpr std::time_t kSoon = 30 * 24 * 60 * 60; // seconds

bool isReadableByAll(const std::string& file) {
    struct stat status {};
    return ::stat(file.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

void checkTime(const ServerCertificate& certificate, Warnings& warnings) {
    const auto now = std::time(nullptr);
    if (auto complaint = certificate.complaint(now); !complaint.empty())
        warnings.push_back(std::move(complaint));
    else if (certificate.notAfter() < now + kSoon)
        warnings.push_back(certificate.file() + ": the certificate expires on " +
                           Poco::DateTimeFormatter::format(
                               Poco::Timestamp::fromEpochTime(certificate.notAfter()), "%Y-%m-%d"));
}

void checkOcsp(const OcspResponse& response, Warnings& warnings) {
    const auto now = std::time(nullptr);
    if (const auto complaint = response.complaint(now); !complaint.empty())
        warnings.push_back(complaint);
    else if (response.end().empty())
        warnings.push_back(response.file() +
                           ": the OCSP response doesn't say when it expires; some clients will refuse it");
    else if (response.expiresSoon(now))
        warnings.push_back(response.file() + ": the OCSP response expires on " + response.end());
}

void checkCertificates(const Configuration& configuration, const CertificateChoice& certificates,
                       Warnings& warnings) {
    for (const auto& certificate : certificates.all()) {
        checkTime(*certificate, warnings);
        if (certificate->ocsp()) checkOcsp(*certificate->ocsp(), warnings);
    }
    for (const auto& files : configuration.certificates)
        if (isReadableByAll(files.key))
            warnings.push_back(files.key + ": all users of this machine may read the key; chmod o= it");
    const auto& address = configuration.api.address;
    const auto& shown = certificates.of(address, std::time(nullptr));
    if (!isFor(shown.x509(), address))
        warnings.push_back(shown.file() + ": the certificate is not for " + address +
                           ", which is \"address\"; clients that look for that name will refuse it");
    if (auto missing = missingWildcard(configuration.front, certificates); !missing.empty())
        warnings.push_back(std::move(missing));
}

void checkWebroot(const FrontSettings& front, Warnings& warnings) {
    std::error_code error;
    if (!front.acmeWebroot.empty() && !std::filesystem::is_directory(front.acmeWebroot, error))
        warnings.push_back("front.acme-webroot: " + front.acmeWebroot + " is no folder");
    if (!front.acmeWebroot.empty() && front.httpPort == 0)
        warnings.push_back("front.acme-webroot: nothing is answered from it without front.http-port");
}

/// Nothing is known of what the caller may not look into.
bool isNoFolder(const std::filesystem::path& path) {
    std::error_code error;
    const auto type = std::filesystem::status(path, error).type();
    return type == std::filesystem::file_type::not_found ||
           (!error && type != std::filesystem::file_type::directory);
}

/// Of what a start makes. What it has to be allowed to do is another user's business.
void checkFolders(const Configuration& configuration, Warnings& warnings) {
    namespace fs = std::filesystem;
    std::error_code error;
    const auto log = fs::path(configuration.logFile).parent_path();
    if (!configuration.logFile.empty() && isNoFolder(log))
        warnings.push_back("log.file: " + log.string() + " is no folder, so " + configuration.logFile +
                           " can't be written, which ends a start that is not iofog-connector start");
    if (configuration.database.isShared()) return;
    auto folder = fs::path(configuration.database.path).parent_path();
    while (folder.has_relative_path() && fs::status(folder, error).type() == fs::file_type::not_found)
        folder = folder.parent_path(); // a start makes those that are missing
    if (isNoFolder(folder))
        warnings.push_back("database: " + folder.string() + " is no folder, so " +
                           configuration.database.path + " can't be made, which ends a start");
}

/// A larger one is cut down to them without a word.
void checkKernelBuffer(const Configuration& configuration, Warnings& warnings) {
    const auto wanted = configuration.pipes.tcp.kernelBuffer;
    for (const std::string name : {"rmem_max", "wmem_max"}) {
        int most = 0;
        if (!(std::ifstream("/proc/sys/net/core/" + name) >> most) || wanted <= most) continue;
        warnings.push_back("\"limits.kernel-buffer\": " + std::to_string(wanted) + " is more than net.core." +
                           name + ", " + std::to_string(most) + ", which is what connections get");
    }
}

void checkTokens(const Configuration& configuration, Warnings& warnings) {
    const auto& identities = configuration.api.identities;
    const bool hasTokens = std::any_of(identities.begin(), identities.end(), [](const Identity& identity) {
        return std::holds_alternative<TokenDigest>(identity.proof);
    });
    if (hasTokens && isReadableByAll(configuration.file))
        warnings.push_back(configuration.file +
                           ": all users of this machine may read the tokens; chmod o= it");
}

bool isEarlierFile(const Configuration& configuration) {
    return std::filesystem::path(configuration.file).extension() == ".conf";
}

void checkIdentities(const Configuration& configuration, Warnings& warnings) {
    const bool isMeantForOthers = !configuration.dev || isEarlierFile(configuration);
    if (isMeantForOthers && configuration.api.identities.empty() && !configuration.api.anonymous)
        warnings.push_back("\"api.identities\" is empty, so the API can be used from this machine only");
}

void checkAddress(const Configuration& configuration, Warnings& warnings) {
    Poco::Net::IPAddress ip;
    const auto& address = configuration.api.address;
    if (address == "::" || (Poco::Net::IPAddress::tryParse(address, ip) && ip.isWildcard()))
        warnings.push_back("\"address\": " + address +
                           " is nothing that visitors can use; it must be the public name or address");
}

/// Ports that the kernel is told to leave alone.
std::vector<std::uint16_t> reservedPorts() {
    std::string list;
    std::ifstream("/proc/sys/net/ipv4/ip_local_reserved_ports") >> list;
    const Poco::StringTokenizer ranges(list, ",", Poco::StringTokenizer::TOK_IGNORE_EMPTY);
    return portsOf({ranges.begin(), ranges.end()});
}

/// The kernel may have given such a port to an outgoing connection when a mapping wants it.
void checkEphemeralPorts(const Configuration& configuration, Warnings& warnings) {
    std::uint16_t first = 0;
    std::uint16_t last = 0;
    std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> first >> last;
    const auto reserved = reservedPorts();
    const auto count =
        std::count_if(configuration.ports.begin(), configuration.ports.end(), [&](std::uint16_t port) {
            return port >= first && port <= last &&
                   !std::binary_search(reserved.begin(), reserved.end(), port);
        });
    if (count > 0)
        warnings.push_back(
            std::to_string(count) + " of \"ports\" are in net.ipv4.ip_local_port_range, " +
            std::to_string(first) + " to " + std::to_string(last) +
            ", and not in net.ipv4.ip_local_reserved_ports: outgoing connections may hold them");
}

void checkMappings(const Configuration& configuration, const std::vector<Mapping>& mappings,
                   Warnings& warnings) {
    const auto own = configuration.ownPorts();
    for (const auto& mapping : mappings)
        for (const auto port : {mapping.endpoint1.port, mapping.endpoint2.port})
            if (const auto found = own.find(port); found != own.end())
                warnings.push_back("mapping " + mapping.id + " has port " + std::to_string(port) +
                                   ", which is " + found->second + "; it can't be served: choose another " +
                                   found->second);
    for (const auto& mapping : mappings)
        if (!mapping.visitors.tls && !configuration.dev && !configuration.pipes.allowPlainVisitors)
            warnings.push_back("mapping " + mapping.id +
                               " has visitors without TLS, which pipes.allow-plain-visitors does not allow; "
                               "they are turned away");
    const auto unreachable = std::count_if(mappings.begin(), mappings.end(), [&](const auto& mapping) {
        return !mapping.hasPorts && !configuration.front.leadsTo(mapping.type);
    });
    if (unreachable > 0)
        warnings.push_back(std::to_string(unreachable) + " mappings in " + configuration.database.name() +
                           " have no ports, and nobody can reach them: front.port, or of public mappings "
                           "front.domain, is not set");
    auto outside = portsOutside(configuration.ports, mappings);
    std::erase_if(outside, [&](std::uint16_t port) { return own.contains(port); });
    if (!outside.empty())
        warnings.push_back("mappings in " + configuration.database.name() +
                           " have ports that are not in \"ports\": " + listOf(outside) +
                           "; they are served all the same");
}

void checkEarlierFile(const Configuration& configuration, Warnings& warnings) {
    const std::filesystem::path file(configuration.file);
    const auto earlier = std::filesystem::path(file).replace_extension(".conf");
    std::error_code error;
    if (isEarlierFile(configuration))
        warnings.push_back(configuration.file + " is the earlier Connector's; rename it to .config");
    else if (file.extension() == ".config" && std::filesystem::exists(earlier, error))
        warnings.push_back(earlier.string() + ", the earlier Connector's, is there, too; it is not read");
}

} // namespace

std::vector<std::string> warningsOf(const Configuration& configuration, const TlsCredentials* credentials,
                                    const std::vector<Mapping>& mappings) {
    Warnings warnings;
    checkEarlierFile(configuration, warnings);
    checkAddress(configuration, warnings);
    checkIdentities(configuration, warnings);
    checkTokens(configuration, warnings);
    if (credentials) checkCertificates(configuration, *credentials->current(), warnings);
    checkWebroot(configuration.front, warnings);
    checkFolders(configuration, warnings);
    checkKernelBuffer(configuration, warnings);
    checkEphemeralPorts(configuration, warnings);
    checkMappings(configuration, mappings, warnings);
    return warnings;
}

} // namespace connector
