#include "agent/iofog/RepetitionFilter.h"

#include "agent/iofog/IoMessage.h"

#include <functional>
#include <utility>

namespace connector {

bool RepetitionFilter::isRepeated(std::string_view message) {
    const auto parsed = IoMessage::parse(message);
    const auto hash = std::hash<std::string_view>()(message);
    const bool isSame = std::exchange(_latest, hash) == hash;
    const bool wasKnown = std::exchange(_isKnown, parsed && !parsed->id().empty());
    return isSame && wasKnown && _isKnown;
}

} // namespace connector
