#include "cli/VersionCommand.h"

#include "cli/Json.h"

namespace connector {

void VersionCommand::run(const Arguments& arguments, std::ostream& out) {
    if (!arguments.asJson()) {
        out << "iofog-connector " << CONNECTOR_VERSION << '\n';
        return;
    }
    auto answer = newJson();
    answer->set("name", "iofog-connector");
    answer->set("version", CONNECTOR_VERSION);
    printJson(*answer, out);
}

} // namespace connector
