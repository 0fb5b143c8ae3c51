#include "http/FairTurns.h"

#include <algorithm>

namespace connector {

namespace {

/// Turns in one go before the loop's other descriptors get theirs. One of them may take a millisecond: that
/// is the signature of a TLS handshake.
constexpr std::chrono::milliseconds kTurnsAtOnce{1};
constexpr std::chrono::seconds kHalveEvery{1};
constexpr std::chrono::microseconds kForgotten{50};

} // namespace

FairTurns::FairTurns(EventLoop& loop) : _loop(loop), _halve(loop, [this] { forgetTimes(); }) {}

FairTurns::~FairTurns() {
    _loop.forget(*this);
}

void FairTurns::wait(const std::string& owner, TurnTaker& taker) {
    if (_waiting.empty()) _loop.again(*this);
    _waiting[owner].push_back(&taker);
}

void FairTurns::forget(const std::string& owner, TurnTaker& taker) {
    const auto own = _waiting.find(owner);
    if (own == _waiting.end()) return;
    std::erase(own->second, &taker);
    if (own->second.empty()) _waiting.erase(own);
}

void FairTurns::onEvents(std::uint32_t) {
    for (const auto end = Clock::now() + kTurnsAtOnce; !_waiting.empty();) {
        runOne();
        if (Clock::now() >= end) break;
    }
    if (!_waiting.empty()) _loop.again(*this);
}

/// Of the owner that has had the least.
void FairTurns::runOne() {
    const auto hadBy = [this](const auto& waiting) {
        const auto had = _had.find(waiting.first);
        return had == _had.end() ? Clock::duration::zero() : had->second;
    };
    const auto next =
        std::min_element(_waiting.begin(), _waiting.end(),
                         [&](const auto& left, const auto& right) { return hadBy(left) < hadBy(right); });
    const auto owner = next->first;
    auto* const taker = next->second.front();
    forget(owner, *taker);
    const auto began = Clock::now();
    taker->onTurn();
    if (_had.empty()) _halve.start(kHalveEvery);
    _had[owner] += Clock::now() - began;
}

void FairTurns::forgetTimes() {
    for (auto& [owner, had] : _had)
        had /= 2;
    std::erase_if(_had, [](const auto& had) { return had.second < kForgotten; });
    if (!_had.empty()) _halve.start(kHalveEvery);
}

} // namespace connector
