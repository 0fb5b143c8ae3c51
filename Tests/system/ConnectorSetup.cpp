#include "ConnectorSetup.h"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Parser.h>
#include <Poco/StringTokenizer.h>

#include <cstdlib>
#include <sstream>

namespace connector::test {

namespace {

/// The object that holds the last name of a dotted key, made when it is missing, and that name.
std::pair<Poco::JSON::Object::Ptr, std::string> place(Poco::JSON::Object::Ptr object,
                                                      const std::string& key) {
    const Poco::StringTokenizer names(key, ".");
    for (std::size_t at = 0; at + 1 < names.count(); ++at) {
        if (!object->has(names[at]))
            object->set(names[at], Poco::JSON::Object::Ptr(new Poco::JSON::Object(1)));
        object = object->getObject(names[at]);
    }
    return {object, names[names.count() - 1]};
}

/// Sanitizers keep freed memory for a while, which would hide what a test of memory use looks at.
std::map<std::string, std::string> sanitizerOptions() {
    const char* given = std::getenv("ASAN_OPTIONS");
    // Programs may have something preloaded.
    const std::string ours = "quarantine_size_mb=8:verify_asan_link_order=0";
    return {{"ASAN_OPTIONS", given == nullptr ? ours : given + (":" + ours)}};
}

} // namespace

std::ostream& operator<<(std::ostream& out, Mode mode) {
    return out << (mode == Mode::Plain ? "plain" : "TLS");
}

ConnectorSetup::ConnectorSetup(Mode mode, std::uint16_t mappingPorts)
    : _mode(mode), _config(new Poco::JSON::Object(Poco::JSON_PRESERVE_KEY_ORDER)) {
    setJson("ports", "[\"" + _ports.range(1, mappingPorts) + "\"]");
    setJson("exclude", "[]");
    setJson("broker", "{}");
    set("address", "127.0.0.1");
    set("dev", mode == Mode::Plain);
    set("api.bind", "127.0.0.1");
    set("api.port", apiPort());
    setJson("pipes.bind", R"(["127.0.0.1","::1"])");
    set("database", databaseFile());
    set("log.level", "debug");
    set("threads", 2);
    if (mode == Mode::Plain) return;
    _serverCertificate = CertificateAuthority::shared().issue(_folder, "server");
    set("tls.certificate", _serverCertificate.certificateFile);
    set("tls.key", _serverCertificate.keyFile);
}

ConnectorSetup& ConnectorSetup::set(const std::string& key, const Poco::Dynamic::Var& value) {
    auto [object, name] = place(_config, key);
    object->set(name, value);
    return *this;
}

ConnectorSetup& ConnectorSetup::setJson(const std::string& key, const std::string& json) {
    // POCO parses documents, and a number alone is none.
    const auto document = Poco::JSON::Parser().parse("[" + json + "]");
    return set(key, document.extract<Poco::JSON::Array::Ptr>()->get(0));
}

ConnectorSetup& ConnectorSetup::unset(const std::string& key) {
    auto [object, name] = place(_config, key);
    object->remove(name);
    return *this;
}

ConnectorSetup& ConnectorSetup::limitDescriptors(rlim_t limit) {
    _descriptors = limit;
    return *this;
}

ConnectorSetup& ConnectorSetup::setEnvironment(const std::string& name, const std::string& value) {
    _environment[name] = value;
    return *this;
}

std::string ConnectorSetup::config() const {
    std::ostringstream out;
    _config->stringify(out, 2);
    return out.str();
}

ConnectorSetup& ConnectorSetup::replaceConfig(const std::string& text) {
    _replacement = text;
    return *this;
}

ConnectorSetup& ConnectorSetup::useProgram(const std::string& program) {
    _program = program;
    return *this;
}

ConnectorSetup& addFront(ConnectorSetup& setup, std::uint16_t port) {
    setup.set("api.anonymous", true);
    setup.set("front.port", port);
    setup.set("front.domain", kFrontDomain);
    return setup.set("front.http-port", 0);
}

ChildProcess::Command ConnectorSetup::command(const std::vector<std::string>& arguments) const {
    writeFile(configFile(), _replacement ? *_replacement : config());
    std::vector<std::string> words{_program, "--config=" + configFile()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    auto environment = sanitizerOptions();
    environment.insert(_environment.begin(), _environment.end());
    return {words, logFile(), environment, _descriptors};
}

} // namespace connector::test
