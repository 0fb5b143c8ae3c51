#include "base/Printable.h"

namespace connector {

std::string printable(const std::string& text, std::size_t atMost) {
    auto shown = text.substr(0, atMost);
    for (auto& character : shown)
        if (character < ' ' || character > '~') character = '?';
    return text.size() > atMost ? shown + "..." : shown;
}

} // namespace connector
