#pragma once

#include <Poco/Logger.h>
#include <Poco/Net/IPAddress.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace connector {

/// How much of what others can cause is logged.
struct LogLimits {
    /// Lines of each kind, and ten times as many at once.
    int linesPerSecond = 5;
    /// How often it is summed up what else there was.
    std::chrono::milliseconds summary{60000};

    bool operator==(const LogLimits&) const = default;
};

/// The log lines of one kind, of those that others can cause as often as they like. LogLimits say how many of
/// them are written, in the whole process; each kind has them for itself, so that none can hide another. What
/// was left out is in the line of the next sumUp(). A line that is not written is not made: it costs a lock
/// and a few counters. Any thread.
class LimitedLog {
  public:
    struct Kind {
        /// The logger's name.
        std::string source;
        Poco::Message::Priority priority = Poco::Message::PRIO_INFORMATION;
        /// What there were so many of, such as "agents rejected".
        std::string what;
        /// What causes them.
        std::string causes = "addresses";
        /// No cause may have more than half of the lines that are written at once, until the next summary, so
        /// that others are seen beside a flood.
        bool isShared = true;
    };

    LimitedLog(Kind kind, const LogLimits& limits);

    /// From now on.
    void limit(const LogLimits& limits);

    /// The addresses of one owner (ownerOf()) are one cause. reason: what the summary counts, one of few.
    /// line: returns the line; called only if it is written.
    template <class Line>
    void write(const Poco::Net::IPAddress& address, std::string_view reason, Line&& line) {
        if (_log.is(_kind.priority) && mayWrite(address, reason)) put(line());
    }

    /// The same for a cause that is no address, by its name.
    template <class Line>
    void write(const std::string& cause, std::string_view reason, Line&& line) {
        if (_log.is(_kind.priority) && mayWrite(
                                           cause, [&] { return cause; }, reason))
            put(line());
    }

    /// Writes a line on all that there was since the last time, if some of it has no line.
    void sumUp();

  private:
    using Clock = std::chrono::steady_clock;

    struct Cause {
        std::string name;
        std::size_t count = 0;
        std::size_t written = 0;
    };

    /// What there was since the last summary. The causes with the most are among those counted, each with at
    /// most 1/1000 of all missing from its count, whatever the number and the order of others (Misra and
    /// Gries, 1982).
    struct Period {
        Clock::time_point begin = Clock::now();
        std::size_t count = 0;
        std::size_t written = 0;
        std::unordered_map<std::string, Cause> causes;
        bool hasMoreCauses = false; ///< than there is room for
        std::map<std::string, std::size_t, std::less<>> reasons;
        std::size_t otherReasons = 0;
    };

    bool mayWrite(const Poco::Net::IPAddress& address, std::string_view reason);
    bool mayWrite(const std::string& key, const std::function<std::string()>& name, std::string_view reason);
    Cause* count(const std::string& key, const std::function<std::string()>& name);
    void count(std::string_view reason);
    bool takeToken(const Cause* cause);
    std::string summaryOf(const Period& period) const;
    void put(const std::string& line);

    const Kind _kind;
    Poco::Logger& _log;
    std::mutex _mutex;
    double _perSecond;
    double _atOnce;
    double _tokens;
    Clock::time_point _refilled = Clock::now();
    Period _period;
};

} // namespace connector
