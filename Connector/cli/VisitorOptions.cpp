#include "cli/VisitorOptions.h"

#include "cli/CommandError.h"

#include <Poco/JSON/Array.h>
#include <Poco/Util/Application.h>
#include <Poco/Util/Option.h>

namespace connector {

namespace {

constexpr const char* kAlpn = "alpn";
constexpr const char* kNoAlpn = "no-alpn";
constexpr const char* kTls = "visitor-tls";
constexpr const char* kNoTls = "no-visitor-tls";

void refuseBoth(const Arguments& arguments, const std::string& one, const std::string& other) {
    if (arguments.has(one) && arguments.has(other))
        throw CommandError(Poco::Util::Application::EXIT_USAGE,
                           "--" + one + " and --" + other + " exclude each other");
}

} // namespace

void addVisitorOptions(Poco::Util::OptionSet& options, bool mayTakeBack) {
    using Poco::Util::Option;
    options.addOption(
        Option(kAlpn, "",
               "public: what the target speaks, by the names of ALPN, separated by commas and the "
               "preferred one first, such as h2,http/1.1")
            .argument("NAMES"));
    if (mayTakeBack) options.addOption(Option(kNoAlpn, "", "public: select no protocol"));
    if (mayTakeBack) options.addOption(Option(kTls, "", "public: visitors speak TLS"));
    options.addOption(Option(
        kNoTls, "", "public: visitors speak plain TCP; pipes.allow-plain-visitors must be true for that"));
}

int setVisitorMembers(const Arguments& arguments, Poco::JSON::Object& mapping) {
    refuseBoth(arguments, kAlpn, kNoAlpn);
    refuseBoth(arguments, kTls, kNoTls);
    int members = 0;
    if (arguments.has(kAlpn) || arguments.has(kNoAlpn)) {
        Poco::JSON::Array::Ptr names = new Poco::JSON::Array;
        for (const auto& name : arguments.list(kAlpn).value_or(std::vector<std::string>()))
            names->add(name);
        mapping.set("alpn", names);
        ++members;
    }
    if (arguments.has(kTls) || arguments.has(kNoTls)) {
        mapping.set("visitortls", arguments.has(kTls));
        ++members;
    }
    return members;
}

} // namespace connector
