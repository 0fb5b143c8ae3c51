#include "cli/HealthCommand.h"

#include "cli/CommandError.h"
#include "cli/ConnectorApi.h"
#include "cli/Json.h"

namespace connector {

namespace {

/// What container engines take for unhealthy; some of them reserve other codes.
constexpr int kUnhealthy = 1;

} // namespace

void HealthCommand::run(const Arguments& arguments, std::ostream& out) {
    ConnectorApi api(arguments.configurationFile());
    Poco::JSON::Object::Ptr health;
    try {
        health = api.health();
    } catch (const CommandError& error) {
        throw CommandError(kUnhealthy, std::string("not healthy: ") + error.what());
    }
    if (arguments.asJson()) return printJson(*health, out);
    out << "healthy: " << api.url() << '\n';
}

} // namespace connector
