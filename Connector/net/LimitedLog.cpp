#include "net/LimitedLog.h"

#include "base/PeerAddress.h"
#include "base/Printable.h"

#include <algorithm>

namespace connector {

namespace {

/// Lines that are written at once, in seconds of those that are written all the time.
constexpr int kSecondsAtOnce = 10;
constexpr std::size_t kMostCauses = 1000;
constexpr std::size_t kMostReasons = 20;
constexpr std::size_t kMostReasonSize = 100;

/// 1204567 as 1,204,567.
std::string inWords(std::size_t number) {
    auto text = std::to_string(number);
    for (auto at = text.size(); at > 3; at -= 3)
        text.insert(at - 3, ",");
    return text;
}

/// The most frequent first.
std::string inWords(const std::map<std::string, std::size_t, std::less<>>& reasons, std::size_t others) {
    std::vector<std::pair<std::string, std::size_t>> sorted(reasons.begin(), reasons.end());
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    if (others > 0) sorted.emplace_back("others", others);
    std::string text;
    for (const auto& [reason, count] : sorted)
        text += (text.empty() ? "" : ", ") + printable(reason) + " " + inWords(count);
    return text;
}

} // namespace

LimitedLog::LimitedLog(Kind kind, const LogLimits& limits)
    : _kind(std::move(kind)), _log(Poco::Logger::get(_kind.source)), _perSecond(limits.linesPerSecond),
      _atOnce(kSecondsAtOnce * _perSecond), _tokens(_atOnce) {}

void LimitedLog::limit(const LogLimits& limits) {
    const std::lock_guard lock(_mutex);
    _perSecond = limits.linesPerSecond;
    _atOnce = kSecondsAtOnce * _perSecond;
}

bool LimitedLog::mayWrite(const Poco::Net::IPAddress& address, std::string_view reason) {
    const auto plain = withoutMapping(address);
    return mayWrite(
        ownerOf(plain), [&] { return plain.toString(); }, reason);
}

bool LimitedLog::mayWrite(const std::string& key, const std::function<std::string()>& name,
                          std::string_view reason) {
    const std::lock_guard lock(_mutex);
    ++_period.count;
    count(reason);
    auto* cause = count(key, name);
    if (!takeToken(cause)) return false;
    ++_period.written;
    if (cause) ++cause->written;
    return true;
}

/// Null where there is no room for another one.
LimitedLog::Cause* LimitedLog::count(const std::string& key, const std::function<std::string()>& name) {
    auto& causes = _period.causes;
    auto found = causes.find(key);
    if (found == causes.end() && causes.size() >= kMostCauses) {
        _period.hasMoreCauses = true;
        for (auto next = causes.begin(); next != causes.end();)
            next = --next->second.count == 0 ? causes.erase(next) : std::next(next);
        return nullptr;
    }
    if (found == causes.end()) found = causes.emplace(key, Cause{.name = name()}).first;
    ++found->second.count;
    return &found->second;
}

void LimitedLog::count(std::string_view reason) {
    const auto shown = reason.substr(0, kMostReasonSize);
    const auto found = _period.reasons.find(shown);
    if (found != _period.reasons.end())
        ++found->second;
    else if (_period.reasons.size() < kMostReasons)
        _period.reasons.emplace(shown, 1);
    else
        ++_period.otherReasons;
}

bool LimitedLog::takeToken(const Cause* cause) {
    if (_kind.isShared && cause && static_cast<double>(cause->written) >= _atOnce / 2) return false;
    const auto now = Clock::now();
    const std::chrono::duration<double> since = now - _refilled;
    _refilled = now;
    _tokens = std::min(_atOnce, _tokens + since.count() * _perSecond);
    if (_tokens < 1) return false;
    --_tokens;
    return true;
}

void LimitedLog::sumUp() {
    Period period;
    {
        const std::lock_guard lock(_mutex);
        std::swap(period, _period);
    }
    if (period.count > period.written) put(summaryOf(period));
}

std::string LimitedLog::summaryOf(const Period& period) const {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(Clock::now() - period.begin);
    auto text = _kind.what + ": " + inWords(period.count) + " within " + std::to_string(seconds.count()) +
                " s, " + inWords(period.count - period.written) + " of them without a line, from " +
                (period.hasMoreCauses ? "more than " + inWords(kMostCauses) : inWords(period.causes.size())) +
                " " + _kind.causes;
    const auto most =
        std::max_element(period.causes.begin(), period.causes.end(),
                         [](const auto& a, const auto& b) { return a.second.count < b.second.count; });
    if (most != period.causes.end())
        text += ", most from " + most->second.name + " (" + inWords(most->second.count) + ")";
    return text + ": " + inWords(period.reasons, period.otherReasons);
}

void LimitedLog::put(const std::string& line) {
    _log.log(Poco::Message(_log.name(), line, _kind.priority));
}

} // namespace connector
