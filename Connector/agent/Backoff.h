#pragma once

#include <chrono>
#include <random>

namespace connector {

/// How long to rest before the next try: 1 s after the first failure, doubled with each further one up to
/// 60 s, or less, of which the second half is left to chance, so that a thousand agents don't come back in
/// the same instant. One thread.
class Backoff {
  public:
    static constexpr std::chrono::milliseconds kFirst{1000};
    static constexpr std::chrono::milliseconds kLongest{60000};

    /// random: shared by many; must outlive the backoff.
    explicit Backoff(std::minstd_rand& random) : _random(random) {}

    /// The rest after one more failure. longest: what those after it may grow to.
    std::chrono::milliseconds next(std::chrono::milliseconds longest = kLongest);

    /// The next rest is one of the longest: what has failed won't mend by itself.
    void lengthen() { _longest = kLongest; }

    /// The next failure is the first again.
    void reset() { _longest = kFirst; }

  private:
    std::minstd_rand& _random;
    std::chrono::milliseconds _longest = kFirst; ///< of the next rest
};

} // namespace connector
