#include "Commands.h"

#include <Poco/JSON/Parser.h>

#include <algorithm>
#include <stdexcept>

namespace connector::test {

ConnectorSetup& withOperator(ConnectorSetup& setup) {
    if (setup.mode() == Mode::Plain) return setup;
    return setup.setJson("api.identities", R"([{"name":"elsewhere","network":"192.0.2.0/24"},)"
                                           R"({"name":"operator","token":")" +
                                               kOperatorToken + R"("}])");
}

Finished runCommand(const ConnectorSetup& setup, const std::vector<std::string>& words) {
    return run(setup.command(words));
}

Poco::JSON::Object::Ptr jsonOf(const ConnectorSetup& setup, std::vector<std::string> words) {
    words.push_back("--json");
    const auto finished = runCommand(setup, words);
    if (finished.exitCode != 0) throw std::runtime_error(shown(finished));
    return Poco::JSON::Parser().parse(finished.output).extract<Poco::JSON::Object::Ptr>();
}

bool hasFailed(const Finished& finished, int exitCode, const std::vector<std::string>& texts) {
    return finished.exitCode == exitCode && finished.output.starts_with("iofog-connector: ") &&
           std::all_of(texts.begin(), texts.end(), [&](const auto& text) { return says(finished, text); });
}

bool says(const Finished& finished, const std::string& text) {
    return finished.output.find(text) != std::string::npos;
}

std::string shown(const Finished& finished) {
    return "exit " + std::to_string(finished.exitCode) + ": " + finished.output;
}

} // namespace connector::test
