#include "app/ConnectorApplication.h"

#include <Poco/Exception.h>

#include <iostream>

int main(int argc, char** argv) {
    connector::ConnectorApplication application;
    try {
        application.init(argc, argv);
    } catch (const Poco::Exception& error) {
        std::cerr << "iofog-connector: " << error.displayText() << "; see --help" << std::endl;
        return Poco::Util::Application::EXIT_USAGE;
    }
    return static_cast<Poco::Util::Application&>(application).run();
}
