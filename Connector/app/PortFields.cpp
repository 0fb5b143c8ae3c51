#include "app/PortFields.h"

#include "app/PortRanges.h"

#include <algorithm>

namespace connector {

namespace {

std::vector<std::uint16_t> readRanges(JsonFields& fields, const std::string& key) {
    const auto ranges = fields.texts(key, {});
    try {
        return portsOf(ranges);
    } catch (const FieldError& error) {
        throw FieldError(fields.pathOf(key) + ": " + error.what());
    }
}

} // namespace

std::vector<std::uint16_t> readPorts(JsonFields& root) {
    auto ports = readRanges(root, "ports");
    for (const auto excluded : readRanges(root, "exclude"))
        std::erase(ports, excluded);
    if (ports.size() < 2)
        throw FieldError("ports: " + std::to_string(ports.size()) +
                         (ports.size() == 1 ? " port is" : " ports are") +
                         " left after \"exclude\"; a mapping needs two, such as [\"6000-6050\"]");
    return ports;
}

std::uint16_t readOwnPort(JsonFields& fields, const std::string& key, int min, int fallback,
                          const std::vector<std::uint16_t>& ports) {
    const auto port = static_cast<std::uint16_t>(fields.integer(key, min, 65535, fallback));
    if (std::find(ports.begin(), ports.end(), port) != ports.end())
        throw FieldError(fields.pathOf(key) + ": " + std::to_string(port) +
                         " is one of \"ports\"; name it in \"exclude\", or choose another one");
    return port;
}

} // namespace connector
