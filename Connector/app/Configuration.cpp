#include "app/Configuration.h"

#include "api/MappingRequest.h"
#include "app/FrontFields.h"
#include "app/LimitFields.h"
#include "app/PackagedConfiguration.h"
#include "app/PortFields.h"
#include "app/ProxySettings.h"
#include "base/Descriptor.h"
#include "base/Digest.h"
#include "base/FileText.h"
#include "base/JsonFields.h"
#include "net/TlsContext.h"

#include <Poco/Environment.h>
#include <Poco/Net/IPAddress.h>

#include <algorithm>
#include <arpa/inet.h>
#include <filesystem>
#include <optional>
#include <span>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace connector {

namespace {

/// More than there are ports for.
constexpr std::int64_t kMaxMetricsMappings = 65535;

/// A file that can't be looked at is there: opening it will tell why not.
bool isThere(const std::filesystem::path& file) {
    std::error_code error;
    return std::filesystem::exists(file, error) || error;
}

/// A path as the file means it: relative ones are relative to the file's own folder.
std::string pathFrom(const std::string& file, const std::string& path) {
    return (std::filesystem::absolute(file).parent_path() / path).string();
}

bool hasIPv6() {
    return Descriptor(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)).get() >= 0;
}

/// Not Poco::Net::IPAddress::tryParse, which takes "::" for a failure.
Poco::Net::IPAddress addressOf(JsonFields& fields, const std::string& key, const std::string& text) {
    in6_addr v6{};
    if (::inet_pton(AF_INET6, text.c_str(), &v6) == 1) return {&v6, sizeof v6};
    in_addr v4{};
    if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) return {&v4, sizeof v4};
    fields.refuse(key, "an IPv4 or IPv6 address");
}

/// A name may have "_", which the DNS does not; an IPv4 address looks like one.
bool isHostName(const std::string& text) {
    const auto isAllowed = [](unsigned char c) {
        return std::isalnum(c) || c == '.' || c == '-' || c == '_';
    };
    return !text.empty() && std::all_of(text.begin(), text.end(), isAllowed);
}

std::string readAddress(JsonFields& root) {
    const auto address = root.text("address");
    Poco::Net::IPAddress ip;
    if (!isHostName(address) && !Poco::Net::IPAddress::tryParse(address, ip))
        root.refuse("address",
                    "the public host name or IP address, without a scheme, port, path or brackets");
    return address;
}

/// As HttpSettings has it: "" is all addresses.
std::string httpBind(const Poco::Net::IPAddress& address, const std::string& text) {
    return address.family() == Poco::Net::IPAddress::IPv6 && address.isWildcard() ? "" : text;
}

/// Whom the API listens to, as ApiSettings has it.
std::string readApiBind(JsonFields& api, bool anybodyMayCall) {
    const auto text = api.text("bind", anybodyMayCall ? "127.0.0.1" : "::");
    const auto address = addressOf(api, "bind", text);
    if (anybodyMayCall && !address.isLoopback() && !api.boolean("anonymous", false))
        api.refuse("bind",
                   "a loopback address, unless api.identities says who may call or api.anonymous is true");
    return httpBind(address, text);
}

/// IP addresses are accepted anyway, so there need be no colons.
std::vector<std::string> readHosts(JsonFields& api) {
    auto hosts = api.texts("hosts", {});
    if (!std::all_of(hosts.begin(), hosts.end(), isHostName))
        api.refuse("hosts", "an array of host names, without scheme, port or path");
    return hosts;
}

ApiSettings readApi(JsonFields api, const Configuration& configuration) {
    ApiSettings result;
    for (auto& fields : api.objects("identities")) {
        auto identity = readIdentity(fields);
        const auto isNamesake = [&](const Identity& other) { return other.name == identity.name; };
        if (std::any_of(result.identities.begin(), result.identities.end(), isNamesake))
            fields.refuse("name", "a name that no other identity has");
        result.identities.push_back(std::move(identity));
    }
    result.anonymous = api.boolean("anonymous", false);
    result.hosts = readHosts(api);
    result.bind = readApiBind(api, result.identities.empty());
    result.proxies.networks = readApiProxies(api, result);
    result.port = readOwnPort(api, "port", 1, configuration.dev ? 8080 : 443, configuration.ports);
    api.refuseUnknown();
    return result;
}

MetricsSettings readMetrics(JsonFields metrics, const Configuration& configuration) {
    MetricsSettings result;
    constexpr const char* kPort = "port";
    const auto bind = metrics.text("bind", result.bind);
    result.bind = httpBind(addressOf(metrics, "bind", bind), bind);
    result.port = readOwnPort(metrics, kPort, 0, 0, configuration.ports);
    if (result.port == configuration.api.port) metrics.refuse(kPort, "another one than api.port");
    result.mappings = static_cast<std::size_t>(
        metrics.integer("mappings", 0, kMaxMetricsMappings, static_cast<std::int64_t>(result.mappings)));
    metrics.refuseUnknown();
    return result;
}

/// Keys of one certificate, in `tls` or in an entry of tls.certificates.
constexpr const char* kCertificate = "certificate";
constexpr const char* kKey = "key";
constexpr const char* kOcsp = "ocsp";
constexpr const char* kCertificates = "certificates";

/// The path that a key says, "" without one.
std::string readPath(JsonFields& fields, const std::string& key, const std::string& file) {
    const auto path = fields.text(key, "");
    return path.empty() ? "" : pathFrom(file, path);
}

CertificateFiles readListedCertificate(JsonFields& fields, const std::string& file) {
    CertificateFiles files{.certificate = pathFrom(file, fields.text(kCertificate)),
                           .key = pathFrom(file, fields.text(kKey)),
                           .ocsp = readPath(fields, kOcsp, file)};
    fields.refuseUnknown();
    return files;
}

std::vector<CertificateFiles> readCertificates(JsonFields& tls, const std::string& file) {
    auto list = tls.objects(kCertificates);
    if (!tls.has(kCertificates))
        return {{.certificate = pathFrom(file, tls.text(kCertificate, "server-cert.pem")),
                 .key = pathFrom(file, tls.text(kKey, "server-key.pem")),
                 .ocsp = readPath(tls, kOcsp, file)}};
    if (list.empty()) tls.refuse(kCertificates, "an array of at least one object");
    for (const auto* key : {kCertificate, kKey, kOcsp})
        if (tls.has(key)) tls.refuse(key, "left out where tls.certificates is given");
    std::vector<CertificateFiles> result;
    for (auto& fields : list) {
        auto files = readListedCertificate(fields, file);
        const auto isSame = [&](const auto& other) { return other.certificate == files.certificate; };
        if (std::any_of(result.begin(), result.end(), isSame))
            fields.refuse(kCertificate, "a file that no other entry has");
        result.push_back(std::move(files));
    }
    return result;
}

void readTls(JsonFields tls, Configuration& configuration) {
    configuration.certificates = readCertificates(tls, configuration.file);
    configuration.controllersCaFile = readPath(tls, "controllers-ca", configuration.file);
    tls.refuseUnknown();
}

void readPipes(JsonFields pipes, PipeSettings& settings) {
    for (const auto& text : pipes.texts("bind", {hasIPv6() ? "::" : "0.0.0.0"}))
        settings.bind.push_back(addressOf(pipes, "bind", text));
    if (settings.bind.empty()) pipes.refuse("bind", "an array of at least one address");
    settings.proxies.networks = readTrustedProxies(pipes);
    settings.allowPlainVisitors = pipes.boolean("allow-plain-visitors", false);
    pipes.refuseUnknown();
}

/// What mappings have that don't say otherwise, by the names that it has in the API.
void readVisitors(JsonFields visitors, PipeSettings& settings) {
    readTrafficLimits(visitors, settings.traffic);
    settings.traffic = settings.traffic.orElse(kUnlimitedTraffic); // null
    visitors.refuseUnknown();
}

void readLog(JsonFields log, Configuration& configuration) {
    configuration.logLevel = log.oneOf(
        "level", {"fatal", "critical", "error", "warning", "notice", "information", "debug", "trace"},
        "information");
    configuration.logFormat =
        log.oneOf("format", {"text", "json"}, "text") == "json" ? LogFormat::Json : LogFormat::Text;
    configuration.pipes.logRelays = log.boolean("relays", false);
    const auto file = log.text("file", "");
    if (!file.empty()) configuration.logFile = pathFrom(configuration.file, file);
    log.refuseUnknown();
}

/// For a message broker, which no version uses yet: an object, or in older files its port.
void readBroker(JsonFields& root) {
    if (root.holdsNumber("broker"))
        root.integer("broker", 0, 65535);
    else
        root.object("broker");
}

/// With what is said of it alone. key: where it stands.
DatabaseLocation databaseAt(const std::string& text, const JsonFields& fields, const std::string& key,
                            const std::string& file) {
    DatabaseLocation location;
    if (!DatabaseLocation::isUri(text)) {
        if (text.empty()) fields.refuse(key, "the path of a file, or postgresql://USER@HOST/DATABASE");
        location.path = pathFrom(file, text);
        return location;
    }
    if (DatabaseLocation::holdsPassword(text))
        throw FieldError(fields.pathOf(key) +
                         ": there is a password in it; it must be in a file, which database.password-file "
                         "names, or PGPASSFILE in the server's environment");
    if (!DatabaseLocation::isOurs(text))
        fields.refuse(key, "the path of a file, or postgresql://USER@HOST/DATABASE");
    location.uri = text;
    location.cache = "/var/lib/iofog-connector/cache.db";
    return location;
}

/// A path or a URI, or an object with more about that.
DatabaseLocation readDatabase(JsonFields& root, const std::string& file) {
    if (!root.holdsObject("database"))
        return databaseAt(root.text("database", "/var/lib/iofog-connector/mappings.db"), root, "database",
                          file);
    auto fields = root.noted("database");
    auto location = databaseAt(fields.text("url"), fields, "url", file);
    for (const auto* key : {"password-file", "cache"}) {
        if (!fields.has(key)) continue;
        const auto path = fields.text(key);
        if (!location.isShared()) fields.refuse(key, "left out, unless database.url is postgresql://...");
        if (path.empty()) fields.refuse(key, "the path of a file");
        (key == std::string("cache") ? location.cache : location.passwordFile) = pathFrom(file, path);
    }
    fields.refuseUnknown();
    return location;
}

std::string readNode(JsonFields& root) {
    constexpr std::size_t kLongest = 64;
    auto node = root.text("node", Poco::Environment::nodeName());
    const auto isPlain = [](char c) { return c > ' ' && c < '\x7f' && c != '"'; };
    if (node.empty() || node.size() > kLongest || !std::all_of(node.begin(), node.end(), isPlain))
        root.refuse("node", "a name of 1 to 64 printable ASCII characters without blanks and quotes");
    return node;
}

Configuration readRoot(JsonFields root, const std::string& file) {
    Configuration result;
    result.file = file;
    result.dev = root.boolean("dev", false);
    readBroker(root);
    result.ports = readPorts(root);
    result.api = readApi(root.object("api"), result);
    result.api.address = readAddress(root);
    result.api.tls = !result.dev;
    result.metrics = readMetrics(root.object("metrics"), result);
    result.api.node = result.metrics.node = readNode(root);
    readPipes(root.object("pipes"), result.pipes);
    readFront(root, result);
    readVisitors(root.object("visitors"), result.pipes);
    readLimits(root.object("limits"), result);
    readTls(root.object("tls"), result);
    readLog(root.object("log"), result);
    result.database = readDatabase(root, file);
    result.threads = static_cast<std::size_t>(
        root.integer("threads", 1, 256, static_cast<std::int64_t>(Poco::Environment::processorCount())));
    root.refuseUnknown();
    return result;
}

/// Certificate identities need a handshake that asks for certificates.
void checkCertificateIdentities(const Configuration& configuration) {
    for (const auto& identity : configuration.api.identities) {
        if (!std::holds_alternative<CertificateFingerprint>(identity.proof)) continue;
        if (configuration.dev || configuration.controllersCaFile.empty())
            throw FieldError(
                "api.identities: \"" + identity.name +
                "\" is known by a certificate, which needs \"dev\": false and tls.controllers-ca");
    }
}

/// Whether it is tls.certificates that says which there are.
bool isListed(const JsonFields::Values& values) {
    return !values.contains("tls.certificate");
}

/// Runs a function that reads files, and says which keys of the configuration name them.
template <class Function>
auto trying(const std::string& file, const std::string& keys, const std::string& demand,
            Function&& function) {
    try {
        return function();
    } catch (const TlsError& error) {
        throw ConfigurationError(file + ": " + keys + ": " + error.what() + "; " + demand);
    }
}

} // namespace

std::string configurationText(const std::string& file) {
    try {
        return textOf(file);
    } catch (const FileReadError& error) {
        throw ConfigurationError(std::string(error.what()) + "; name another one with --config=FILE");
    }
}

Configuration Configuration::parse(const std::string& text, const std::string& file) {
    try {
        JsonFields::Values values;
        auto configuration = readRoot(JsonFields(parseJsonFile(text), "", &values), file);
        configuration.values = std::move(values);
        checkCertificateIdentities(configuration);
        return configuration;
    } catch (const FieldError& error) {
        throw ConfigurationError(file + ": " + error.what());
    }
}

Configuration Configuration::read(const std::string& file) {
    return parse(configurationText(file), file);
}

Configuration Configuration::load(const std::string& file) {
    auto configuration = read(file);
    configuration.credentials();
    configuration.noteFiles();
    return configuration;
}

void Configuration::noteFiles() {
    if (dev) return;
    const auto note = [&](const std::string& key, const std::string& noted, const std::string& path) {
        try {
            if (!path.empty()) values[noted] += " " + digestOf(textOf(path));
        } catch (const FileReadError& error) {
            throw ConfigurationError(file + ": " + key + ": " + error.what());
        }
    };
    for (std::size_t i = 0; i < certificates.size(); ++i)
        for (const auto& [key, path] :
             {std::pair{kCertificate, certificates[i].certificate}, std::pair{kKey, certificates[i].key},
              std::pair{kOcsp, certificates[i].ocsp}})
            note(tlsKey(i, key), isListed(values) ? "tls.certificates" : tlsKey(i, key), path);
    note("tls.controllers-ca", "tls.controllers-ca", controllersCaFile);
}

std::string Configuration::tlsKey(std::size_t certificate, const std::string& key) const {
    return (isListed(values) ? "tls.certificates[" + std::to_string(certificate) + "]." : "tls.") + key;
}

std::map<std::uint16_t, std::string> Configuration::ownPorts() const {
    std::map<std::uint16_t, std::string> own{{api.port, "api.port"},
                                             {metrics.port, "metrics.port"},
                                             {front.port, "front.port"},
                                             {front.httpPort, "front.http-port"}};
    own.erase(0); // there is none
    return own;
}

std::unique_ptr<TlsCredentials> Configuration::credentials(const TlsCredentials* former) const {
    if (dev) return nullptr;
    constexpr const char* kPems =
        "\"dev\": false needs PEM files there, certificate and key belonging together";
    const auto running = former ? former->current() : nullptr;
    const auto formers = running ? std::span(running->all()) : std::span<const ServerCertificate::Pointer>();
    std::vector<ServerCertificate::Pointer> loaded;
    for (std::size_t i = 0; i < certificates.size(); ++i) {
        const auto& files = certificates[i];
        const auto certificate = trying(file, tlsKey(i, kCertificate) + ", " + tlsKey(i, kKey), kPems, [&] {
            return std::make_shared<ServerCertificate>(files.certificate, files.key);
        });
        if (!files.ocsp.empty())
            trying(file, tlsKey(i, kOcsp),
                   "it must be what \"openssl ocsp -respout FILE\" writes for the certificate in " +
                       files.certificate,
                   [&] { certificate->readOcsp(files.ocsp, formers); });
        loaded.push_back(certificate);
    }
    auto credentials = std::make_unique<TlsCredentials>(std::move(loaded));
    trying(file, "tls.controllers-ca", kPems, [&] { makeServerContext(*credentials, controllersCaFile); });
    return credentials;
}

std::string findConfiguration(const std::string& wanted) {
    const std::filesystem::path file(wanted);
    if (file.extension() != ".config" || (isThere(file) && !isPackagedConfiguration(wanted))) return wanted;
    const auto earlier = std::filesystem::path(file).replace_extension(".conf");
    return isThere(earlier) ? earlier.string() : wanted;
}

} // namespace connector
