#include "SeveralConnectors.h"

#include <Poco/File.h>

namespace connector::test {

namespace {

AddedMapping addedBeforeStop(const ConnectorSetup& setup, SeveralConnectors::Type type) {
    if (type == SeveralConnectors::Type::Public) return addedBeforeStop(setup);
    ConnectorProcess connector(setup);
    auto mapping = connector.api().addPrivate(60);
    connector.stop();
    return mapping;
}

} // namespace

SeveralConnectors::SeveralConnectors(Mode mode, std::size_t size, Type type,
                                     const std::vector<std::pair<std::string, int>>& limits) {
    for (std::size_t number = 0; number < size; ++number) {
        auto setup = std::make_unique<ConnectorSetup>(mode);
        const auto& first = number == 0 ? *setup : *_members.front().setup;
        const auto from = first.firstMappingPort();
        setup->setJson("ports", "[\"" + std::to_string(from) + "-" + std::to_string(from + 99) + "\"]");
        for (const auto& [limit, value] : limits)
            setup->setJson("limits." + limit, std::to_string(value));
        setup->setJson("pipes.bind", "[\"" + addressOf(number) + "\"]");
        if (mode == Mode::Tls) {
            const auto certificate = CertificateAuthority::shared().issueWith(
                setup->folder(), "fleet", "IP:127.0.0.1,IP:" + addressOf(number) + ",DNS:connector.test");
            setup->set("tls.certificate", certificate.certificateFile);
            setup->set("tls.key", certificate.keyFile);
        }
        if (number == 0)
            _mapping = addedBeforeStop(*setup, type);
        else
            Poco::File(first.databaseFile()).copyTo(setup->databaseFile());
        _members.push_back({std::move(setup), nullptr});
    }
    for (std::size_t number = 0; number < size; ++number)
        start(number);
}

std::vector<std::string> SeveralConnectors::addresses() const {
    std::vector<std::string> result;
    for (std::size_t number = 0; number < _members.size(); ++number)
        result.push_back(addressOf(number));
    return result;
}

void SeveralConnectors::start(std::size_t number) {
    auto& member = _members.at(number);
    member.process = std::make_unique<ConnectorProcess>(*member.setup);
}

void SeveralConnectors::waitFor(std::size_t number, const std::string& count, std::int64_t expected) {
    (*this)[number].api().waitForCount(_mapping.id, count, expected);
}

} // namespace connector::test
