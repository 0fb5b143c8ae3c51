#pragma once

#include "model/ConnectionReport.h"

#include <future>
#include <mutex>

namespace connector {

/// A question about connections that several loops have a part of the answer to. Whoever has one holds on to
/// the query; when all have let go, the answer is complete. Any thread.
class ConnectionQuery {
  public:
    /// So many connections of each kind are told of.
    static constexpr std::size_t kMost = 1000;

    ConnectionQuery() = default;
    ~ConnectionQuery();

    ConnectionQuery(const ConnectionQuery&) = delete;
    ConnectionQuery& operator=(const ConnectionQuery&) = delete;

    /// Once, by whoever asks.
    std::future<ConnectionReports> answer() { return _answer.get_future(); }

    /// One that is told of twice, as it was moving, counts once.
    void add(ConnectionReport report);

    /// No more of that kind will be told of.
    bool isFull(ConnectionReport::Kind kind) const;

  private:
    std::vector<ConnectionReport>& of(ConnectionReport::Kind kind);

    mutable std::mutex _mutex;
    ConnectionReports _reports;
    std::promise<ConnectionReports> _answer;
};

} // namespace connector
