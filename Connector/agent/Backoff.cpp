#include "agent/Backoff.h"

#include <algorithm>

namespace connector {

std::chrono::milliseconds Backoff::next(std::chrono::milliseconds longest) {
    std::uniform_int_distribution<std::chrono::milliseconds::rep> rest(_longest.count() / 2,
                                                                       _longest.count());
    const std::chrono::milliseconds drawn(rest(_random));
    _longest = std::min(_longest * 2, longest);
    return drawn;
}

} // namespace connector
