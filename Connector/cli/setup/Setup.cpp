#include "cli/setup/Setup.h"

#include "app/Configuration.h"
#include "app/PackagedConfiguration.h"
#include "base/FileText.h"
#include "base/Json.h"
#include "cli/CommandError.h"
#include "cli/FileLock.h"
#include "cli/Output.h"
#include "cli/setup/Certificates.h"
#include "net/CertificateNames.h"
#include "net/ServerCertificate.h"

#include <Poco/Base64Encoder.h>
#include <Poco/Crypto/X509Certificate.h>
#include <Poco/DigestEngine.h>
#include <Poco/Util/Application.h>

#include <array>
#include <filesystem>
#include <openssl/rand.h>
#include <sstream>
#include <sys/stat.h>

namespace connector {

namespace {

using Poco::Util::Application;
namespace fs = std::filesystem;

constexpr const char* kCertificateName = "server-cert.pem";
constexpr const char* kKeyName = "server-key.pem";
constexpr mode_t kPublicMode = S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH;

std::string randomToken() {
    std::array<unsigned char, 32> bytes{};
    if (::RAND_priv_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
        throw CommandError(Application::EXIT_OSERR, "OpenSSL has no random bytes for a token");
    std::ostringstream text;
    Poco::Base64Encoder encoder(text, Poco::BASE64_URL_ENCODING | Poco::BASE64_NO_PADDING);
    encoder.rdbuf()->setLineLength(0);
    encoder.write(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    encoder.close();
    return text.str();
}

Poco::JSON::Object::Ptr identity(const std::string& name, const std::string& proof,
                                 const std::string& value) {
    auto object = newJson();
    object->set("name", name);
    object->set(proof, value);
    return object;
}

Poco::JSON::Object::Ptr apiOf(const SetupAnswers& answers, const SetupResult& result) {
    Poco::JSON::Array::Ptr identities = new Poco::JSON::Array;
    identities->add(identity("operator", "token", result.operatorToken));
    if (answers.controllerNetwork.empty())
        identities->add(identity(answers.controllerName, "token", result.controllerToken));
    else
        identities->add(identity(answers.controllerName, "network", answers.controllerNetwork));
    auto api = newJson();
    if (!answers.apiBind.empty()) api->set("bind", answers.apiBind);
    api->set("port", answers.apiPort);
    api->set("identities", identities);
    return api;
}

std::string configurationOf(const SetupAnswers& answers, const SetupResult& result) {
    auto tls = newJson();
    tls->set("certificate", kCertificateName);
    tls->set("key", kKeyName);
    auto root = newJson();
    root->set("ports", jsonArrayOf(answers.ports));
    root->set("exclude", jsonArrayOf(answers.exclude));
    root->set("broker", newJson());
    root->set("address", answers.addresses.front());
    root->set("dev", false);
    root->set("api", apiOf(answers, result));
    root->set("tls", tls);
    if (!answers.databaseFile.empty()) root->set("database", answers.databaseFile);
    if (!answers.logFile.empty()) {
        auto log = newJson();
        log->set("file", answers.logFile);
        root->set("log", log);
    }
    std::ostringstream text;
    printJson(*root, text);
    return text.str();
}

/// Certificate and key in PEM: made, or from the files that are to be imported.
SelfSignedCertificate credentialsOf(const SetupAnswers& answers) {
    if (answers.certificateFile.empty()) return SelfSignedCertificate::make(answers.addresses);
    ServerCertificate(answers.certificateFile, answers.keyFile); // throws when they don't fit
    return {textOf(answers.certificateFile), textOf(answers.keyFile)};
}

/// A file that is imported from its own place stays as it is.
bool isSame(const std::string& one, const std::string& other) {
    std::error_code error;
    return !one.empty() && fs::equivalent(one, other, error);
}

void refuseToReplace(const std::vector<NewFile>& outputs) {
    for (const auto& output : outputs)
        if (std::error_code error; !output.replace && fs::exists(output.path, error))
            throw CommandError(Application::EXIT_CANTCREAT, output.path +
                                                                " is there; --force replaces it, and keeps "
                                                                "the old one as " +
                                                                output.path + ".old");
}

void makeFolderOf(const std::string& file) {
    std::error_code error;
    fs::create_directories(fs::path(file).parent_path(), error);
    if (error)
        throw CommandError(Application::EXIT_CANTCREAT, file + ": can't be written: " + error.message());
}

/// pem: what is shown to clients.
void describeCertificate(const std::string& pem, SetupResult& result) {
    std::istringstream text(pem);
    const Poco::Crypto::X509Certificate certificate(text);
    result.certificate = pem;
    result.fingerprint = Poco::DigestEngine::digestToHex(certificate.fingerprint("SHA256"));
    result.names = namesIn(*certificate.certificate());
}

} // namespace

SetupResult setUp(const SetupAnswers& answers) {
    const auto file = fs::absolute(answers.configurationFile);
    SetupResult result;
    result.operatorToken = randomToken();
    if (answers.controllerNetwork.empty()) result.controllerToken = randomToken();
    const auto configuration = configurationOf(answers, result);
    Configuration::parse(configuration, file.string());

    makeFolderOf(file.string());
    const FileLock lock(file.parent_path().string()); // or files of two setups would be mixed
    const auto credentials = credentialsOf(answers);
    result.certificateFile = (file.parent_path() / kCertificateName).string();
    result.keyFile = (file.parent_path() / kKeyName).string();
    describeCertificate(credentials.certificate, result);
    result.isSelfSigned = answers.certificateFile.empty();

    // The configuration comes last: with it, all that it names is there.
    std::vector<NewFile> outputs;
    auto publicOwnership = answers.ownership;
    publicOwnership.mode = kPublicMode;
    if (!isSame(answers.certificateFile, result.certificateFile))
        outputs.push_back(
            {result.certificateFile, credentials.certificate, publicOwnership, answers.replace});
    if (!isSame(answers.keyFile, result.keyFile))
        outputs.push_back({result.keyFile, credentials.key, answers.ownership, answers.replace});
    outputs.push_back({file.string(), configuration, answers.ownership,
                       answers.replace || isPackagedConfiguration(file.string())});
    refuseToReplace(outputs);
    writeFiles(outputs);
    return result;
}

} // namespace connector
