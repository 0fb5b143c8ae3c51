#include "agent/AgentApplication.h"

#include <Poco/Exception.h>

#include <iostream>

int main(int argc, char** argv) {
    connector::AgentApplication application;
    try {
        application.init(argc, argv);
    } catch (const Poco::Exception& error) {
        std::cerr << "iofog-connector-agent: " << error.displayText() << "; see --help" << std::endl;
        return Poco::Util::Application::EXIT_USAGE;
    }
    return application.run();
}
