#include "ControllersJson.h"

#include <sstream>

namespace connector::test {

namespace {

/// PEM without its first line, its last line and its last newline.
std::string withoutOuterLines(const std::string& pem) {
    const auto begin = pem.find('\n') + 1;
    return pem.substr(begin, pem.rfind("\n-----END") - begin);
}

} // namespace

std::string controllersJson(const ConnectorSetup& connector, const AddedMapping& mapping, Side side,
                            std::uint16_t localPort, int connections) {
    const bool isPort1 = side == Side::Port1;
    const bool isTls = connector.mode() == Mode::Tls;
    Poco::JSON::Object json;
    json.set("mode", localPort == 0 ? "private" : "public");
    json.set("host", "127.0.0.1");
    if (isTls)
        json.set("cert", withoutOuterLines(readFile(CertificateAuthority::shared().certificateFile())));
    json.set("port", isPort1 ? mapping.port1 : mapping.port2);
    json.set("passcode", isPort1 ? mapping.passcode1 : mapping.passcode2);
    json.set("connectioncount", connections);
    json.set("localhost", localPort == 0 ? "iofog" : "127.0.0.1");
    json.set("localport", localPort);
    json.set("heartbeatfrequency", 20000);
    json.set("heartbeatabsencethreshold", 60000);
    json.set("devmode", !isTls);
    std::ostringstream text;
    json.stringify(text);
    return text.str();
}

} // namespace connector::test
