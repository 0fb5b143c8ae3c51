#include "net/DescriptorBudget.h"

#include <Poco/Format.h>

#include <string>
#include <sys/resource.h>

namespace connector {

namespace {

std::string remedy() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return Poco::format("raise the process's limit, which is %Lu (LimitNOFILE= in the unit), and "
                        "limits.descriptors where it is set",
                        static_cast<Poco::UInt64>(limit.rlim_cur));
}

} // namespace

DescriptorBudget::DescriptorBudget(int descriptors, LimitedLog& log)
    : _all(descriptors), _free(descriptors), _log(log) {}

void DescriptorBudget::resize(int descriptors) {
    const int more = descriptors - _all.exchange(descriptors, std::memory_order_relaxed);
    const int left = _free.fetch_add(more, std::memory_order_relaxed) + more;
    if (left > enough() && _state.load(std::memory_order_relaxed) != State::Enough) onEnough(left);
}

/// left: negative when there was none for the one who has asked.
void DescriptorBudget::onFew(int left) {
    const auto now = left < 0 ? State::None : State::Few;
    auto logged = _state.load(std::memory_order_relaxed);
    do {
        if (logged >= now) return;
    } while (!_state.compare_exchange_weak(logged, now, std::memory_order_relaxed));
    if (now == State::None)
        write(Poco::format(
            "none of the %d descriptors for pipes is left: new connections wait, and add answers "
            "507; %s",
            all(), remedy()));
    else
        write(
            Poco::format("%d of the %d descriptors for pipes are in use: when none is left, new connections "
                         "wait; %s",
                         all() - left, all(), remedy()));
}

void DescriptorBudget::onEnough(int left) {
    if (_state.exchange(State::Enough, std::memory_order_relaxed) == State::Enough) return;
    write(Poco::format("%d of the %d descriptors for pipes are in use, and no more", all() - left, all()));
}

void DescriptorBudget::write(const std::string& line) {
    _log.write("limits.descriptors", "descriptors", [&] { return line; });
}

} // namespace connector
