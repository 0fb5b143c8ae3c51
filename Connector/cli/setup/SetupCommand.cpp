#include "cli/setup/SetupCommand.h"

#include "app/PackagedConfiguration.h"
#include "base/Json.h"
#include "base/Network.h"
#include "cli/CommandError.h"
#include "cli/Output.h"
#include "cli/Terminal.h"
#include "cli/setup/Addresses.h"
#include "cli/setup/Setup.h"

#include <Poco/String.h>
#include <Poco/StringTokenizer.h>
#include <Poco/Util/Application.h>

#include <algorithm>
#include <filesystem>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace connector {

namespace {

using Poco::Util::Application;

constexpr const char* kServiceUser = "iofog-connector";
constexpr const char* kServiceLogFolder = "/var/log/iofog-connector";
constexpr const char* kUsualPorts = "6000-6050";
/// The answer for nothing, where an empty one stands for what is offered.
constexpr const char* kNone = "none";
constexpr mode_t kOwnMode = S_IRUSR | S_IWUSR;
constexpr mode_t kGroupMode = kOwnMode | S_IRGRP;

std::vector<std::string> listOf(const std::string& text) {
    const Poco::StringTokenizer words(
        text, ",", Poco::StringTokenizer::TOK_TRIM | Poco::StringTokenizer::TOK_IGNORE_EMPTY);
    return {words.begin(), words.end()};
}

/// The value of an option, else the answer to a question; where nobody can be asked, the fallback.
std::string answerTo(const std::optional<std::string>& option, const std::string& question,
                     const std::string& fallback) {
    if (option) return *option;
    if (isInteractive()) return ask(question, fallback);
    return fallback;
}

/// The service's group may read the secrets, so that operators in it can use the commands.
Ownership ownershipFor(const std::optional<std::string>& name) {
    const auto* user = ::getpwnam(name.value_or(kServiceUser).c_str());
    if (name && !user) throw CommandError(Application::EXIT_NOUSER, "there is no user " + *name);
    if (name && ::geteuid() != 0)
        throw CommandError(Application::EXIT_NOPERM,
                           "only root can give files to " + *name + "; leave --user out");
    if (::geteuid() == 0 && user) return {user->pw_uid, user->pw_gid, kGroupMode};
    return {::geteuid(), ::getegid(), kOwnMode};
}

/// The installed service has a folder for its log, which is rotated. Empty where that is not there, or
/// somebody else's.
std::string logFileFor(const std::string& configurationFile, const Ownership& ownership) {
    struct stat folder {};
    const bool isService = configurationFile == kDefaultConfiguration &&
                           ::stat(kServiceLogFolder, &folder) == 0 && folder.st_uid == ownership.user;
    return isService ? std::string(kServiceLogFolder) + "/iofog-connector.log" : "";
}

/// Throws CommandError for one that visitors could not use.
std::vector<std::string> checkedAddresses(const std::vector<std::string>& addresses) {
    for (const auto& address : addresses)
        if (!isPublicAddress(address))
            throw CommandError(
                Application::EXIT_USAGE,
                "--address=" + address +
                    ": it must be the public host name of this server, such as "
                    "connector.example.org, or its IP address, without a scheme, port or path");
    return withoutDuplicates(addresses);
}

/// network: "" for none. Throws CommandError.
void checkNetwork(const std::string& network) {
    if (!network.empty() && !Network::parse(network))
        throw CommandError(Application::EXIT_USAGE,
                           "--controller=" + network +
                               ": it must be a network without host bits, such as 192.0.2.10/32, "
                               "192.0.2.0/24 or 2001:db8::/32");
}

std::vector<std::string> addressesFrom(const SetupOptions& options) {
    auto addresses = options.addresses;
    if (addresses.empty()) addresses = {answerTo(std::nullopt, "Public name or address of this server", "")};
    if (addresses.front().empty())
        throw CommandError(Application::EXIT_USAGE,
                           "--address=HOST is missing: the public name or address of this server");
    return checkedAddresses(addresses);
}

/// The files to import; both or none.
void readCertificate(const SetupOptions& options, SetupAnswers& answers) {
    answers.certificateFile =
        answerTo(options.certificateFile, "File with its certificate (empty: make one)", "");
    if (!answers.certificateFile.empty())
        answers.keyFile = answerTo(options.keyFile, "File with the certificate's key", "");
    if (answers.certificateFile.empty() ? options.keyFile.has_value() : answers.keyFile.empty())
        throw CommandError(Application::EXIT_USAGE, "--certificate=FILE and --key=FILE belong together");
}

/// What else the certificate shall be for: the Fog Controller may make links with another name or address of
/// the server. Those of this machine are offered.
std::vector<std::string> askForFurtherAddresses(std::vector<std::string> addresses) {
    auto all = addresses;
    const auto local = reachableAddresses();
    all.insert(all.end(), local.begin(), local.end());
    all = withoutDuplicates(all);
    const auto offered = Poco::cat(std::string(","), all.begin() + addresses.size(), all.end());
    const auto answer =
        ask(std::string("Further names and addresses for the certificate, or ") + kNone, offered);
    const auto further = listOf(answer == kNone ? "" : answer);
    addresses.insert(addresses.end(), further.begin(), further.end());
    return checkedAddresses(addresses);
}

bool mayReplace(bool force, const std::string& file) {
    std::error_code error;
    if (force || !isInteractive() || !std::filesystem::exists(file, error) || isPackagedConfiguration(file))
        return force;
    const auto answer = ask(file + " is there; replace it, and keep it as " + file + ".old? yes or no", "no");
    if (answer != "yes") throw CommandError(Application::EXIT_CANTCREAT, file + " is there and stays");
    return true;
}

SetupAnswers answersFrom(const CommonOptions& common, const SetupOptions& options) {
    SetupAnswers answers;
    answers.configurationFile = common.wantedConfiguration;
    answers.replace = mayReplace(options.force, answers.configurationFile);
    answers.ownership = ownershipFor(options.user);
    answers.addresses = addressesFrom(options);
    answers.ports = listOf(answerTo(options.ports, "Ports for mappings", kUsualPorts));
    answers.exclude = listOf(options.exclude.value_or(""));
    answers.apiBind = options.apiBind.value_or(answers.apiBind);
    answers.apiPort = options.apiPort.value_or(answers.apiPort);
    answers.controllerName = options.identity.value_or(answers.controllerName);
    answers.controllerNetwork = answerTo(
        options.controller, "Network that the Fog Controller calls from (empty: it sends a token)", "");
    checkNetwork(answers.controllerNetwork);
    answers.databaseFile = options.databaseFile.value_or("");
    answers.logFile = logFileFor(answers.configurationFile, answers.ownership);
    readCertificate(options, answers);
    if (answers.certificateFile.empty() && options.addresses.empty() && isInteractive())
        answers.addresses = askForFurtherAddresses(answers.addresses);
    else if (!answers.certificateFile.empty() && answers.addresses.size() > 1)
        throw CommandError(Application::EXIT_USAGE, "--address=" + answers.addresses[1] +
                                                        ": only a certificate that is made takes a further "
                                                        "address; the one in " +
                                                        answers.certificateFile + " has its own");
    return answers;
}

Poco::JSON::Object::Ptr jsonOf(const SetupAnswers& answers, const SetupResult& result) {
    auto controller = newJson();
    controller->set("address", answers.addresses.front());
    controller->set("port", answers.apiPort);
    controller->set("identity", answers.controllerName);
    if (answers.controllerNetwork.empty())
        controller->set("token", result.controllerToken);
    else
        controller->set("network", answers.controllerNetwork);
    controller->set("certificate", result.certificate);
    controller->set("fingerprint", result.fingerprint);
    controller->set("names", jsonArrayOf(result.names));
    auto object = newJson();
    object->set("status", "ok");
    object->set("config", answers.configurationFile);
    object->set("certificate", result.certificateFile);
    object->set("key", result.keyFile);
    object->set("selfsigned", result.isSelfSigned);
    object->set("controller", controller);
    return object;
}

void printText(const SetupAnswers& answers, const SetupResult& result, std::ostream& out) {
    out << "Written: " << answers.configurationFile << ", " << result.certificateFile << ", "
        << result.keyFile << ".\n\nThe Fog Controller needs:\n\n";
    const bool hasToken = answers.controllerNetwork.empty();
    printLines(
        {{"  address", answers.addresses.front()},
         {"  port", std::to_string(answers.apiPort) + " (HTTPS)"},
         {hasToken ? "  token" : "  no token",
          hasToken ? result.controllerToken : "it is known by its address, " + answers.controllerNetwork},
         {"  certificate",
          result.certificateFile + (result.isSelfSigned ? " (self-signed: to be trusted)" : "")},
         {"  its names", Poco::cat(std::string(", "), result.names.begin(), result.names.end())},
         {"  SHA-256", result.fingerprint}},
        out);
    const auto option =
        answers.configurationFile == kDefaultConfiguration ? "" : " --config=" + answers.configurationFile;
    out << '\n'
        << result.certificate << "\nNext: iofog-connector check" << option << "; then iofog-connector stop"
        << option << ", and iofog-connector start" << option << ".\n";
}

} // namespace

void runSetup(const CommonOptions& common, const SetupOptions& options, std::ostream& out) {
    const auto answers = answersFrom(common, options);
    const auto result = setUp(answers);
    if (common.asJson) return printJson(*jsonOf(answers, result), out);
    printText(answers, result, out);
}

} // namespace connector
