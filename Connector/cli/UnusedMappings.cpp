#include "cli/UnusedMappings.h"

#include "base/Timestamp.h"
#include "cli/Readable.h"
#include "cli/Table.h"
#include "cli/Terminal.h"

#include <Poco/Util/Option.h>

#include <algorithm>
#include <iterator>

namespace connector {

void addUnusedOption(Poco::Util::OptionSet& options, const std::string& what) {
    options.addOption(
        Poco::Util::Option(kUnused, "",
                           what +
                               " to which neither an agent nor a visitor was connected for so long, such as "
                               "7d; units are s, m, h, d and w")
            .argument("TIME"));
}

std::chrono::milliseconds unusedFor(const Poco::JSON::Object& mapping) {
    if (mapping.getValue<std::string>("state") == "degraded") return {}; // nobody can connect to it
    Poco::Int64 last = 0;
    for (const auto* key : {"created", "lastagent", "lastvisitor"})
        last = std::max(last, mapping.optValue<Poco::Int64>(key, 0));
    return std::chrono::milliseconds(timestampNow() - last);
}

std::vector<Poco::JSON::Object::Ptr> unusedOf(const std::vector<Poco::JSON::Object::Ptr>& mappings,
                                              std::chrono::seconds time) {
    std::vector<Poco::JSON::Object::Ptr> unused;
    std::copy_if(mappings.begin(), mappings.end(), std::back_inserter(unused),
                 [&](const auto& mapping) { return unusedFor(*mapping) >= time; });
    return unused;
}

void printUnused(const std::vector<Poco::JSON::Object::Ptr>& mappings, std::ostream& out) {
    using Align = Table::Align;
    Table table({{"ID"}, {"TYPE"}, {"PORT1", Align::Right}, {"PORT2", Align::Right}, {"UNUSED FOR"}});
    for (const auto& mapping : mappings) {
        const auto text = [&](const char* key) { return mapping->getValue<std::string>(key); };
        table.add(
            {text("id"), text("type"), text("port1"), text("port2"), readableTime(unusedFor(*mapping))});
    }
    table.print(out, terminalWidth());
}

} // namespace connector
