#include "net/DescriptorBudget.h"

#include <Poco/Format.h>
#include <Poco/Logger.h>

#include <string>
#include <sys/resource.h>

namespace connector {

namespace {

constexpr int kFew = 10;   ///< where a tenth is left
constexpr int kEnough = 5; ///< above a fifth

Poco::Logger& log() {
    return Poco::Logger::get("pipe");
}

std::string remedy() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return Poco::format("raise the process's limit, which is %Lu (LimitNOFILE= in the unit), and "
                        "limits.descriptors where it is set",
                        static_cast<Poco::UInt64>(limit.rlim_cur));
}

} // namespace

DescriptorBudget::DescriptorBudget(int descriptors)
    : _all(descriptors), _few(descriptors / kFew), _enough(descriptors / kEnough), _free(descriptors) {}

/// left: negative when there was none for the one who has asked.
void DescriptorBudget::onFew(int left) {
    const auto now = left < 0 ? State::None : State::Few;
    auto logged = _state.load(std::memory_order_relaxed);
    while (logged < now)
        if (_state.compare_exchange_weak(logged, now, std::memory_order_relaxed)) break;
    if (logged >= now) return;
    if (now == State::None)
        log().error(
            "none of the %d descriptors for pipes is left: new connections wait, and add answers 507; %s",
            _all, remedy());
    else
        log().warning(
            "%d of the %d descriptors for pipes are in use: when none is left, new connections wait; %s",
            _all - left, _all, remedy());
}

void DescriptorBudget::onEnough(int left) {
    if (_state.exchange(State::Enough, std::memory_order_relaxed) == State::Enough) return;
    log().notice("%d of the %d descriptors for pipes are in use, and no more", _all - left, _all);
}

} // namespace connector
