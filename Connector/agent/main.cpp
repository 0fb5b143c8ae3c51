#include "agent/AgentApplication.h"
#include "agent/expose/ExposeApplication.h"

#include <Poco/Exception.h>

#include <iostream>

namespace {

/// words: the first is the program's name.
template <class Application>
int run(const std::vector<std::string>& words, const std::string& help) {
    Application application;
    try {
        application.init(words);
    } catch (const Poco::Exception& error) {
        std::cerr << "iofog-connector-agent: " << error.displayText() << "; see " << help << std::endl;
        return Poco::Util::Application::EXIT_USAGE;
    }
    return application.run();
}

} // namespace

int main(int argc, char** argv) {
    std::vector<std::string> words(argv, argv + argc);
    if (argc < 2 || words[1] != connector::ExposeApplication::kCommand)
        return run<connector::AgentApplication>(words, "--help");
    words.erase(words.begin() + 1);
    return run<connector::ExposeApplication>(words, "iofog-connector-agent expose --help");
}
