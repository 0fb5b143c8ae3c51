#pragma once

#include "api/ApiSettings.h"
#include "base/JsonFields.h"
#include "base/LogFormatter.h"
#include "front/FrontSettings.h"
#include "mapping/DatabaseLimits.h"
#include "mapping/DatabaseLocation.h"
#include "metrics/MetricsSettings.h"
#include "net/TlsCredentials.h"
#include "pipe/PipeEnvironment.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace connector {

/// A configuration that can't be used; what() names the file and the key, shows the value and says what is
/// right.
class ConfigurationError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// All that iofog-connector.config says, defaults filled in; doc/configuration.md explains every key.
struct Configuration {
    std::string file;
    /// True: HTTP and plain pipes. False: HTTPS and TLS pipes.
    bool dev = false;
    /// Ports that mappings may be given, in rising order.
    std::vector<std::uint16_t> ports;
    ApiSettings api;
    PipeSettings pipes;
    FrontSettings front;
    MetricsSettings metrics;
    /// At least one; the first is shown to clients that name none of the others' names.
    std::vector<CertificateFiles> certificates;
    /// "" : no client certificates.
    std::string controllersCaFile;
    DatabaseLocation database;
    DatabaseLimits databaseLimits;
    /// How often, at most, the database is told when mappings were last in use.
    std::chrono::milliseconds lastUse{60000};
    LogLimits log;
    /// How long a new process may take to serve in this one's stead, and how long this one's relays may go on
    /// then.
    std::chrono::milliseconds upgrade{60000};
    std::chrono::milliseconds drain{3600000};
    /// A level's name as Poco::Logger knows it.
    std::string logLevel;
    LogFormat logFormat = LogFormat::Text;
    /// "" is standard error.
    std::string logFile;
    /// Event loops.
    std::size_t threads = 1;
    /// All keys with their values, given or not, and of files a digest of what is in them: to tell what has
    /// changed.
    JsonFields::Values values;

    /// Where a server without a terminal writes its log: log.file, or a file beside the database.
    std::string backgroundLogFile() const {
        return logFile.empty() ? database.localFile() + ".log" : logFile;
    }

    /// Where the server itself listens, which no mapping can: each port with the key that names it.
    std::map<std::uint16_t, std::string> ownPorts() const;

    /// What TLS is to show, read from the files; null with dev. former: see TlsCredentials. Throws
    /// ConfigurationError, also for a bad controllers-ca.
    std::unique_ptr<TlsCredentials> credentials(const TlsCredentials* former = nullptr) const;

    /// The key that names one of a certificate's files, as messages call it: "tls.key", or
    /// "tls.certificates[1].key" of the second in a list.
    std::string tlsKey(std::size_t certificate, const std::string& key) const;

    /// Adds the digests of the files that TLS needs. Throws ConfigurationError.
    void noteFiles();

    /// Checks the text of a file; the file need not be there. Throws ConfigurationError.
    static Configuration parse(const std::string& text, const std::string& file);

    /// Reads and checks the file, but not those that it names. Throws ConfigurationError.
    static Configuration read(const std::string& file);

    /// The same, and tries certificate and key when the file asks for TLS. Throws ConfigurationError.
    static Configuration load(const std::string& file);
};

/// All that is in the file. Throws ConfigurationError.
std::string configurationText(const std::string& file);

/// The file that is read when this one is wanted. The earlier Connector's was called iofog-connector.conf: so
/// where NAME.conf is there, and NAME.config isn't or is the one that the packages install, it is that one.
std::string findConfiguration(const std::string& wanted);

/// Where the configuration is unless the command line says otherwise.
inline constexpr const char* kDefaultConfiguration = "/etc/iofog-connector/iofog-connector.config";

} // namespace connector
